/** The server of a soak: one on this machine that is reached over a network which can be cut, or one in a container. */
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Subprocess } from "bun";
import postgres, { type Sql } from "postgres";
import { findHostPrograms } from "../../src/server/host-programs.ts";
import { findAccount, runAs } from "../../src/server/local-account.ts";
import { systemRunner } from "../../src/sys/process.ts";
import { Relay } from "../support/cut-relay.ts";
import { run, runOk, waitFor } from "../support/engine/run.ts";
import { startServer, type TestServer } from "../support/engine/server.ts";
import { findFreePort } from "../support/free-port.ts";
import { Disk } from "./disks.ts";

export type ServerKind = "host" | "container";

export interface SoakServer {
  readonly kind: ServerKind;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The disk of its databases, where it has one of its own; its log of changes lies elsewhere. */
  readonly disk: Disk | undefined;
  readonly container: string | undefined;
  /** Restarts it in order, or as after a crash. */
  restart(how: "in order" | "crash"): Promise<void>;
  /** Waits until it takes connections; it is started again where it has ended itself, as one does whose disk is full. */
  revive(): Promise<void>;
  /** How often it has begun anew by itself, its sessions lost: so it does when one of its processes dies. */
  countCrashes(): Promise<number>;
  /** Whether programs of a run, dead or not, are at work beside the server, where this machine's processes do not show whose. */
  hasPrograms(): Promise<boolean>;
  /** What a run has left in temporary files, beside databases and sessions. */
  temporaryFiles(): Promise<string[]>;
  remove(): Promise<void>;
}

/** A session with a database. */
export function connectTo(server: SoakServer, database: string): Sql {
  const login = { host: "127.0.0.1", port: server.port, user: server.user, pass: server.password, database };
  return postgres({ ...login, max: 1, fetch_types: false, onnotice: () => undefined });
}

const SETTINGS = [
  "fsync=off",
  "full_page_writes=off",
  "wal_level=minimal",
  "max_wal_senders=0",
  "max_wal_size=64MB",
  "jit=off",
  "autovacuum=off",
  "shared_buffers=16MB",
];

/** Starts one; what it needs on this machine's disks goes below the folder, which others may pass through. */
export async function openSoakServer(kind: ServerKind, folder: string): Promise<SoakServer> {
  return kind === "host" ? await HostServer.create(folder) : await ContainerServer.create();
}

function countCrashes(log: string): number {
  return log.split("all server processes terminated; reinitializing").length - 1;
}

class HostServer implements SoakServer {
  readonly kind = "host";
  readonly user = "postgres";
  readonly password = "";
  readonly container = undefined;
  private child: Subprocess | undefined;

  private constructor(
    readonly port: number,
    readonly disk: Disk,
    private readonly command: (program: string, args: readonly string[]) => string[],
    private readonly place: { data: string; log: string },
  ) {}

  /** Its data lie on a disk that can be filled; the log of changes does not, since without room for it a server ends itself. */
  static async create(folder: string): Promise<HostServer> {
    const programs = (await findHostPrograms(systemRunner)).find(({ hasServer }) => hasServer);
    if (programs === undefined) throw new Error("the soak needs PostgreSQL's programs on this machine");
    const account = await findAccount();
    const command = (program: string, args: readonly string[]) => {
      const { file, args: all } = runAs(account, {
        ...{ file: join(programs.folder, program), args, env: {}, secrets: [] },
      });
      return [file, ...all];
    };
    const [data, wal, log] = [join(folder, "data"), join(folder, "wal"), join(folder, "server.log")];
    await Promise.all([mkdir(data), mkdir(wal), writeFile(log, "")]);
    const disk = await Disk.mount(data, 2048);
    const inside = join(data, "cluster");
    await mkdir(inside);
    if (account !== undefined)
      await Promise.all([inside, wal, log].map((path) => chown(path, account.uid, account.gid)));
    const [initdb = "", ...args] = command("initdb", [
      ...["-D", inside, "--waldir", join(wal, "w"), "-U", "postgres", "--auth=trust", "--no-sync"],
      ...["--encoding=UTF8", "--locale=C"],
    ]);
    await runOk(initdb, args, { cwd: folder });
    const server = new HostServer(await findFreePort(), disk, command, { data: inside, log });
    await server.start();
    return server;
  }

  async restart(how: "in order" | "crash"): Promise<void> {
    this.child?.kill(how === "crash" ? "SIGQUIT" : "SIGINT");
    await this.child?.exited;
    await this.start();
  }

  async revive(): Promise<void> {
    if (this.child?.exitCode === null) await this.waitUntilUp();
    else await this.start();
  }

  async countCrashes(): Promise<number> {
    return countCrashes(await Bun.file(this.place.log).text());
  }

  async hasPrograms(): Promise<boolean> {
    return false;
  }

  async temporaryFiles(): Promise<string[]> {
    return [];
  }

  async remove(): Promise<void> {
    this.child?.kill("SIGQUIT");
    await this.child?.exited;
    await this.disk.remove();
  }

  /** The server ends with this process, however that ends. */
  private async start(): Promise<void> {
    const settings = [...SETTINGS, "unix_socket_directories=", `port=${this.port}`].flatMap((each) => ["-c", each]);
    const [file = "", ...args] = this.command("postgres", ["-D", this.place.data, ...settings]);
    const separator = args.lastIndexOf("--") + 1;
    const tied = [...args.slice(0, separator), "setpriv", "--pdeathsig", "KILL", ...args.slice(separator)];
    this.child = Bun.spawn(separator === 0 ? ["setpriv", "--pdeathsig", "KILL", file, ...args] : [file, ...tied], {
      stdio: ["ignore", Bun.file(this.place.log), Bun.file(this.place.log)],
      cwd: this.place.data,
    });
    await this.waitUntilUp();
  }

  private async waitUntilUp(): Promise<void> {
    const isUp = async () => {
      if (this.child?.exitCode !== null)
        throw new Error(`the server has ended: ${await Bun.file(this.place.log).text()}`);
      const sql = connectTo(this, "postgres");
      const answer = await sql`select 1`.catch(() => undefined);
      await sql.end({ timeout: 1 });
      return answer !== undefined;
    };
    await waitFor("the server to take connections", 30_000, isUp, 20);
  }
}

class ContainerServer implements SoakServer {
  readonly kind = "container";
  readonly disk = undefined;

  private constructor(
    private readonly server: TestServer,
    /** Its own port is another one after each restart. */
    private readonly relay: Relay,
  ) {}

  static async create(): Promise<ContainerServer> {
    const server = await startServer({ major: 17, command: ["postgres", "-c", "fsync=off"] });
    return new ContainerServer(server, await Relay.start(() => server.port ?? 0));
  }

  get port(): number {
    return this.relay.port;
  }

  get container(): string {
    return this.server.container;
  }

  get user(): string {
    return this.server.user;
  }

  get password(): string {
    return this.server.password;
  }

  async restart(how: "in order" | "crash"): Promise<void> {
    if (how === "crash") await this.server.kill();
    await runOk("docker", how === "crash" ? ["start", this.container] : ["restart", "-t", "30", this.container]);
    await this.server.waitUntilReady();
  }

  async revive(): Promise<void> {
    await this.server.waitUntilReady();
  }

  async countCrashes(): Promise<number> {
    const { stdout, stderr } = await run("docker", ["logs", this.container]);
    return countCrashes(stdout + stderr);
  }

  /** What docker was asked to start begins a moment after whoever asked has died: two looks. */
  async hasPrograms(): Promise<boolean> {
    for (let look = 0; look < 2; look++) {
      if (look > 0) await Bun.sleep(500);
      const programs = (await runOk("docker", ["top", this.container, "-eo", "pid,comm"])).trim().split("\n").slice(1);
      if (programs.some((line) => !/ postgres$/.test(line))) return true;
    }
    return false;
  }

  async temporaryFiles(): Promise<string[]> {
    const listed = await this.server.exec(["ls", "-A", "/tmp"]);
    const clients = ["ps", "-a", "--filter", "label=dev.pgrove.run", "--format", '{{.Label "dev.pgrove.run"}}'];
    return [...listed.stdout.split("\n"), ...(await runOk("docker", clients)).split("\n")];
  }

  async remove(): Promise<void> {
    this.relay.stop();
    await this.server.remove();
  }
}
