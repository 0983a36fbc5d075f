/** `seed --reset`: a snapshot, an empty database, the migrations. Seeds follow. */
import { startAnew } from "../../migrate/start-anew.ts";
import type { Target } from "../../resolve/target.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";
import type { AnswerPart } from "./seed-answer.ts";

export interface ResetChoice {
  /** Nobody is asked where the target is not protected. */
  force: boolean;
  dryRun: boolean;
}

/** Empties the target and migrates it; what was there is kept as a snapshot, which the answer names. */
export async function resetTarget(
  context: Context,
  target: Target,
  targetText: string | undefined,
  { force, dryRun }: ResetChoice,
): Promise<AnswerPart> {
  const what = `all of ${target.label} will be replaced by an empty database with migrations and seeds`;
  const done = await startAnew(context, {
    ...{ target: targetText, dryRun },
    consent: async () => {
      if (target.protected || !force) await context.requireConsent({ target, what });
    },
    tellKept: ({ label }, snapshot) =>
      context.output.note(`kept ${label} as the snapshot ${snapshot}: pgrove rewind ${snapshot} brings it back`),
  });
  if (done === undefined) return { document: { reset: { planned: true } }, lines: [["would reset", target.label]] };
  const { snapshot, migrations } = done;
  const came = `${target.label}: ${plural(migrations, "migration")}; pgrove rewind ${snapshot} takes it back`;
  return { document: { reset: { snapshot, migrations } }, lines: [["reset", came]] };
}
