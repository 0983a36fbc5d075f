/** Measures targets: each server, store and repository is asked once, and of what nobody wants to know nothing is asked. */
import { MEASURES, type Measure } from "../../config/measures.ts";
import type { KeyPlace } from "../../dump/authorship.ts";
import { messageOf, PgroveError } from "../../errors.ts";
import { ledgerWhere } from "../../migrate/ledger/ledger-session.ts";
import { readStatus } from "../../migrate/ledger/status.ts";
import { describeMigration } from "../../migrate/migration.ts";
import type { TargetMigrations } from "../../migrate/worktree-migrations.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { Repository } from "../../repo/git.ts";
import type { LiveTarget, Target } from "../../resolve/target.ts";
import { withTargetSession } from "../../resolve/target-session.ts";
import type { ServerTools } from "../../server/server.ts";
import { readJournal } from "../../sys/journal.ts";
import { once } from "../../sys/once.ts";
import type { Runner } from "../../sys/process.ts";
import { newRunId } from "../../sys/run-id.ts";
import { openForSessions } from "../../work/open-sessions.ts";
import { askInside, boundQueries, isAskedInside } from "./database.ts";
import { type DumpHistory, measureDumps, readDumpHistory } from "./dumps.ts";
import { type Figures, figure, type Measured, none, unknown } from "./figure.ts";
import { measureOrphans, measureSeeding, measureStoreDisk, readWorktrees } from "./repository.ts";

/** What measuring needs of its surroundings. */
export interface WatchTools extends KeyPlace {
  runner: Runner;
  now: Date;
  storeDir: string;
  stateDir: string;
  serverTools: ServerTools;
  /** Undefined outside git. */
  repository: Repository | undefined;
}

/** A target, its migrations, and what was measured of it. */
export interface Measurement {
  subject: TargetMigrations;
  figures: Figures;
}

/** Whoever wants more in the same session. */
export type Inside = (sql: Sql, live: LiveTarget) => Promise<void>;

/**
 * Measures the targets, in their order. What belongs to a server or to all of them is measured at the first target that it
 * belongs to. A database that cannot be reached is a figure, too.
 */
export async function readFigures(
  subjects: readonly TargetMigrations[],
  wanted: ReadonlySet<Measure>,
  tools: WatchTools,
  inside?: (subject: TargetMigrations) => Inside,
): Promise<Measurement[]> {
  const history = once(async () =>
    readDumpHistory(tools.storeDir, tools, await readJournal(tools.stateDir), tools.now),
  );
  const servers = new Set<string>();
  const measurements: Measurement[] = [];
  for (const subject of subjects) {
    const key = JSON.stringify(subject.target.server);
    const isFirst = measurements.length === 0;
    const own = [...wanted].filter((each) => isOf(each, { isFirst, isNewServer: !servers.has(key) }));
    servers.add(key);
    const figures = new Map<Measure, Measured>();
    await measureOutside(figures, subject.target, own, { ...tools, history });
    await measureInside(figures, subject, own, tools, inside?.(subject));
    measurements.push({ subject, figures });
  }
  return measurements;
}

function isOf(measure: Measure, { isFirst, isNewServer }: { isFirst: boolean; isNewServer: boolean }): boolean {
  const { scope } = MEASURES[measure];
  return scope === "target" || (scope === "server" ? isNewServer : isFirst);
}

const DUMP_MEASURES: readonly Measure[] = [
  ...(["dumps", "proved_dumps", "last_dump_age", "last_proved_dump_age", "last_dump_size"] as const),
  ...(["last_dump_failed", "dump_size_deviation"] as const),
];

/** What needs no session. */
async function measureOutside(
  figures: Map<Measure, Measured>,
  { name, label, worktree }: Target,
  wanted: readonly Measure[],
  tools: WatchTools & { history(): Promise<DumpHistory> },
): Promise<void> {
  if (wanted.some((each) => DUMP_MEASURES.includes(each))) {
    const all = measureDumps(await tools.history(), name, label);
    for (const [measure, measured] of all) if (wanted.includes(measure)) figures.set(measure, measured);
    // A worktree's database is made anew when it is lost: that nobody dumps it is no finding.
    if (worktree !== undefined && figures.has("dumps")) figures.set("dumps", none("it is a worktree's"));
  }
  for (const measure of wanted) {
    if (measure === "store_disk_free") figures.set(measure, await measureStoreDisk(tools.storeDir));
    if (measure === "seeding_error_rate") {
      figures.set(measure, measureSeeding((await tools.history()).journal, tools.now));
    }
    if (measure === "orphans") figures.set(measure, await findOrphans(tools));
  }
}

async function findOrphans({ repository, stateDir, runner }: WatchTools): Promise<Measured> {
  if (repository === undefined) return none("there is no repository");
  try {
    return measureOrphans(await readWorktrees(repository, stateDir, runner));
  } catch (error) {
    if (error instanceof PgroveError) return unknown(messageOf(error));
    throw error;
  }
}

async function measureInside(
  figures: Map<Measure, Measured>,
  subject: TargetMigrations,
  wanted: readonly Measure[],
  tools: WatchTools,
  more: Inside | undefined,
): Promise<void> {
  const left = wanted.filter((each) => !figures.has(each));
  if (left.length === 0 && more === undefined) return;
  try {
    const live = await openForSessions(subject.target, tools.serverTools);
    await withTargetSession(live, newRunId(tools.now), async (sql) => {
      await boundQueries(sql);
      for (const measure of left) figures.set(measure, await measureOne(sql, measure, subject, live));
      await more?.(sql, live);
    });
  } catch (error) {
    if (!(error instanceof PgroveError)) throw error;
    const why = messageOf(error).split("\n")[0] ?? "";
    for (const measure of left) figures.set(measure, unknown(why));
    if (left.includes("database_unreachable")) figures.set("database_unreachable", figure(1, why));
  }
}

async function measureOne(
  sql: Sql,
  measure: Measure,
  subject: TargetMigrations,
  { target, toolbox }: LiveTarget,
): Promise<Measured> {
  if (isAskedInside(measure)) return await askInside({ sql, schema: target.schema ?? null }, measure);
  switch (measure) {
    case "database_unreachable":
      return figure(0);
    case "pending_migrations":
    case "migrations_in_doubt":
      return await measureMigrations(sql, measure, subject);
    case "server_disk_free":
      return await measureServerDisk(sql, toolbox);
    default:
      throw new Error(`${measure} is measured by nobody`);
  }
}

/** The names that are shown of many. */
const MOST_NAMED = 3;

async function measureMigrations(
  sql: Sql,
  measure: "pending_migrations" | "migrations_in_doubt",
  subject: TargetMigrations,
): Promise<Measured> {
  if (subject.settings.command !== undefined) return none("another tool migrates");
  try {
    const files = await subject.files();
    const { pending, inDoubt, foreignDoubt } = await readStatus(sql, await ledgerWhere(subject, subject.target), files);
    if (measure === "migrations_in_doubt" && foreignDoubt !== undefined) {
      return figure(inDoubt.length + 1, `version ${foreignDoubt}`);
    }
    const found = measure === "pending_migrations" ? pending : inDoubt;
    return figure(found.length, found.slice(0, MOST_NAMED).map(describeMigration).join(", "));
  } catch (error) {
    return unknown(messageOf(error).split("\n")[0] ?? "");
  }
}

async function measureServerDisk(sql: Sql, toolbox: LiveTarget["toolbox"]): Promise<Measured> {
  const [row] = await sql<{ folder: string | null }[]>`
    select case when pg_catalog.pg_has_role('pg_read_all_settings', 'MEMBER')
           then pg_catalog.current_setting('data_directory') end as folder`;
  if (row?.folder == null) return none("the login may not see where the server's data are");
  const bytes = await toolbox.freeDataBytes(row.folder);
  return bytes === undefined ? none("the server's disk cannot be seen from here") : figure(bytes);
}
