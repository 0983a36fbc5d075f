/** What `migrate up`, `down` and `goto` say when they ask. */
import { describeMigration, type Step } from "../../migrate/migration.ts";
import type { Agreement } from "../../migrate/request.ts";
import { plural } from "../format.ts";
import { describeLoss } from "./render-impact.ts";

const MOST_NAMED = 5;

/** What would be done: steps down, statements that lose data, a migration in doubt that is gone on with, and the rest. */
export function describeAgreement({ target, steps, impacts, repeats }: Agreement): string {
  const continued = steps.find(({ again }) => again === true);
  const downs = steps.filter(({ direction }) => direction === "down");
  const parts = [
    ...(continued === undefined ? [] : [describeContinued(continued, repeats)]),
    ...(downs.length === 0 ? [] : [`${plural(downs.length, "migration")} would be taken back: ${nameSteps(downs)}`]),
    ...describeRest(steps, describeLoss(impacts)),
  ];
  return `${target.protected ? "" : `${target.label}: `}${parts.join("; ")}`;
}

function describeContinued(step: Step, repeats: boolean): string {
  const { fromStatement } = step;
  return repeats
    ? `${describeMigration(step)} would run statement ${fromStatement} again from its start, though it may have committed a part of it`
    : `${describeMigration(step)} would go on at statement ${fromStatement}`;
}

/** The steps up, unless the sentence about the loss counts them, and the loss. */
function describeRest(steps: readonly Step[], loss: string | undefined): string[] {
  const ups = steps.filter(({ direction, again }) => direction === "up" && again !== true);
  const isCounted = loss !== undefined && steps.every(({ direction }) => direction === "up");
  const listed = `${plural(ups.length, "migration")} would run: ${nameSteps(ups)}`;
  return [...(ups.length === 0 || isCounted ? [] : [listed]), ...(loss === undefined ? [] : [loss])];
}

function nameSteps(steps: readonly Step[]): string {
  const shown = steps.slice(0, MOST_NAMED).map(describeMigration).join(", ");
  return steps.length > MOST_NAMED ? `${shown} and ${steps.length - MOST_NAMED} more` : shown;
}
