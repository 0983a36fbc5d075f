/**
 * What another tool has done to a database since pgrove last looked at it: found by comparing its table with the ledger.
 * Where there is no ledger yet, everything it has applied is such a change: that is how a database is taken over.
 */
import { refusal } from "../../errors.ts";
import type { MigrationFiles } from "../files/read-migrations.ts";
import { describeMigration, type LedgerRow, type Migration } from "../migration.ts";
import type { AppliedVersion, CompanionState } from "./companion.ts";
import type { Ledger } from "./ledger.ts";

export interface ForeignChanges {
  add: readonly LedgerRow[];
  remove: readonly bigint[];
  /** The version at which golang-migrate has failed half-way; -1: on the way to nothing. */
  doubt?: bigint;
  /** For people, a line each. */
  sentences: readonly string[];
}

type GolangMigrateState = Extract<CompanionState, { kind: "golang-migrate" }>;
type ListState = Exclude<CompanionState, { kind: "golang-migrate" }>;

/** Where golang-migrate stands when nothing is applied. */
const NOTHING = -1n;

const NONE: ForeignChanges = { add: [], remove: [], sentences: [] };
const MOST_SHOWN = 5;

/** Compares what the ledger and the other tool's table say. `now` is when the added ones count as applied. */
export function findForeignChanges(ledger: Ledger, files: MigrationFiles, now = new Date()): ForeignChanges {
  const state = ledger.companion;
  if (state === undefined) return NONE;
  const changes = state.kind === "golang-migrate" ? compareVersion(ledger, state, files) : compareList(ledger, state);
  const { add, remove, doubt } = changes;
  if (add.length === 0 && remove.length === 0) return doubt === undefined ? NONE : { ...NONE, doubt };
  const byVersion = new Map(files.migrations.map((migration) => [migration.version, migration]));
  const added = [...new Map(add.map((each) => [each.version, each])).values()];
  const rows = added.map((each) => {
    const { name = "", down } = byVersion.get(each.version) ?? {};
    const { checksum = null } = each;
    return {
      ...recordedRow({ ...each, name, down }, { by: state.kind, origin: "adopted", now }),
      upChecksum: checksum,
    };
  });
  const gone = ledger.rows.filter(
    ({ version }) => remove.includes(version) && !add.some((row) => row.version === version),
  );
  return {
    ...{ add: rows, remove },
    ...(doubt === undefined ? {} : { doubt }),
    sentences: describeChanges(ledger, state.kind, rows, gone, byVersion),
  };
}

/** The rows that count as applied, rising by version. */
export function currentRows(ledger: Pick<Ledger, "rows">, { add, remove }: ForeignChanges): LedgerRow[] {
  const kept = ledger.rows.filter(({ version }) => !remove.includes(version));
  return [...kept, ...add].sort(byVersion);
}

/** Throws (exit 5) when another tool has left a migration half-way: only people can say what was done of it. */
export function requireNoForeignDoubt({ place }: Ledger, { doubt }: ForeignChanges): void {
  if (doubt === undefined) return;
  const { kind, schemaName, tableName } = place.companion;
  const what = doubt < 0n ? "while it took the first migration back" : `at version ${doubt}`;
  throw refusal(
    "in_doubt",
    `${kind} has failed ${what}: ${schemaName}.${tableName} is dirty, and nothing says how far it came`,
    `pgrove migrate force VERSION        once the schema is as that version has it`,
  );
}

interface Difference {
  add: readonly AppliedVersion[];
  remove: readonly bigint[];
  doubt?: bigint;
}

/** golang-migrate says one number, so what it has applied is what the files have up to there. */
function compareVersion({ rows }: Ledger, state: GolangMigrateState, files: MigrationFiles): Difference {
  const doubtful = rows.filter(({ success }) => !success);
  const expected = rows.findLast(({ success, failed }) => success || failed?.direction === "up")?.version ?? NOTHING;
  const version = state.version ?? NOTHING;
  if (version === expected && state.dirty === doubtful.length > 0) return { add: [], remove: [] };
  const since = files.migrations.filter((each) => each.version > expected && each.version <= version);
  if (state.dirty) return { add: since.filter((each) => each.version !== version), remove: [], doubt: version };
  // What was in doubt here has been settled there, by `force`.
  const remove = rows.filter((row) => row.version > version || !row.success).map(versionOf);
  const settled = doubtful.filter((row) => row.version <= version);
  const kept = new Set(rows.map(versionOf).filter((each) => !remove.includes(each)));
  const last = files.migrations.find((each) => each.version === version) ?? { version, digits: String(version) };
  const reached = version === NOTHING ? since : [...since, ...settled, last];
  return { add: reached.filter((each) => !kept.has(each.version)), remove };
}

/** The others say each version; what they do not say is not applied. */
function compareList({ rows }: Ledger, { versions, doubt }: ListState): Difference {
  const there = new Set(versions.map(({ version }) => version));
  // One whose up is in doubt is not in their table, one whose down is in doubt still is.
  const known = new Set(rows.filter(({ success, failed }) => success || failed?.direction === "down").map(versionOf));
  const add = versions.filter(({ version }) => !known.has(version));
  const lost = rows.map(versionOf).filter((version) => known.has(version) && !there.has(version));
  const settled = rows.map(versionOf).filter((version) => !known.has(version) && there.has(version));
  const isOurs = rows.some(({ version, success }) => version === doubt && !success);
  return { add, remove: [...lost, ...settled], ...(doubt === undefined || isOurs ? {} : { doubt }) };
}

function versionOf({ version }: LedgerRow): bigint {
  return version;
}

function byVersion(a: LedgerRow, b: LedgerRow): number {
  return a.version < b.version ? -1 : a.version > b.version ? 1 : 0;
}

/** A row that no run of pgrove stands behind: the file's down script is kept, its up script is not vouched for. */
export function recordedRow(
  migration: Pick<Migration, "version" | "digits" | "name"> & { down?: Migration["down"] | undefined },
  {
    by,
    origin,
    now,
    gitCommit = null,
  }: { by: string; origin: LedgerRow["origin"]; now: Date; gitCommit?: string | null },
): LedgerRow {
  const { version, digits, name, down } = migration;
  return {
    ...{ version, digits, name, upChecksum: null, downChecksum: down?.checksum ?? null },
    ...{ downScript: down?.sql ?? null, downTransaction: down?.transaction ?? true },
    ...{ appliedAt: now, appliedBy: by, durationMs: null, gitCommit, origin, success: true, failed: null },
  };
}

function describeChanges(
  { exists }: Ledger,
  tool: string,
  add: readonly LedgerRow[],
  gone: readonly LedgerRow[],
  files: ReadonlyMap<bigint, Migration>,
): string[] {
  const applied = exists
    ? `${tool} has applied ${listed(add)} since`
    : `${tool} has applied ${listed(add)}; pgrove adopts its ledger`;
  const unknown = add.filter(({ version }) => !files.has(version));
  return [
    ...(add.length === 0 ? [] : [applied]),
    ...(unknown.length === 0 ? [] : [`${listed(unknown)} ${unknown.length === 1 ? "has" : "have"} no file here`]),
    ...(gone.length === 0 ? [] : [`${tool} has taken back ${listed(gone)} since`]),
  ];
}

/** "11 add_a and 12 add_b"; of many "1 init to 40 last (40 migrations)". */
function listed(rows: readonly LedgerRow[]): string {
  const names = [...rows].sort(byVersion).map(describeMigration);
  const [first, last] = [names[0], names.at(-1)];
  if (names.length > MOST_SHOWN) return `${first} to ${last} (${names.length} migrations)`;
  return names.length < 2 ? `${first}` : `${names.slice(0, -1).join(", ")} and ${last}`;
}
