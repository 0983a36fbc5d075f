/** An empty database in a target's place: made under a scratch name and swapped in, so that no half-made one is left. */
import { databaseExists, requireNothingBound } from "../postgres/admin.ts";
import { commentStatement, createStatement, readShape } from "../postgres/swap.ts";
import type { OperationTools } from "../sys/operation.ts";
import { replaceDatabase } from "../target/replace.ts";
import { createScratch, type Loss, readLoss } from "../target/scratch.ts";
import type { LiveTarget } from "../target/target.ts";
import { withWork } from "../target/work.ts";
import { createSchema, dropSchema, schemaExists, schemaSizeBytes } from "./schema.ts";
import { inTarget } from "./schema-target.ts";

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
    const exists = await databaseExists(work.control, database);
    if (exists) {
      await requireNothingBound(work.control, database);
      await consent(await readLoss(work, database));
    }
    const shape = exists
      ? await readShape(work.control, database)
      : { ...(await readShape(work.control, like)), owner: target.toolbox.user };
    const scratch = await createScratch(work, (name) => createStatement(name, shape));
    const statements = [commentStatement(database, comment)];
    await replaceDatabase(work, server, { scratch, database, services, statements, discardPrevious });
  });
}

/** Empties the target's schema, or creates it. Throws and leaves it as it was when that cannot be done. */
export async function emptySchema(
  tools: OperationTools,
  target: LiveTarget,
  { comment, consent }: Pick<EmptyRequest, "comment" | "consent">,
): Promise<void> {
  const schema = target.target.schema ?? "";
  const claimed = `${target.database}/${schema}`;
  const subject = { operation: "empty", claims: [{ database: claimed, mode: "exclusive" as const }] };
  await withWork(tools, target, subject, async (work) => {
    const sizeBytes = await inTarget(work, target, async (sql) =>
      (await schemaExists(sql, schema)) ? await schemaSizeBytes(sql, schema) : undefined,
    );
    if (sizeBytes !== undefined) {
      await consent({ database: claimed, sizeBytes, sessions: [] });
      await dropSchema(work, target);
    }
    await createSchema(work, target, comment);
  });
}
