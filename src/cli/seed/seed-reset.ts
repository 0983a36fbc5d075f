/** `seed --reset`: a snapshot, an empty database, the migrations. Seeds follow. */
import type { SnapshotPlan } from "../../copy/snapshot.ts";
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
  const answer = await startAnew(context, {
    ...{ target: targetText, dryRun },
    consent: async (loss) => {
      const { stranger: typed } = loss;
      if (target.protected || !force || typed !== undefined) await context.requireConsent({ target, what, typed });
    },
    tellKept: ({ label }, snapshot) =>
      context.output.note(`kept ${label} as the snapshot ${snapshot}: pgrove rewind ${snapshot} brings it back`),
  });
  if (answer.planned !== undefined) return planPart(target, answer.planned);
  const { snapshot, migrations } = answer.done;
  const came = `${target.label}: ${plural(migrations, "migration")}; pgrove rewind ${snapshot} takes it back`;
  return { document: { reset: { snapshot, migrations } }, lines: [["reset", came]] };
}

/** What is there becomes a snapshot, and the oldest ones go for it. */
function planPart({ label }: Target, { name: snapshot, drops }: SnapshotPlan): AnswerPart {
  const dropped = drops.length === 0 ? "" : `; the oldest dropped: ${drops.join(", ")}`;
  return {
    document: { reset: { planned: true, snapshot, drops } },
    lines: [["would reset", `${label}, kept as the snapshot ${snapshot}${dropped}`]],
  };
}
