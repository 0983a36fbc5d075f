/** Watches the server's free space while something is loaded: a small dump may unpack to more than there is. */
import { failure } from "../errors.ts";
import { endRunSessions } from "../postgres/admin.ts";
import { readDataDirectory } from "../postgres/catalog.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "./work.ts";

/** What has to stay free: a part of what was, so that others can go on writing. */
const KEPT_SHARE = 0.1;
/** Two files of the write-ahead log, and what is written between two looks: to drop what was loaded needs the next file. */
const LEAST_KEPT_BYTES = 40 << 20;
const MOST_KEPT_BYTES = 512 << 20;
/** No load fills a disk faster. */
const FASTEST_BYTES_PER_MS = 500_000;
/** What is loaded sooner needs no look. */
const FIRST_MS = 250;
/** Where little is left, a look follows the other: each takes a while by itself. */
const SHORTEST_MS = 10;
const LONGEST_MS = 10_000;

/**
 * The body; before the server's disk is full, the run's work in the server is ended, and (exit 1) that is what is thrown. Where
 * the disk cannot be seen, nothing is watched.
 */
export async function watchingRoom<T>(work: Work, { toolbox, target }: LiveTarget, body: () => Promise<T>): Promise<T> {
  const ended = Promise.withResolvers<void>();
  let low: { free: number; first: number } | undefined;
  const watching = (async () => {
    if (await isSettledWithin(ended.promise, FIRST_MS)) return;
    const folder = await readDataDirectory(work.control);
    const look = () => (folder === null ? Promise.resolve(undefined) : toolbox.freeDataBytes(folder));
    const first = await look();
    if (first === undefined) return;
    const kept = Math.min(Math.max(first * KEPT_SHARE, LEAST_KEPT_BYTES), MOST_KEPT_BYTES);
    for (let free: number | undefined = first; free !== undefined; free = await look()) {
      if (free < kept) {
        low = { free, first };
        await endRunSessions(work.control, work.operation.run);
      }
      const waitMs = Math.max((free - kept) / FASTEST_BYTES_PER_MS, SHORTEST_MS);
      if (await isSettledWithin(ended.promise, Math.min(waitMs, LONGEST_MS))) return;
    }
  })().catch(() => undefined); // what ends the session that watches ends the body, which says why
  try {
    return await body();
  } catch (error) {
    if (low === undefined || work.operation.abort.aborted) throw error;
    const megabytes = (bytes: number) => `${Math.floor(bytes / 1e6)} MB`;
    throw failure(
      "server_disk_full",
      `the server's disk was nearly full, so loading was stopped: ${megabytes(low.free)} free of ${megabytes(low.first)}; ${target.label} was not touched`,
      "make room on the server's disk: what is loaded stands beside what it replaces",
    ); // without its cause, which is only that the work was ended
  } finally {
    ended.resolve();
    await watching;
  }
}

async function isSettledWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  const settled = await Promise.race([promise.then(() => true as const), late.promise]);
  clearTimeout(timer);
  return settled;
}
