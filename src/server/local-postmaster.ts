/** A private cluster's main process: how it is started and stopped. */
import { chmod, chown, lstat, mkdir, rmdir, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { failure, missingError } from "../errors.ts";
import { errorCode } from "../sys/files.ts";
import type { Command, Runner } from "../sys/process.ts";
import { quoteForShell } from "../sys/shell-word.ts";
import { ToolError } from "../sys/tool-error.ts";
import type { HostPrograms } from "./host-programs.ts";
import { type Account, runAs } from "./local-account.ts";
import { type Cluster, shortHash } from "./local-cluster.ts";
import { findPostmaster, releaseStaleLocks } from "./local-pid.ts";

/** A Unix socket's path may have 107 bytes on Linux, 103 on a Mac. */
const MAX_SOCKET_BYTES = 103;
const RETRY_EVERY_MS = 250;

export interface Control {
  runner: Runner;
  programs: HostPrograms;
  account: Account | undefined;
}

function pgCtl({ programs, account }: Control, cluster: Cluster, args: readonly string[]): Command {
  const command: Command = {
    file: join(programs.folder, "pg_ctl"),
    args: ["-D", cluster.dataFolder, ...args],
    env: { LC_ALL: "C" },
    secrets: [],
    cwd: cluster.home,
  };
  return runAs(account, command);
}

/** Starts the main process and waits until it takes connections. Another pgrove that starts it too is no error. */
export async function startPostmaster(
  control: Control,
  cluster: Cluster,
  port: number,
  { waitMs, abort }: { waitMs: number; abort: AbortSignal },
): Promise<void> {
  const until = Date.now() + waitMs;
  const socketFolder = await prepareSocketFolder(cluster, port, control.account);
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_permissions=0700`;
  const options = `${settings} -c unix_socket_directories=${quoteForShell(socketFolder)}`;
  const seconds = String(Math.max(1, Math.ceil(waitMs / 1000)));
  for (;;) {
    abort.throwIfAborted();
    await releaseStaleLocks(control.runner, cluster, socketFolder);
    const before = await sizeOf(cluster.logFile);
    const start = pgCtl(control, cluster, ["-l", cluster.logFile, "-o", options, "-w", "-t", seconds, "start"]);
    try {
      await control.runner.capture(start, { abort });
      return;
    } catch (error) {
      if (!(error instanceof ToolError) || error.failure.aborted) throw error;
      const log = await readFrom(cluster.logFile, before);
      const running = await findPostmaster(control.runner, cluster);
      if (running?.ready) return;
      if (running === undefined && !isPassing(log)) throw notStarted(error, log, cluster);
      if (Date.now() >= until) throw running === undefined ? notStarted(error, log, cluster) : stillStarting(log);
      await Bun.sleep(RETRY_EVERY_MS);
    }
  }
}

/** Children of a killed main process hold its memory until they have noticed; another pgrove may be just quicker. */
function isPassing(log: string): boolean {
  return /pre-existing shared memory block|lock file "postmaster\.pid" already exists/i.test(log);
}

function notStarted(error: ToolError, log: string, cluster: Cluster) {
  const words = tail(log) || error.failure.stderr.map((line) => `  ${line}`).join("\n");
  return failure(
    "server_not_started",
    `the local server did not start; its log says:\n${words}`,
    `the whole log: ${cluster.logFile}`,
    error,
  );
}

function stillStarting(log: string) {
  return missingError("server_starting", `the local server is still starting:\n${tail(log)}`, "pgrove logs -f");
}

function tail(log: string): string {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  return lines
    .slice(-8)
    .map((line) => `  ${line}`)
    .join("\n");
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return 0;
    throw error;
  }
}

async function readFrom(path: string, offset: number): Promise<string> {
  return await Bun.file(path)
    .slice(offset)
    .text()
    .catch(() => ""); // no log: pg_ctl's own words are shown
}

/** Ends the main process, with every session of it. */
export async function stopPostmaster(control: Control, cluster: Cluster): Promise<void> {
  const stop = pgCtl(control, cluster, ["-m", "fast", "-w", "-t", "60", "stop"]);
  try {
    await control.runner.capture(stop);
  } catch (error) {
    if ((await findPostmaster(control.runner, cluster)) !== undefined) throw error;
  }
  // Made again by every start; it may lie outside what is removed with the cluster.
  await rmdir(socketFolderOf(cluster, cluster.settings.port, control.account)).catch(() => undefined);
}

/** Where the socket lies: in the cluster's home, or behind a short name where that path is too long for a socket. */
export function socketFolderFor(cluster: Pick<Cluster, "home">, port: number, uid: number): string {
  const beside = join(cluster.home, "socket");
  const plain = /^[\w./-]+$/.test(beside);
  if (plain && Buffer.byteLength(`${beside}/.s.PGSQL.${port}.lock`) <= MAX_SOCKET_BYTES) return beside;
  return `/tmp/pgrove-${uid}-${shortHash(cluster.home)}`;
}

function socketFolderOf(cluster: Cluster, port: number, account: Account | undefined): string {
  return socketFolderFor(cluster, port, account?.uid ?? process.getuid?.() ?? 0);
}

async function prepareSocketFolder(cluster: Cluster, port: number, account: Account | undefined): Promise<string> {
  const uid = account?.uid ?? process.getuid?.() ?? 0;
  const folder = socketFolderOf(cluster, port, account);
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") throw error;
  });
  const found = await lstat(folder);
  const mine = found.uid === uid || found.uid === process.getuid?.();
  if (!found.isDirectory() || !mine) {
    throw failure("socket_folder", `${folder} belongs to somebody else; the server's socket must lie there`);
  }
  await chmod(folder, 0o700);
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  return folder;
}

/** Whether nothing listens on the port of the loopback address. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Below the ports that the system hands out by itself, so that nobody meets ours by chance. */
const FIRST_PORT = 15_432;
const PORT_COUNT = 10_000;

/** A free port that is always tried first for the same folder. */
export async function choosePort(folder: string, isFree: (port: number) => Promise<boolean> = isPortFree) {
  const preferred = Number.parseInt(shortHash(folder).slice(0, 8), 16) % PORT_COUNT;
  for (let step = 0; step < PORT_COUNT; step++) {
    const port = FIRST_PORT + ((preferred + step) % PORT_COUNT);
    if (await isFree(port)) return port;
  }
  throw failure("no_port", `no port between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT - 1} is free`);
}
