/** An empty database or schema in a target's place: built beside it and swapped in, so that no half-made one is left. */
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { lossOf } from "../unit/keep.ts";
import type { EmptyFill, Loss } from "../unit/unit.ts";
import { unitOf } from "../unit/unit-of.ts";
import { withWork } from "../work/work.ts";

export interface EmptyRequest extends EmptyFill {
  /** The comment that one which did not exist before is born with. */
  comment: string;
  discardPrevious: boolean;
  services: readonly string[];
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent: (loss: Loss) => Promise<void>;
}

/** Puts an empty one in the target's place. Throws and leaves it as it was when that cannot be done. */
export async function replaceByEmpty(tools: OperationTools, target: LiveTarget, request: EmptyRequest): Promise<void> {
  const unit = unitOf(target);
  const { like, consent, ...swap } = request;
  const subject = { operation: "empty", claims: unit.claims("exclusive"), avoid: [target.database] };
  await withWork(tools, target, subject, async (work) => {
    const loss = await unit.find(work);
    await unit.requireReplaceable(work);
    if (loss !== undefined) await consent(lossOf(loss, swap));
    const built = await unit.createEmpty(work, { like });
    await unit.swap(work, built, { ...swap, agreed: loss?.standing, older: loss?.older?.standing });
  });
}
