/** A copy into a schema as an operation of its own: what it claims, what it asks, what it says. */

import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { schemaClaims } from "../unit/schema-target.ts";
import { copyIntoSchema, findSchemaLoss, requireReplaceableSchema, type SchemaLoss } from "../unit/schema-unit.ts";
import type { Loss } from "../unit/scratch.ts";
import { requireStreamable } from "../unit/stream.ts";
import { type Work, withWork } from "../work/work.ts";

export interface SchemaCopyRequest {
  schemaOnly: boolean;
  services: readonly string[];
  /** The comment that a schema which did not exist before is born with. */
  comment?: string;
  /** The schemas of a source that is a whole database, by preference. */
  wanted: readonly string[];
  oneServer: boolean;
  consent: (loss: Loss) => Promise<void>;
}

export interface SchemaCopyResult {
  database: string;
  schema: string;
  sizeBytes: number;
  servicesRestarted: number;
}

/** Copies the source's schema into the target's. Throws and leaves both as they were when anything goes wrong. */
export async function copyToSchema(
  tools: OperationTools,
  source: LiveTarget,
  target: LiveTarget,
  request: SchemaCopyRequest,
): Promise<SchemaCopyResult> {
  const subject = { operation: "copy", claims: schemaClaims(target, "exclusive"), avoid: [] };
  return await withWork(tools, target, subject, async (work) => {
    const loss = await prepare(work, source, target, request.oneServer);
    if (loss !== undefined) await request.consent(loss);
    // The services of pgrove.yaml are main's; nothing of theirs works in a worktree's schema.
    const services = target.target.worktree === undefined ? request.services : [];
    const options = { ...request, services, agreed: loss?.standing };
    const copied = await copyIntoSchema(work, source, target, request.comment, options);
    const { schema } = copied;
    Object.assign(work.operation.details, { strategy: "stream", schema, schema_size_bytes: copied.sizeBytes });
    return { database: target.database, ...copied };
  });
}

/** Checks what a copy checks before it starts; resolves with what would be lost, if anything. */
export async function planSchemaCopy(
  tools: OperationTools,
  source: LiveTarget,
  target: LiveTarget,
  oneServer: boolean,
): Promise<SchemaLoss | undefined> {
  const subject = { operation: "copy-plan", claims: schemaClaims(target, "shared"), avoid: [] };
  return await withWork(tools, target, subject, (work) => prepare(work, source, target, oneServer));
}

async function prepare(
  work: Work,
  source: LiveTarget,
  target: LiveTarget,
  oneServer: boolean,
): Promise<SchemaLoss | undefined> {
  work.operation.details.source = source.target.label;
  if (!oneServer) {
    const ownersStay = target.target.worktree?.role === undefined;
    await requireStreamable(work, source, target, { ownersStay });
  }
  await requireReplaceableSchema(work, target);
  return await findSchemaLoss(work, target);
}
