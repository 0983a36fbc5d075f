/** `seed` without names: runs the SQL seed files that the target has not seen as they are now. */

import { entrySql, sessionOptions } from "../../resolve/reach.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { openPsql } from "../../sql/psql.ts";
import type { OperationTools } from "../../sys/operation.ts";
import { userName } from "../../sys/operation.ts";
import { newRunId } from "../../sys/run-id.ts";
import { withWork } from "../../work/work.ts";
import { placeSeedLedger, readAppliedFiles } from "../seed-ledger.ts";
import { seedSubject, withSeedSession, withWorkSession } from "./seed-session.ts";
import type { SeedFile } from "./sql-files.ts";
import { runSeedFiles, shapeSeedFiles } from "./sql-run.ts";
import type { ShapedFile } from "./sql-session.ts";

export interface FilesRequest {
  files: readonly SeedFile[];
  /** Run unchanged ones as well. */
  force: boolean;
  /** One transaction around all of them. */
  transaction: boolean;
  /** Asked before anything is run, with the files' names; throws when it is not wanted. */
  consent(files: readonly string[]): Promise<void>;
}

/** Files by their names, in the order in which they run. */
export interface FilesResult {
  applied: string[];
  unchanged: string[];
}

/** Which files would run, and which the target has seen as they are. One round trip; nothing is changed. */
export async function planFiles(
  tools: Pick<OperationTools, "clock">,
  live: LiveTarget,
  { files, force }: Pick<FilesRequest, "files" | "force">,
): Promise<{ pending: SeedFile[]; unchanged: string[] }> {
  if (files.length === 0) return { pending: [], unchanged: [] };
  const ledger = placeSeedLedger(live.target.schema);
  const known = await withSeedSession(live, newRunId(tools.clock.now()), (sql) => readAppliedFiles(sql, ledger));
  return divide(files, known, force);
}

/** Whether the ledger has that hash for the file. */
export async function isApplied(
  tools: Pick<OperationTools, "clock">,
  live: LiveTarget,
  { file, hash }: Pick<SeedFile, "file" | "hash">,
): Promise<boolean> {
  const ledger = placeSeedLedger(live.target.schema);
  const known = await withSeedSession(live, newRunId(tools.clock.now()), (sql) => readAppliedFiles(sql, ledger));
  return known.get(file) === hash;
}

function divide(files: readonly SeedFile[], known: ReadonlyMap<string, string>, force: boolean) {
  const pending = files.filter(({ file, hash }) => force || known.get(file) !== hash);
  const unchanged = files.filter((file) => !pending.includes(file)).map(({ file }) => file);
  return { pending, unchanged };
}

/** Runs the files that the target has not seen as they are. When that is none, no operation begins. */
export async function seedFiles(tools: OperationTools, live: LiveTarget, request: FilesRequest): Promise<FilesResult> {
  const { transaction } = request;
  const first = await planFiles(tools, live, request);
  if (first.pending.length === 0) return { applied: [], unchanged: first.unchanged };
  await shapeSeedFiles(first.pending, transaction); // what cannot be run is said before anybody is asked
  await tools.mayRun?.(first.pending.map(({ path }) => path));
  await request.consent(first.pending.map(({ file }) => file));
  return await withWork(tools, live, seedSubject("seed", live), async (work) => {
    const ledger = placeSeedLedger(live.target.schema);
    return await withWorkSession(work, live, async (sql) => {
      // Another run may have been at it until this one had its claim.
      const { pending, unchanged } = divide(request.files, await readAppliedFiles(sql, ledger), request.force);
      const shaped: ShapedFile[] = await shapeSeedFiles(pending, transaction);
      const { run } = work.operation;
      const entry = entrySql(live.target);
      const begun = (file: string) => tools.progress({ phase: "seed", subject: file });
      const psql = openPsql(live, tools, work.operation, sessionOptions(live.target));
      await runSeedFiles({ sql, psql, ledger, entry, facts: { by: userName(), run }, begun }, shaped, transaction);
      const applied = pending.map(({ file }) => file);
      Object.assign(work.operation.details, { files: applied });
      return { applied, unchanged };
    });
  });
}
