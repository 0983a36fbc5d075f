/**
 * Restores a dump: checked whole, loaded into a scratch database, compared, and only then swapped in by rename. Until
 * the swap the target is not touched, whatever happens.
 */
import { refusal } from "../errors.ts";
import { databaseExists, databaseSizeBytes, requireNothingBound } from "../postgres/admin.ts";
import { requireDatabaseName } from "../postgres/identifier.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { replaceDatabase } from "../unit/replace.ts";
import { findLoss, type Loss } from "../unit/scratch.ts";
import { commentStatement, type DatabaseShape, readShape } from "../unit/swap.ts";
import { type Work, type WorkSubject, withWork } from "../work/work.ts";
import { buildScratch, type LoadChoice, type LoadRequest, leavesOwners, requireTables } from "./build-scratch.ts";
import type { Comparison } from "./compare.ts";
import { type InspectedDump, inspectDump } from "./inspect.ts";
import { requireCompatible } from "./preflight.ts";
import { planSchemaRestore, restoreSchema } from "./schema-restore.ts";
import type { StoredDump } from "./store.ts";

export interface RestoreRequest extends LoadRequest {
  /** Restore into a new database of that name; nothing is replaced. */
  intoNew?: string;
  /** The schemas of a whole database's dump, by preference, where the target is a schema. */
  wanted?: readonly string[];
  discardPrevious: boolean;
}

export interface RestoreResult {
  dump: string;
  database: string;
  /** The schema that was replaced, where the target is one. */
  schema?: string;
  /** The name under which the replaced database is kept. */
  previous?: string;
  sizeBytes: number;
  comparison?: Comparison;
  servicesRestarted: number;
}

/** Restores the dump. Throws and leaves the target as it was when anything goes wrong. */
export async function restoreDump(
  tools: OperationTools,
  live: LiveTarget,
  request: RestoreRequest,
): Promise<RestoreResult> {
  if (isIntoSchema(live, request)) return await restoreSchema(tools, live, request);
  const database = requireDatabaseName(request.intoNew ?? live.database);
  return await withWork(tools, { ...live, database }, subjectOf("restore", database, "exclusive"), async (work) => {
    const loss = await findReplaced(work, database, request);
    if (loss !== undefined && request.askFirst) await request.consent(loss);
    const { inspected, shape } = await prepare(work, live, { database, loss }, request);
    if (loss !== undefined && !request.askFirst) await request.consent(loss);
    const { scratch, comparison } = await buildScratch(work, live, inspected, shape, request);
    const replaced = await replaceDatabase(work, live.server, {
      ...{ scratch, database, agreed: loss?.standing, services: request.services },
      statements: request.comment === undefined ? [] : [commentStatement(database, request.comment)],
      discardPrevious: request.discardPrevious,
    });
    const sizeBytes = await databaseSizeBytes(work.control, database);
    Object.assign(work.operation.details, { database_size_bytes: sizeBytes, previous: replaced.previous });
    const { name } = inspected.dump;
    return { dump: name, database, sizeBytes, ...replaced, ...(comparison === undefined ? {} : { comparison }) };
  });
}

/** A new database takes the whole dump, whatever the target is. */
function isIntoSchema(live: LiveTarget, request: RestoreRequest): boolean {
  return live.target.schema !== undefined && request.intoNew === undefined;
}

/** What a restore would do, after every check that a restore makes before it starts. */
export interface RestorePlan {
  dump: string;
  checked: InspectedDump["checked"];
  database: string;
  /** The schema that would be replaced, where the target is one. */
  schema?: string;
  /** What would be replaced; absent when the database does not exist. */
  loss?: Loss;
}

/** Checks everything that a restore checks before it starts, and changes nothing. Throws as the restore would. */
export async function planRestore(
  tools: OperationTools,
  live: LiveTarget,
  request: RestoreRequest,
): Promise<RestorePlan> {
  if (isIntoSchema(live, request)) return await planSchemaRestore(tools, live, request);
  const database = requireDatabaseName(request.intoNew ?? live.database);
  return await withWork(tools, { ...live, database }, subjectOf("restore-plan", database, "shared"), async (work) => {
    const loss = await findReplaced(work, database, request);
    const { inspected } = await prepare(work, live, { database, loss }, request);
    const { dump, checked } = inspected;
    return { dump: dump.name, checked, database, ...(loss === undefined ? {} : { loss }) };
  });
}

function subjectOf(operation: string, database: string, mode: "exclusive" | "shared"): WorkSubject {
  return { operation, claims: [{ database, mode }], avoid: [database] };
}

interface Prepared {
  inspected: InspectedDump;
  shape: DatabaseShape;
}

/** The dump checked whole, the server checked for what it needs, and what stands in the way named. */
async function prepare(
  work: Work,
  live: LiveTarget,
  { database, loss }: { database: string; loss: Loss | undefined },
  request: RestoreRequest,
): Promise<Prepared> {
  const { control, operation, tools } = work;
  const dump = await request.findDump(operation);
  operation.details.dump = dump.name;
  const inspected = await inspectDump(dump, tools);
  requireTables(inspected);
  const exists = loss !== undefined;
  const shape = await chooseShape(control, database, exists, inspected, live.toolbox.user);
  const compatible = { noOwner: leavesOwners(request, dump), encoding: shape.encoding };
  for (const note of await requireCompatible(inspected, control, live, compatible)) tools.note(note);
  if (exists) await requireNothingBound(control, database);
  return { inspected, shape };
}

/** What would be replaced, as it is before the work begins. Throws (exit 5) where a new database is wanted and there is one. */
async function findReplaced(work: Work, database: string, { intoNew }: RestoreRequest): Promise<Loss | undefined> {
  if (intoNew === undefined) return await findLoss(work, database);
  if (!(await databaseExists(work.control, database))) return undefined;
  throw refusal("database_exists", `the database ${database} exists already`, "choose another name for --into-new");
}

/** The target's own encoding and locale where it exists, else the dump's, else the server's usual ones. */
async function chooseShape(
  control: Sql,
  database: string,
  exists: boolean,
  { dump }: InspectedDump,
  owner: string,
): Promise<DatabaseShape> {
  if (exists) return await readShape(control, database);
  const usual = { ...(await readShape(control, "template1")), owner, tablespace: "pg_default" };
  const { manifest } = dump;
  if (manifest === undefined) return usual;
  const { encoding, collate, ctype, locale, locale_provider: provider } = manifest;
  return { ...usual, encoding, collate, ctype, locale, provider };
}

/** Restores the dump into a scratch database, compares and drops it: the proof that it can be restored. */
export async function testRestore(
  tools: OperationTools,
  live: LiveTarget,
  dump: StoredDump,
  request: LoadChoice,
): Promise<Comparison | undefined> {
  return await withWork(tools, live, { operation: "verify", claims: [] }, async (work) => {
    work.operation.details.dump = dump.name;
    const inspected = await inspectDump(dump, tools);
    const shape = await chooseShape(work.control, live.database, false, inspected, live.toolbox.user);
    await requireCompatible(inspected, work.control, live, {
      noOwner: leavesOwners(request, dump),
      encoding: shape.encoding,
    });
    return (await buildScratch(work, live, inspected, shape, request)).comparison;
  });
}
