/** When `migrate up`, `down` and `goto` ask, and what they say then. */
import { describeMigration, type Step } from "../../migrate/model.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";
import { describeLoss } from "./impact.ts";
import type { Course } from "./migrate-course.ts";

const MOST_NAMED = 5;

/**
 * Asks for what destroys: steps down, statements that lose data, a migration in doubt that is gone on with; for everything
 * in a protected place, and behind a rehearsal. Refuses (exit 5) without consent.
 */
export async function askFirst(context: Context, { command, live, planned, impacts }: Course): Promise<void> {
  const { target } = live;
  const { steps } = planned.plan;
  const continued = steps.find(({ fromStatement }) => fromStatement > 1);
  const downs = steps.filter(({ direction }) => direction === "down");
  const loss = describeLoss(impacts);
  const { rehearse } = command.options; // whoever rehearses wants to see how it went before it is done
  const isHarmless = loss === undefined && downs.length === 0 && continued === undefined;
  if (!target.protected && !rehearse && isHarmless) return;
  const parts = [
    ...(continued === undefined ? [] : [describeContinued(continued)]),
    ...(downs.length === 0 ? [] : [`${plural(downs.length, "migration")} would be taken back: ${nameSteps(downs)}`]),
    ...describeRest(steps, loss),
  ];
  const what = `${target.protected ? "" : `${target.label}: `}${parts.join("; ")}`;
  const instead = `${context.commandLine} --rehearse    tries it on a copy first`;
  await context.requireConsent({ target, what, ...(rehearse ? {} : { instead }) });
}

/** Whether anybody would read what the steps do to the data: with a --yes that counts, nobody is asked. */
export function wantsImpact({ flags }: Context, isProtected: boolean, dryRun: boolean): boolean {
  return dryRun || isProtected || !flags.yes;
}

function describeContinued(step: Step): string {
  return `${describeMigration(step)} would go on at statement ${step.fromStatement}`;
}

/** The steps up, unless the sentence about the loss counts them, and the loss. */
function describeRest(steps: readonly Step[], loss: string | undefined): string[] {
  const ups = steps.filter(({ direction, fromStatement }) => direction === "up" && fromStatement === 1);
  const isCounted = loss !== undefined && steps.every(({ direction }) => direction === "up");
  const listed = `${plural(ups.length, "migration")} would run: ${nameSteps(ups)}`;
  return [...(ups.length === 0 || isCounted ? [] : [listed]), ...(loss === undefined ? [] : [loss])];
}

function nameSteps(steps: readonly Step[]): string {
  const shown = steps.slice(0, MOST_NAMED).map(describeMigration).join(", ");
  return steps.length > MOST_NAMED ? `${shown} and ${steps.length - MOST_NAMED} more` : shown;
}
