/** Whether a private cluster's main process runs, by the files that it leaves. */
import { readdir, readlink, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, readTextIfExists } from "../sys/files.ts";
import type { Command, Runner } from "../sys/process.ts";
import { type Cluster, isAlive } from "./local-cluster.ts";

export interface Postmaster {
  pid: number;
  port: number;
  startedAt: string;
  /** It takes connections. */
  ready: boolean;
}

/** The running main process, from postmaster.pid; undefined when none runs, whatever file it left. */
export async function findPostmaster(runner: Runner, cluster: Cluster): Promise<Postmaster | undefined> {
  const text = await readTextIfExists(join(cluster.dataFolder, "postmaster.pid"));
  const found = text === undefined ? undefined : parsePostmasterFile(text);
  return found !== undefined && isAlive(found.pid) && (await serves(runner, found.pid, cluster)) ? found : undefined;
}

/**
 * The lines of postmaster.pid: pid, data folder, start time, port, socket folder, address, shared memory, status.
 * https://www.postgresql.org/docs/current/storage-file-layout.html
 */
export function parsePostmasterFile(text: string): Postmaster | undefined {
  const lines = text.split("\n");
  const [pid, started, port] = [Number(lines[0]), Number(lines[2]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(started) || !Number.isInteger(port)) return undefined;
  const startedAt = new Date(started * 1000).toISOString();
  return { pid, port, startedAt, ready: lines[7]?.trim() === "ready" };
}

/** After a reboot another program, or another cluster, can have the number of the old main process. */
async function serves(runner: Runner, pid: number, { dataFolder }: Cluster): Promise<boolean> {
  if (process.platform === "linux") {
    const folder = await realpath(dataFolder);
    try {
      return (await readlink(`/proc/${pid}/cwd`)) === folder;
    } catch (error) {
      if (errorCode(error) !== "EACCES" && errorCode(error) !== "EPERM") return false;
    }
    // A stranger's; or one's own, in a container whose root may not look at others' processes. Arguments anybody may read.
    const words = (await readTextIfExists(`/proc/${pid}/cmdline`))?.split("\0") ?? [];
    return words[words.indexOf("-D") + 1] === dataFolder || words[words.indexOf("-D") + 1] === folder;
  }
  const ps: Command = { file: "ps", args: ["-ww", "-o", "args=", "-p", String(pid)], env: {}, secrets: [] };
  return (await runner.capture(ps, { allowFailure: true })).stdout.includes(dataFolder);
}

/** Above every number that a system gives to a process. */
const NO_PROCESS = "99999999";

/**
 * Frees what a killed main process has locked. PostgreSQL does so itself, unless its old number belongs to somebody else
 * by now or to a zombie that nobody buries. postmaster.pid stays, under a number that nobody has: its further lines are
 * how PostgreSQL finds out whether children of the old one still live.
 */
export async function releaseStaleLocks(runner: Runner, cluster: Cluster, socketFolder: string): Promise<void> {
  const path = join(cluster.dataFolder, "postmaster.pid");
  const text = await readTextIfExists(path);
  const pid = text === undefined ? undefined : parsePostmasterFile(text)?.pid;
  if (text !== undefined && pid !== undefined && isAlive(pid) && !(await serves(runner, pid, cluster))) {
    await writeFile(path, text.replace(/^\d+/, NO_PROCESS));
  }
  for (const name of await readdir(socketFolder)) {
    if (!name.endsWith(".lock")) continue;
    const lock = join(socketFolder, name);
    const owner = Number.parseInt((await readTextIfExists(lock)) ?? "", 10);
    if (Number.isInteger(owner) && !(await serves(runner, owner, cluster))) await rm(lock, { force: true });
  }
}
