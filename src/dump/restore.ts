/**
 * Restores a dump: checked whole, loaded into a scratch database, compared, and only then swapped in by rename. Until
 * the swap the target is not touched, whatever happens.
 */
import { messageOf, refusal } from "../errors.ts";
import { databaseExists, databaseSizeBytes, dropDatabase, requireNothingBound } from "../postgres/admin.ts";
import { requireDatabaseName } from "../postgres/identifier.ts";
import { commentStatement, createStatement, type DatabaseShape, readShape } from "../postgres/swap.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";
import { replaceDatabase } from "../target/replace.ts";
import { createScratch, inScratch, type Loss, readLoss } from "../target/scratch.ts";
import type { LiveTarget } from "../target/target.ts";
import { type Work, type WorkSubject, withWork } from "../target/work.ts";
import { type Comparison, compareWithManifest } from "./compare.ts";
import { type InspectedDump, inspectDump } from "./inspect.ts";
import { loadDump, placeArchive } from "./load.ts";
import { requireCompatible } from "./preflight.ts";
import type { StoredDump } from "./store.ts";

/** How a dump is loaded. */
export interface LoadChoice {
  /** Leave owners and grants out. */
  noOwner: boolean;
  /** How many tables at once. */
  jobs: number;
}

export interface RestoreRequest extends LoadChoice {
  /** The dump; what comes from stdin is spooled within the operation. */
  findDump: (operation: Operation) => Promise<StoredDump>;
  /** Ask before the dump is read: what comes through a pipe is read for nothing when it is then refused. */
  askFirst?: boolean;
  /** Restore into a new database of that name; nothing is replaced. */
  intoNew?: string;
  discardPrevious: boolean;
  services: readonly string[];
  /** The comment that a database which did not exist before is born with. */
  comment?: string;
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent: (loss: Loss) => Promise<void>;
}

export interface RestoreResult {
  dump: string;
  database: string;
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
  const database = requireDatabaseName(request.intoNew ?? live.database);
  return await withWork(tools, { ...live, database }, subjectOf("restore", database, "exclusive"), async (work) => {
    if (request.askFirst && request.intoNew === undefined && (await databaseExists(work.control, database))) {
      await request.consent(await readLoss(work, database));
    }
    const { inspected, shape, loss } = await prepare(work, live, database, request);
    if (loss !== undefined && !request.askFirst) await request.consent(loss);
    const { scratch, comparison } = await buildScratch(work, live, inspected, shape, request);
    const replaced = await replaceDatabase(work, live.server, {
      ...{ scratch, database, services: request.services },
      statements: request.comment === undefined ? [] : [commentStatement(database, request.comment)],
      discardPrevious: request.discardPrevious,
    });
    const sizeBytes = await databaseSizeBytes(work.control, database);
    Object.assign(work.operation.details, { database_size_bytes: sizeBytes, previous: replaced.previous });
    const { name } = inspected.dump;
    return { dump: name, database, sizeBytes, ...replaced, ...(comparison === undefined ? {} : { comparison }) };
  });
}

/** What a restore would do, after every check that a restore makes before it starts. */
export interface RestorePlan {
  dump: string;
  checked: InspectedDump["checked"];
  database: string;
  /** What would be replaced; absent when the database does not exist. */
  loss?: Loss;
}

/** Checks everything that a restore checks before it starts, and changes nothing. Throws as the restore would. */
export async function planRestore(
  tools: OperationTools,
  live: LiveTarget,
  request: RestoreRequest,
): Promise<RestorePlan> {
  const database = requireDatabaseName(request.intoNew ?? live.database);
  return await withWork(tools, { ...live, database }, subjectOf("restore-plan", database, "shared"), async (work) => {
    const { inspected, loss } = await prepare(work, live, database, request);
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
  loss: Loss | undefined;
}

/** The dump checked whole, the server checked for what it needs, and what stands in the way named. */
async function prepare(work: Work, live: LiveTarget, database: string, request: RestoreRequest): Promise<Prepared> {
  const { control, operation, tools } = work;
  const dump = await request.findDump(operation);
  operation.details.dump = dump.name;
  const inspected = await inspectDump(dump, tools);
  requireTables(inspected);
  const exists = await databaseExists(control, database);
  if (exists && request.intoNew !== undefined) {
    throw refusal("database_exists", `the database ${database} exists already`, "choose another name for --into-new");
  }
  const shape = await chooseShape(control, database, exists, inspected, live.toolbox.user);
  const compatible = { noOwner: request.noOwner, encoding: shape.encoding };
  for (const note of await requireCompatible(inspected, control, live, compatible)) tools.note(note);
  if (!exists) return { inspected, shape, loss: undefined };
  await requireNothingBound(control, database);
  return { inspected, shape, loss: await readLoss(work, database) };
}

/** Throws (exit 5) for a dump of rows alone: what is restored is a new database, which needs the tables too. */
function requireTables({ dump, onlyRows }: InspectedDump): void {
  if (!onlyRows) return;
  throw refusal(
    "dump_data_only",
    `${dump.name} holds only rows, and a restore builds a new database, which needs the tables too`,
    "add the rows to an existing database with pg_restore --data-only or psql, or dump without --data-only",
  );
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
    await requireCompatible(inspected, work.control, live, { noOwner: request.noOwner, encoding: shape.encoding });
    return (await buildScratch(work, live, inspected, shape, request)).comparison;
  });
}

interface Scratch {
  scratch: string;
  comparison: Comparison | undefined;
}

/** The scratch database, loaded, analyzed and compared. It is dropped when the operation ends without a swap. */
async function buildScratch(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  shape: DatabaseShape,
  request: LoadChoice,
): Promise<Scratch> {
  const scratch = await loadScratch(work, live, inspected, shape, request);
  const comparison = await inScratch(work, scratch, async (sql) => {
    work.tools.progress({ phase: "analyze" });
    await sql`analyze`;
    return await compareWithManifest(sql, inspected);
  });
  for (const doubt of comparison?.doubts ?? []) work.tools.note(doubt);
  return { scratch, comparison };
}

/** Loads the scratch database: by several jobs, and once more by one when the server found them in a deadlock. */
async function loadScratch(
  work: Work,
  live: LiveTarget,
  inspected: InspectedDump,
  shape: DatabaseShape,
  { jobs, noOwner }: LoadChoice,
): Promise<string> {
  const create = () => createScratch(work, (name) => createStatement(name, shape));
  // At once, and both to their end: what is still being placed could not be removed.
  const [created, placing] = await Promise.allSettled([create(), placeArchive(work, live, inspected, jobs)]);
  if (created.status === "rejected") throw created.reason;
  if (placing.status === "rejected") throw placing.reason;
  const scratch = created.value;
  const load = { database: scratch, placed: placing.value, noOwner };
  try {
    await loadDump(work, live, inspected, { ...load, jobs });
  } catch (error) {
    // pg_restore attaches the indexes of partitions while other jobs hold locks on them.
    if (jobs <= 1 || !/deadlock/i.test(messageOf(error))) throw error;
    work.tools.note("pg_restore's jobs locked each other out: loading once more, one table at a time");
    await dropDatabase(work.control, scratch);
    await create();
    await loadDump(work, live, inspected, { ...load, jobs: 1 });
  }
  return scratch;
}
