/** `CREATE DATABASE … TEMPLATE`: PostgreSQL copies the files itself, in about a second for a gigabyte. */
import { refusal } from "../errors.ts";
import {
  connectForAdmin,
  databaseSizeBytes,
  describeLeftOut,
  endSessions,
  listSubscriptions,
} from "../postgres/admin.ts";
import { codeOf } from "../postgres/connect.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { readProperties, whileEndingSessions } from "../postgres/swap.ts";
import { createScratch } from "../target/scratch.ts";
import type { LiveTarget } from "../target/target.ts";
import type { Work } from "../target/work.ts";

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
  const why =
    row?.prepared != null
      ? `${source.database} has prepared transactions (${row.prepared})`
      : row?.allowed === false
        ? `${source.database} belongs to another role`
        : undefined;
  if (why !== undefined && insist) throw refusal("not_copyable", `${why}, so it cannot be copied as a template`);
  return why;
}

/** Copies the source into the run's scratch database, ending the sessions of the source for that moment. */
export async function copyByTemplate(
  work: Work,
  source: LiveTarget,
  target: LiveTarget,
  exists: boolean,
): Promise<string> {
  const { control, operation } = work;
  const leftOut = describeLeftOut(await listSubscriptions(control, source.database));
  if (leftOut !== undefined) work.tools.note(leftOut);
  const sizeBytes = await databaseSizeBytes(control, source.database);
  work.tools.progress({ phase: "copy", totalBytes: sizeBytes });
  const keeper = exists ? target.database : source.database;
  const { owner } = await readProperties(control, keeper);
  const [version] = await control<{ number: number }[]>`select current_setting('server_version_num')::int as number`;
  const method = sizeBytes >= FILE_COPY_FROM_BYTES ? "file_copy" : "wal_log";
  const strategy = (version?.number ?? 0) >= FIRST_WITH_STRATEGY ? ` strategy ${method}` : "";
  const second = () => connectForAdmin(work.toolbox, operation.run, [source.database, target.database]);
  for (let attempt = 1; ; attempt++) {
    await endSessions(control, source.database, operation.run);
    try {
      return await whileEndingSessions(second, { occupied: [source.database], run: operation.run }, () =>
        createScratch(
          work,
          (name) =>
            `create database ${quoteIdentifier(name)} template ${quoteIdentifier(source.database)} owner ${quoteIdentifier(owner)}${strategy}`,
        ),
      );
    } catch (error) {
      if (codeOf(error) !== "55006" || attempt === TRIES) throw error; // somebody came back at once
    }
  }
}
