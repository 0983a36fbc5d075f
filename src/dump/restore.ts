/**
 * Restores a dump: checked whole, loaded into a scratch database, compared, and only then swapped in by rename. Until
 * the swap the target is not touched, whatever happens.
 */
import { availableParallelism } from "node:os";
import type { RolesPlan } from "../archive/globals-sql.ts";
import type { RoleMap } from "../archive/role-names.ts";
import { refusal } from "../errors.ts";
import { databaseExists } from "../postgres/admin.ts";
import { requireDatabaseName } from "../postgres/identifier.ts";
import { formatVersion, versionOfNumber } from "../postgres/version.ts";
import { capJobs } from "../resolve/pool.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { lossOf } from "../unit/keep.ts";
import { fitLocale } from "../unit/locale.ts";
import { endRestoring, inRestored, requireVersion } from "../unit/restoring-mode.ts";
import { type DatabaseShape, readShape } from "../unit/swap.ts";
import type { Loss, Place, Unit } from "../unit/unit.ts";
import { databaseOf, unitOf } from "../unit/unit-of.ts";
import { type Work, type WorkSubject, withWork } from "../work/work.ts";
import {
  buildScratch,
  type LoadChoice,
  type LoadRequest,
  requireTables,
  type ScratchRequest,
} from "./build-scratch.ts";
import type { Comparison } from "./compare.ts";
import { type ContentsComparison, compareContents } from "./compare-contents.ts";
import { findDoubt } from "./doubt.ts";
import { makeRoles, planMissingRoles } from "./globals.ts";
import { type InspectedDump, inspectDump } from "./inspect.ts";
import { mapDump, roleMapRefusal } from "./map-dump.ts";
import { narrowDump } from "./narrow.ts";
import { requireCompatible } from "./preflight.ts";
import { requireNoTimescale, restoringOf } from "./restoring.ts";
import type { StoredDump } from "./store.ts";

/** More tables at once do not pay in a database that fits on a laptop. */
const MOST_JOBS = 4;
const SMALL_BYTES = 1 << 20;

export interface RestoreRequest extends LoadRequest {
  /** Restore into a new database of that name; nothing is replaced. */
  intoNew?: string;
  /** The schemas of a whole database's dump, by preference, where the target is a schema. */
  wanted?: readonly string[];
  discardPrevious: boolean;
  /** What the dump makes, without rows. */
  schemaOnly?: boolean;
  /** Who gets what the dump gives to a role. */
  roleMap?: RoleMap;
  /** The roles beside the dump that are missing are made first; throws when that is not wanted. */
  approveRoles?: (roles: RolesPlan) => Promise<void>;
}

export interface RestoreResult extends Place {
  dump: string;
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
  given: RestoreRequest,
): Promise<RestoreResult> {
  const unit = destinationOf(live, given);
  const request = { ...given, ownRole: !unit.keepsOwners };
  return await withWork(tools, unit.live, subjectOf("restore", unit, "exclusive"), async (work) => {
    const loss = await findReplaced(work, unit, request);
    const lost = loss === undefined ? undefined : lossOf(loss, request);
    if (lost !== undefined && request.askFirst) await request.consent(lost);
    const { inspected, roles, ...loading } = await prepare(work, live, unit, request);
    const foreign = await findDoubt(work, inspected.dump, live, loading.elevated);
    if (lost !== undefined && !request.askFirst) await request.consent(lost, foreign, inspected.dump);
    else if (foreign !== undefined) await request.approveForeign(foreign);
    if (roles !== undefined) {
      await request.approveRoles?.(roles);
      await makeRoles(work, roles);
    }
    const { name, manifest } = inspected.dump;
    const wanted = manifest?.schema ? [manifest.schema] : (request.wanted ?? []);
    let comparison: Comparison | undefined;
    const fill = async () => {
      const filled = await buildScratch(work, live, inspected, loading);
      comparison = filled.comparison;
      if (filled.isRestoring) await endRestoring(work, filled.scratch);
      return { database: filled.scratch, wanted };
    };
    const built = await unit.create(work, fill);
    const { details, ...replaced } = await unit.swap(work, built, {
      ...{ ...request, agreed: loss?.standing, older: loss?.older?.standing },
    });
    Object.assign(work.operation.details, details);
    return { dump: name, ...unit.place, ...replaced, ...(comparison === undefined ? {} : { comparison }) };
  });
}

/** A new database takes the whole dump, whatever the target is. Throws (exit 2) for what cannot be a database's name. */
function destinationOf(live: LiveTarget, { intoNew }: RestoreRequest): Unit {
  requireDatabaseName(intoNew ?? live.database);
  return intoNew === undefined ? unitOf(live) : databaseOf(live, intoNew);
}

/** What a restore would do, after every check that a restore makes before it starts. */
export interface RestorePlan extends Place {
  dump: StoredDump;
  checked: InspectedDump["checked"];
  /** What would be replaced; absent when there is nothing. */
  loss?: Loss;
  /** The roles that would be made, where they were asked for. */
  roles?: RolesPlan;
}

/** Checks everything that a restore checks before it starts, and changes nothing. Throws as the restore would. */
export async function planRestore(
  tools: OperationTools,
  live: LiveTarget,
  given: RestoreRequest,
): Promise<RestorePlan> {
  const unit = destinationOf(live, given);
  const request = { ...given, ownRole: !unit.keepsOwners };
  return await withWork(tools, unit.live, subjectOf("restore-plan", unit, "shared"), async (work) => {
    const loss = await findReplaced(work, unit, request);
    const { inspected, roles } = await prepare(work, live, unit, request);
    const { dump, checked } = inspected;
    const missing = roles === undefined ? {} : { roles };
    return { dump, checked, ...unit.place, ...(loss === undefined ? {} : { loss: lossOf(loss, request) }), ...missing };
  });
}

function subjectOf(operation: string, unit: Unit, mode: "exclusive" | "shared"): WorkSubject {
  return { operation, claims: unit.claims(mode), avoid: [unit.live.database] };
}

interface Prepared extends ScratchRequest {
  roles: RolesPlan | undefined;
  inspected: InspectedDump;
}

/** The dump checked whole, the server checked for what it needs, and what stands in the way named. */
async function prepare(
  work: Work,
  live: LiveTarget,
  unit: Unit,
  request: RestoreRequest & LoadChoice,
): Promise<Prepared> {
  const { control, operation, tools } = work;
  const dump = await request.findDump(operation);
  await tools.mayRun?.([dump.path]);
  operation.details.dump = dump.name;
  const whole = await inspectDump(dump, tools);
  requireTables(whole);
  if (!unit.isWhole) {
    requireNoTimescale(whole, request.skippedExtensions ?? [], "they are no part of a worktree's schema");
  }
  const part = request.schemaOnly ? narrowDump(whole, { tables: [], schemas: [], content: "schema" }) : whole;
  const inspected = withRoles(part, unit, request, tools.note);
  const shape = (await unit.findShape(work)) ?? (await shapeOf(work, inspected, live.toolbox.user));
  const roles = request.approveRoles === undefined ? undefined : await planMissingRoles(work, dump, request.roleMap);
  const { notes, skipping, elevated } = await requireCompatible(inspected, control, live, {
    ...request,
    ...(roles === undefined ? {} : { rolesToCome: roles.roles.map(({ name }) => name) }),
    encoding: shape.encoding,
  });
  for (const note of notes) tools.note(note);
  await requireVersion(control, restoringOf(inspected, { skipping, elevated })?.version);
  await unit.requireReplaceable(work);
  return { inspected, roles, shape, skipping, elevated, ...waysOf(dump, request, live, tools.note) };
}

/** Throws (exit 5) where the target is a schema: what is in it belongs to its own role. */
function withRoles(
  given: InspectedDump,
  unit: Unit,
  { roleMap }: RestoreRequest,
  note: (text: string) => void,
): InspectedDump {
  if (roleMap !== undefined && !unit.keepsOwners) {
    throw roleMapRefusal(unit.label, ", or into a database: --into-new DB");
  }
  return mapDump(given, roleMap, note);
}

function waysOf(
  dump: StoredDump,
  { jobs = suitableJobs(dump), searchPath }: LoadChoice,
  { target }: LiveTarget,
  note: (text: string) => void,
): Pick<ScratchRequest, "jobs" | "searchPath"> {
  const capped = capJobs(jobs, { target, besides: 0, note });
  return { jobs: capped, ...(searchPath === undefined ? {} : { searchPath }) };
}

/** A small archive is streamed to one program: to put it where several can read it takes longer than to load it. */
function suitableJobs({ sizeBytes }: StoredDump): number {
  return sizeBytes < SMALL_BYTES ? 1 : Math.min(MOST_JOBS, availableParallelism());
}

/** What would be replaced, as it is before the work begins. Throws (exit 5) where a new database is wanted and there is one. */
async function findReplaced(work: Work, unit: Unit, { intoNew }: RestoreRequest): Promise<Loss | undefined> {
  if (intoNew === undefined) return await unit.find(work);
  if (!(await databaseExists(work.control, intoNew))) return undefined;
  throw refusal("database_exists", `the database ${intoNew} exists already`, "choose another name for --into-new");
}

/** A new database has the dump's encoding and locale, else the server's usual ones. */
async function shapeOf({ control, tools }: Work, { dump }: InspectedDump, owner: string): Promise<DatabaseShape> {
  const usual = { ...(await readShape(control, "template1")), owner, tablespace: "pg_default" };
  const { manifest } = dump;
  if (manifest === undefined || manifest.adopted) return usual;
  const { encoding, collate, ctype, locale, locale_provider: provider } = manifest;
  const { shape, note } = await fitLocale(control, { ...usual, encoding, collate, ctype, locale, provider }, usual);
  if (note !== undefined) tools.note(note);
  return shape;
}

/** What a test restore has found. */
export interface TestRestore {
  serverVersion: string;
  comparison: Comparison | undefined;
  /** Where the contents were asked for, and the manifest knows them. */
  contents: ContentsComparison | undefined;
}

/** Restores the dump into a scratch database, compares and drops it: the proof that it can be restored. */
export async function testRestore(
  tools: OperationTools,
  live: LiveTarget,
  dump: StoredDump,
  request: LoadChoice & Pick<RestoreRequest, "approveForeign" | "roleMap"> & { deep?: boolean },
): Promise<TestRestore> {
  return await withWork(tools, live, { operation: "verify", claims: [] }, async (work) => {
    work.operation.details.dump = dump.name;
    const inspected = mapDump(await inspectDump(dump, tools), request.roleMap, tools.note);
    const shape = await shapeOf(work, inspected, live.toolbox.user);
    const { skipping, elevated } = await requireCompatible(inspected, work.control, live, {
      ...{ ...request, encoding: shape.encoding },
    });
    const doubt = await findDoubt(work, dump, live, elevated);
    if (doubt !== undefined) await request.approveForeign(doubt);
    const loading = { ...waysOf(dump, request, live, tools.note), shape, skipping, elevated };
    const { scratch, comparison, isRestoring } = await buildScratch(work, live, inspected, loading);
    const { manifest } = inspected;
    const isComparable = comparison !== undefined && manifest !== undefined && request.deep === true;
    const contents = isComparable
      ? await inRestored(work, scratch, isRestoring, (sql) => compareContents(sql, manifest))
      : undefined;
    if (isRestoring) await endRestoring(work, scratch); // it may refuse what was loaded
    return { serverVersion: await readServerVersion(work), comparison, contents };
  });
}

async function readServerVersion({ control }: Work): Promise<string> {
  const [row] = await control<{ number: number }[]>`select current_setting('server_version_num')::int as number`;
  return formatVersion(versionOfNumber(row?.number ?? 0));
}
