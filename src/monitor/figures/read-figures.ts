/** Measures targets: each server, store and repository is asked once, and of what nobody wants to know nothing is asked. */
import { MEASURES, type Measure } from "../../config/measures.ts";
import type { KeyPlace } from "../../dump/authorship.ts";
import { messageOf, PgroveError } from "../../errors.ts";
import { ledgerWhere } from "../../migrate/ledger/ledger-session.ts";
import { readStatus } from "../../migrate/ledger/status.ts";
import { describeMigration } from "../../migrate/migration.ts";
import type { TargetMigrations } from "../../migrate/worktree-migrations.ts";
import { readDataDirectory } from "../../postgres/catalog.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { Repository } from "../../repo/git.ts";
import type { LiveTarget, Target } from "../../resolve/target.ts";
import { withTargetSession } from "../../resolve/target-session.ts";
import type { ServerTools } from "../../server/server.ts";
import { inTurns } from "../../sys/in-turns.ts";
import type { JournalEntry } from "../../sys/journal.ts";
import { once } from "../../sys/once.ts";
import type { Runner } from "../../sys/process.ts";
import { newRunId } from "../../sys/run-id.ts";
import { openForSessions } from "../../work/open-sessions.ts";
import { askInside, boundQueries, isAskedInside } from "./database.ts";
import { type DumpHistory, measureDumps, readDumpHistory } from "./dumps.ts";
import { type Figures, figure, isFigure, type Measured, none, unknown } from "./figure.ts";
import { measureOrphans, measureSeeding, measureStoreDisk, readWorktrees } from "./repository.ts";

/** What measuring needs of its surroundings. */
export interface WatchTools extends KeyPlace {
  runner: Runner;
  now: Date;
  storeDir: string;
  stateDir: string;
  /** All of the journal, read once. */
  journal(): Promise<readonly JournalEntry[]>;
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
  const history = once(async () => readDumpHistory(tools.storeDir, tools, await tools.journal(), tools.now));
  const servers = new Set<string>();
  const shares = subjects.map(({ target }, at) => {
    const key = JSON.stringify(target.server);
    const place = { isFirst: at === 0, isNewServer: !servers.has(key) };
    servers.add(key);
    return [...wanted].filter((each) => isOf(each, place));
  });
  return await inTurns([...subjects.entries()], AT_ONCE, async ([at, subject]) => {
    const own = shares[at] ?? [];
    const figures = new Map<Measure, Measured>();
    await measureOutside(figures, subject.target, own, { ...tools, history });
    const mayBeDown = subjects.length > 1 && subject.target.worktree !== undefined;
    await measureInside(figures, subject, own, { ...tools, mayBeDown }, inside?.(subject));
    return { subject, figures };
  });
}

/** As many as `list` asks. */
const AT_ONCE = 8;

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
    const measured = new Map(measureDumps(await tools.history(), name, label));
    // A worktree's database is made anew when it is lost: that nobody dumps it is no finding.
    const isMissed =
      worktree === undefined || hasValue(measured.get("dumps")) || hasValue(measured.get("last_dump_failed"));
    for (const measure of wanted) {
      const own = measured.get(measure);
      if (own !== undefined) figures.set(measure, isMissed ? own : none("it is a worktree's, and was never dumped"));
    }
  }
  for (const measure of wanted) {
    if (measure === "store_disk_free") figures.set(measure, await measureStoreDisk(tools.storeDir));
    if (measure === "seeding_error_rate") {
      figures.set(measure, measureSeeding((await tools.history()).journal, tools.now));
    }
    if (measure === "orphans") figures.set(measure, await findOrphans(tools));
  }
}

/** Whether there is a figure, and it is not 0. */
function hasValue(measured: Measured | undefined): boolean {
  return measured !== undefined && isFigure(measured) && measured.value !== 0;
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

/** What a server that was stopped looks like from here. */
const STOPPED: ReadonlySet<string> = new Set(["server_down", "server_absent", "container_absent"]);

async function measureInside(
  figures: Map<Measure, Measured>,
  subject: TargetMigrations,
  wanted: readonly Measure[],
  tools: WatchTools & { /** One among several that is not in use is no finding. */ mayBeDown: boolean },
  more: Inside | undefined,
): Promise<void> {
  const left = wanted.filter((each) => !figures.has(each));
  if (left.length === 0 && more === undefined) return;
  try {
    const live = await openForSessions(subject.target, tools.serverTools);
    await withTargetSession(live, newRunId(tools.now), async (sql) => {
      await boundQueries(sql);
      for (const measure of left) {
        if (!figures.has(measure)) await measureOne(figures, { sql, live, subject }, measure);
      }
      await more?.(sql, live);
    });
  } catch (error) {
    if (!(error instanceof PgroveError)) throw error;
    const why = messageOf(error).split("\n")[0] ?? "";
    const isIdle = tools.mayBeDown && STOPPED.has(error.code);
    for (const measure of left) figures.set(measure, isIdle ? none("its server is stopped") : unknown(why));
    if (!isIdle && left.includes("database_unreachable")) figures.set("database_unreachable", figure(1, why));
  }
}

interface Session {
  sql: Sql;
  live: LiveTarget;
  subject: TargetMigrations;
}

async function measureOne(figures: Map<Measure, Measured>, session: Session, measure: Measure): Promise<void> {
  const { sql, live, subject } = session;
  if (isAskedInside(measure)) {
    figures.set(measure, await askInside({ sql, schema: live.target.schema ?? null }, measure));
    return;
  }
  switch (measure) {
    case "database_unreachable":
      figures.set(measure, figure(0));
      return;
    case "pending_migrations":
    case "migrations_in_doubt": {
      const { pending, inDoubt } = await measureMigrations(sql, subject);
      figures.set("pending_migrations", pending).set("migrations_in_doubt", inDoubt);
      return;
    }
    case "server_disk_free":
      figures.set(measure, await measureServerDisk(sql, live.toolbox));
      return;
    default:
      throw new Error(`${measure} is measured by nobody`);
  }
}

/** The names that are shown of many. */
const MOST_NAMED = 3;

async function measureMigrations(
  sql: Sql,
  subject: TargetMigrations,
): Promise<Record<"pending" | "inDoubt", Measured>> {
  const both = (measured: Measured) => ({ pending: measured, inDoubt: measured });
  if (subject.settings.command !== undefined) return both(none("another tool migrates"));
  try {
    const files = await subject.files();
    const { pending, inDoubt, foreignDoubt } = await readStatus(sql, await ledgerWhere(subject, subject.target), files);
    const named = (each: readonly Parameters<typeof describeMigration>[0][]) =>
      each.slice(0, MOST_NAMED).map(describeMigration).join(", ");
    const doubted =
      foreignDoubt === undefined
        ? figure(inDoubt.length, named(inDoubt))
        : figure(inDoubt.length + 1, `version ${foreignDoubt}`);
    return { pending: figure(pending.length, named(pending)), inDoubt: doubted };
  } catch (error) {
    return both(unknown(messageOf(error).split("\n")[0] ?? ""));
  }
}

async function measureServerDisk(sql: Sql, toolbox: LiveTarget["toolbox"]): Promise<Measured> {
  const folder = await readDataDirectory(sql);
  if (folder === null) return none("the login may not see where the server's data are");
  const bytes = await toolbox.freeDataBytes(folder);
  return bytes === undefined ? none("the server's disk cannot be seen from here") : figure(bytes);
}
