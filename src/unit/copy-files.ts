/** `CREATE DATABASE … TEMPLATE`: PostgreSQL copies the files itself, in about a second for a gigabyte. */
import { refusal } from "../errors.ts";
import {
  connectForAdmin,
  databaseSizeBytes,
  describeLeftOut,
  listSubscriptions,
  requireValid,
} from "../postgres/admin.ts";
import { readVersionNumber } from "../postgres/changeable-settings.ts";
import { codeOf } from "../postgres/connect.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { endSessions, findHold, type Hold, listExtensionWorkers, listSessions } from "../postgres/occupants.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { createScratch, inScratch } from "./scratch.ts";
import { readProperties, whileEndingSessions } from "./swap.ts";
import type { Built, CopyFill } from "./unit.ts";

/**
 * From this size on FILE_COPY wins: it forces two checkpoints (about 100 ms), where WAL_LOG writes each block to the
 * log. `bench/` compares both.
 */
const FILE_COPY_FROM_BYTES = 48 << 20;
const FIRST_WITH_STRATEGY = 150_000;
const TRIES = 5;

/** What keeps the source from being a template, and from being saved as it is. */
async function findObstacle({ control, operation }: Work, { database }: LiveTarget): Promise<Hold | undefined> {
  const [row] = await control<{ prepared: string | null; allowed: boolean }[]>`
    select (select string_agg(gid, ', ') from pg_prepared_xacts where database = ${database}) as prepared,
           (select rolsuper from pg_roles where rolname = current_user)
           or (select datistemplate or pg_has_role(datdba, 'USAGE') from pg_database
                where datname = ${database}) as allowed`;
  const code = "not_copyable";
  if (row?.prepared != null) {
    const why = `${database} has prepared transactions (${row.prepared})`;
    return { code, why, wayOut: "end them: COMMIT or ROLLBACK PREPARED" };
  }
  if (row?.allowed === false) {
    const why = `${database} belongs to another role`;
    return { code, why, wayOut: "log in as that role: database.user in pgrove.yaml" };
  }
  return await findHold(control, database, operation.run, operation.abort);
}

const FIRST_WITH_COLLATION_VERSION = 150_000;

/** A collation of another version than the system's: PostgreSQL makes no copy of files that were sorted by it. */
async function findCollationChange({ control }: Work, { database }: LiveTarget): Promise<Hold | undefined> {
  if ((await readVersionNumber(control)) < FIRST_WITH_COLLATION_VERSION) return undefined;
  const [row] = await control<{ made: string; now: string | null }[]>`
    select datcollversion as made, pg_database_collation_actual_version(oid) as now from pg_database
     where datname = ${database} and datcollversion is distinct from pg_database_collation_actual_version(oid)
       and datcollversion is not null`;
  if (row === undefined) return undefined;
  const name = quoteIdentifier(database);
  return {
    code: "collation_changed",
    why: `${database} was made with version ${row.made} of its collation, and the system has ${row.now ?? "none"}`,
    wayOut: `REINDEX DATABASE ${name}; then ALTER DATABASE ${name} REFRESH COLLATION VERSION`,
  };
}

/** Throws (exit 5) when a source cannot be saved as it is. */
export async function requireCopyable(work: Work, source: LiveTarget): Promise<void> {
  const obstacle = await findObstacle(work, source);
  if (obstacle !== undefined) throw notCopyable(obstacle);
}

function notCopyable({ code, why, wayOut }: Hold) {
  return refusal(code, `${why}, so it cannot be copied as a template`, wayOut);
}

/** How a source is copied within or between servers, the sessions that are in the way asked about or waited for. */
export async function chooseStrategy(
  work: Work,
  source: LiveTarget,
  { strategy, schemaOnly, oneServer, whenBusy }: CopyFill,
): Promise<Built["strategy"]> {
  const isPart = schemaOnly || source.target.schema !== undefined;
  if (!oneServer || strategy === "stream" || isPart) return "stream";
  await requireValid(work.control, source.database);
  const obstacle = (await findObstacle(work, source)) ?? (await findCollationChange(work, source));
  if (obstacle !== undefined && strategy === "template") throw notCopyable(obstacle);
  if (obstacle !== undefined) {
    work.tools.note(`${obstacle.why}: streaming instead`);
    return "stream";
  }
  const workers = strategy === "auto" ? await listExtensionWorkers(work.control, source.database) : [];
  if (workers.length > 0) {
    work.tools.note(`${workers.join(", ")} works in ${source.database} and might not come back: streaming instead`);
    return "stream";
  }
  const sessions = await listSessions(work.control, source.database, work.operation.run);
  if (sessions.length === 0 || strategy === "template") return "template";
  const choice = await whenBusy(sessions);
  if (choice === "wait") await waitUntilLeft(work, source.database);
  return choice === "stream" ? "stream" : "template";
}

/**
 * Copies a database of the server into the run's scratch database, ending its sessions for that moment. The copy gets
 * the owner of the database `like`.
 */
export async function copyIntoScratch(work: Work, template: string, like: string): Promise<string> {
  const { control, operation } = work;
  const subscriptions = await listSubscriptions(control, template);
  const leftOut = describeLeftOut(subscriptions);
  if (leftOut !== undefined) work.tools.note(leftOut);
  const sizeBytes = await databaseSizeBytes(control, template);
  work.tools.progress({ phase: "copy", totalBytes: sizeBytes });
  const { owner } = await readProperties(control, like);
  const method = sizeBytes >= FILE_COPY_FROM_BYTES ? "file_copy" : "wal_log";
  const strategy = (await readVersionNumber(control)) >= FIRST_WITH_STRATEGY ? ` strategy ${method}` : "";
  const second = () => connectForAdmin(work.toolbox, operation.run, [template, like]);
  for (let attempt = 1; ; attempt++) {
    await endSessions(control, template, operation.run);
    try {
      const scratch = await whileEndingSessions(second, { occupied: [template], run: operation.run }, () =>
        createScratch(
          work,
          (name) =>
            `create database ${quoteIdentifier(name)} template ${quoteIdentifier(template)} owner ${quoteIdentifier(owner)}${strategy}`,
        ),
      );
      if (subscriptions.length > 0) await inScratch(work, scratch, forgetSubscribed);
      return scratch;
    } catch (error) {
      if (codeOf(error) !== "55006" || attempt === TRIES) throw error; // somebody came back at once
    }
  }
}

/** Takes out which tables the left-out subscriptions were filling: PostgreSQL drops none that one is not done with. */
async function forgetSubscribed(sql: Sql): Promise<void> {
  const [row] = await sql<{ may: boolean }[]>`select rolsuper as may from pg_roles where rolname = current_user`;
  if (row?.may === true) await sql`delete from pg_subscription_rel`;
}

const LOOK_EVERY_MS = 300;

/** Resolves when nobody is connected to the database any more. */
async function waitUntilLeft(work: Work, database: string): Promise<void> {
  work.tools.note(`waiting until nobody is connected to ${database}; Ctrl-C gives up`);
  while ((await listSessions(work.control, database, work.operation.run)).length > 0) {
    await Bun.sleep(LOOK_EVERY_MS);
    work.operation.abort.throwIfAborted();
  }
}
