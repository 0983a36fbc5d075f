/** `CREATE DATABASE … TEMPLATE`: PostgreSQL copies the files itself, in about a second for a gigabyte. */
import { refusal } from "../errors.ts";
import { connectForAdmin, databaseSizeBytes, describeLeftOut, listSubscriptions } from "../postgres/admin.ts";
import { codeOf } from "../postgres/connect.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { endSessions, findHold, listSessions } from "../postgres/occupants.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import { createScratch } from "./scratch.ts";
import { readProperties, whileEndingSessions } from "./swap.ts";
import type { Built, CopyFill } from "./unit.ts";

/**
 * From this size on FILE_COPY wins: it forces two checkpoints (about 100 ms), where WAL_LOG writes each block to the
 * log. `bench/` compares both.
 */
const FILE_COPY_FROM_BYTES = 48 << 20;
const FIRST_WITH_STRATEGY = 150_000;
const TRIES = 5;

/**
 * What keeps the source from being a template: a sentence, or undefined. With `insist` it is thrown (exit 5) instead.
 */
export async function requireCopyable(work: Work, source: LiveTarget, insist: boolean): Promise<string | undefined> {
  const [row] = await work.control<{ prepared: string | null; allowed: boolean }[]>`
    select (select string_agg(gid, ', ') from pg_prepared_xacts where database = ${source.database}) as prepared,
           (select rolsuper from pg_roles where rolname = current_user)
           or (select datistemplate or pg_has_role(datdba, 'USAGE') from pg_database
                where datname = ${source.database}) as allowed`;
  const { control, operation } = work;
  const code = "not_copyable";
  const hold =
    row?.prepared != null
      ? {
          why: `${source.database} has prepared transactions (${row.prepared})`,
          ...{ code, wayOut: "end them: COMMIT or ROLLBACK PREPARED" },
        }
      : row?.allowed === false
        ? {
            why: `${source.database} belongs to another role`,
            ...{ code, wayOut: "log in as that role: database.user in pgrove.yaml" },
          }
        : await findHold(control, source.database, operation.run, operation.abort);
  if (hold !== undefined && insist)
    throw refusal(hold.code, `${hold.why}, so it cannot be copied as a template`, hold.wayOut);
  return hold?.why;
}

/** How a source is copied within or between servers, the sessions that are in the way asked about or waited for. */
export async function chooseStrategy(
  work: Work,
  source: LiveTarget,
  { strategy, schemaOnly, oneServer, whenBusy }: CopyFill,
): Promise<Built["strategy"]> {
  const isPart = schemaOnly || source.target.schema !== undefined;
  if (!oneServer || strategy === "stream" || isPart) return "stream";
  const blocked = await requireCopyable(work, source, strategy === "template");
  if (blocked !== undefined) {
    work.tools.note(`${blocked}: streaming instead`);
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
  const leftOut = describeLeftOut(await listSubscriptions(control, template));
  if (leftOut !== undefined) work.tools.note(leftOut);
  const sizeBytes = await databaseSizeBytes(control, template);
  work.tools.progress({ phase: "copy", totalBytes: sizeBytes });
  const { owner } = await readProperties(control, like);
  const [version] = await control<{ number: number }[]>`select current_setting('server_version_num')::int as number`;
  const method = sizeBytes >= FILE_COPY_FROM_BYTES ? "file_copy" : "wal_log";
  const strategy = (version?.number ?? 0) >= FIRST_WITH_STRATEGY ? ` strategy ${method}` : "";
  const second = () => connectForAdmin(work.toolbox, operation.run, [template, like]);
  for (let attempt = 1; ; attempt++) {
    await endSessions(control, template, operation.run);
    try {
      return await whileEndingSessions(second, { occupied: [template], run: operation.run }, () =>
        createScratch(
          work,
          (name) =>
            `create database ${quoteIdentifier(name)} template ${quoteIdentifier(template)} owner ${quoteIdentifier(owner)}${strategy}`,
        ),
      );
    } catch (error) {
      if (codeOf(error) !== "55006" || attempt === TRIES) throw error; // somebody came back at once
    }
  }
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
