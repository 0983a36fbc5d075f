/** An empty database in a target's place: made under a scratch name and swapped in, so that no half-made one is left. */
import { requireNothingBound } from "../postgres/admin.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { replaceDatabase } from "../unit/replace.ts";
import { createSchema, dropSchema, findSchemaLoss, schemaClaim } from "../unit/schema-unit.ts";
import { createScratch, findLoss, type Loss } from "../unit/scratch.ts";
import { commentStatement, createStatement, readShape } from "../unit/swap.ts";
import { withWork } from "../work/work.ts";

export interface EmptyRequest {
  /** The database whose encoding and locale a new one gets. */
  like: string;
  /** The comment that a database which did not exist before is born with. */
  comment: string;
  discardPrevious: boolean;
  services: readonly string[];
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent: (loss: Loss) => Promise<void>;
}

/** Puts an empty database in the target's place. Throws and leaves it as it was when that cannot be done. */
export async function createEmptyDatabase(
  tools: OperationTools,
  target: LiveTarget,
  { like, comment, discardPrevious, services, consent }: EmptyRequest,
): Promise<void> {
  const { database, server } = target;
  const subject = { operation: "empty", claims: [{ database, mode: "exclusive" as const }], avoid: [database] };
  await withWork(tools, target, subject, async (work) => {
    const loss = await findLoss(work, database);
    if (loss !== undefined) {
      await requireNothingBound(work.control, database);
      await consent(loss);
    }
    const shape =
      loss !== undefined
        ? await readShape(work.control, database)
        : { ...(await readShape(work.control, like)), owner: target.toolbox.user };
    const scratch = await createScratch(work, (name) => createStatement(name, shape));
    const statements = [commentStatement(database, comment)];
    const swap = { scratch, database, agreed: loss?.standing, services, statements, discardPrevious };
    await replaceDatabase(work, server, swap);
  });
}

/** Empties the target's schema, or creates it. Throws and leaves it as it was when that cannot be done. */
export async function emptySchema(
  tools: OperationTools,
  target: LiveTarget,
  { comment, consent }: Pick<EmptyRequest, "comment" | "consent">,
): Promise<void> {
  const claimed = schemaClaim(target);
  const subject = { operation: "empty", claims: [{ database: claimed, mode: "exclusive" as const }] };
  await withWork(tools, target, subject, async (work) => {
    const loss = await findSchemaLoss(work, target);
    if (loss !== undefined) {
      const { sizeBytes, standing } = loss;
      await consent({ database: claimed, sizeBytes, sessions: [], standing });
      await dropSchema(work, target, standing);
    }
    await createSchema(work, target, comment);
  });
}
