/** A real PgBouncer in front of a test's server: Debian's package, as an unprivileged user, on a free port of loopback. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackages } from "./engine/apt.ts";
import { withLock } from "./engine/lock.ts";
import { run, waitFor } from "./engine/run.ts";
import type { TestServer } from "./engine/server.ts";
import { findFreePort } from "./free-port.ts";

export type PoolMode = "session" | "transaction" | "statement";

export interface Pooler {
  port: number;
  stop(): Promise<void>;
}

/** Starts one in the given mode, and waits until it answers. Throws where there is none and none can be installed. */
export async function startPooler(server: TestServer, mode: PoolMode): Promise<Pooler> {
  await withLock("pgbouncer", 120_000, async () => {
    if (Bun.which("pgbouncer") === null) await installPackages(["pgbouncer"]);
  });
  const folder = mkdtempSync(join(tmpdir(), "pgrove-pooler-"));
  const port = await findFreePort();
  const config = join(folder, "pgbouncer.ini");
  writeFileSync(config, configOf(server, port, mode));
  chmodSync(folder, 0o755);
  const account = process.getuid?.() === 0 ? ["-u", "nobody"] : []; // it refuses to run as root
  const child = Bun.spawn(["pgbouncer", ...account, config], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const stop = async () => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`PgBouncer has ended with ${child.exitCode}, port ${port}`);
    return await answers(port);
  };
  try {
    await waitFor("PgBouncer to answer", 10_000, isUp, 50);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

function configOf({ port: serverPort, user, password }: TestServer, port: number, mode: PoolMode): string {
  return `[databases]
* = host=127.0.0.1 port=${serverPort} user=${user} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 10
`;
}

async function answers(port: number): Promise<boolean> {
  const answered = await run("bash", ["-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`]);
  return answered.code === 0;
}
