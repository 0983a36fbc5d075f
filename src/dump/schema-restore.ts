/** Restores a dump into a target that is a schema: loaded whole beside it, of which one schema takes its place. */

import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import {
  findSchemaLoss,
  replaceByIncoming,
  requireReplaceableSchema,
  requireTargetSchema,
  schemaClaims,
} from "../unit/schema-unit.ts";
import { type DatabaseShape, readShape } from "../unit/swap.ts";
import { type Work, withWork } from "../work/work.ts";
import { buildScratch, type LoadRequest, leavesOwners, requireTables } from "./build-scratch.ts";
import type { Comparison } from "./compare.ts";
import { type InspectedDump, inspectDump } from "./inspect.ts";
import { requireCompatible } from "./preflight.ts";

export interface SchemaRestoreRequest extends LoadRequest {
  /** The schemas of a whole database's dump, by preference; its only one where it has none of these. */
  wanted?: readonly string[];
}

export interface SchemaRestoreResult {
  dump: string;
  database: string;
  schema: string;
  sizeBytes: number;
  comparison?: Comparison;
  servicesRestarted: number;
}

/** Restores the dump into the target's schema. Throws and leaves it as it was when anything goes wrong. */
export async function restoreSchema(
  tools: OperationTools,
  live: LiveTarget,
  given: SchemaRestoreRequest,
): Promise<SchemaRestoreResult> {
  const request = withOwnRole(live, given);
  const subject = { operation: "restore", claims: schemaClaims(live, "exclusive"), avoid: [] };
  return await withWork(tools, live, subject, async (work) => {
    const loss = await findSchemaLoss(work, live);
    if (request.askFirst && loss !== undefined) await request.consent(loss);
    const { inspected, shape } = await prepare(work, live, request);
    if (!request.askFirst && loss !== undefined) await request.consent(loss);
    const { scratch, comparison } = await buildScratch(work, live, inspected, shape, request);
    const { name, manifest } = inspected.dump;
    const { wanted = [], comment } = request;
    const replaced = await replaceByIncoming(work, live, {
      ...{ database: scratch, wanted: manifest?.schema === undefined ? wanted : [manifest.schema] },
      // The services of pgrove.yaml are main's; nothing of theirs works in a worktree's schema.
      services: live.target.worktree === undefined ? request.services : [],
      agreed: loss?.standing,
      ...(comment === undefined ? {} : { comment }),
    });
    Object.assign(work.operation.details, { schema: replaced.schema, schema_size_bytes: replaced.sizeBytes });
    const { database } = live;
    return { dump: name, database, ...replaced, ...(comparison === undefined ? {} : { comparison }) };
  });
}

/** Checks everything that such a restore checks before it starts, and changes nothing. Throws as the restore would. */
export async function planSchemaRestore(tools: OperationTools, live: LiveTarget, given: SchemaRestoreRequest) {
  const request = withOwnRole(live, given);
  const subject = { operation: "restore-plan", claims: schemaClaims(live, "shared"), avoid: [] };
  return await withWork(tools, live, subject, async (work) => {
    const { inspected } = await prepare(work, live, request);
    const loss = await findSchemaLoss(work, live);
    const { dump, checked } = inspected;
    const where = { database: live.database, schema: requireTargetSchema(live) };
    return { dump: dump.name, checked, ...where, ...(loss === undefined ? {} : { loss }) };
  });
}

/** To a role of its own everything will belong, whoever owned it. */
function withOwnRole({ target }: LiveTarget, request: SchemaRestoreRequest): SchemaRestoreRequest {
  return { ...request, ownRole: target.worktree?.role !== undefined };
}

/** The dump checked whole, the server checked for what it needs, and what stands in the way named. */
async function prepare(
  work: Work,
  live: LiveTarget,
  request: SchemaRestoreRequest,
): Promise<{ inspected: InspectedDump; shape: DatabaseShape }> {
  const dump = await request.findDump(work.operation);
  work.operation.details.dump = dump.name;
  const inspected = await inspectDump(dump, work.tools);
  requireTables(inspected);
  const shape = await readShape(work.control, live.database);
  const compatible = { noOwner: leavesOwners(request, dump), encoding: shape.encoding };
  for (const note of await requireCompatible(inspected, work.control, live, compatible)) work.tools.note(note);
  await requireReplaceableSchema(work, live);
  return { inspected, shape };
}
