import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { patiently } from "../patience.ts";
import { ensureEngine } from "./engine.ts";
import { ensureImage, type Major } from "./images.ts";
import { withLock } from "./lock.ts";
import { runId, runLabel, testLabel } from "./paths.ts";
import { PsqlShells } from "./psql-shells.ts";
import { type RunOptions, type RunResult, run, runOk } from "./run.ts";

/** What kind of PostgreSQL container to start. */
export interface ServerOptions {
  major: Major;
  env?: Record<string, string>;
  /** Publish the port on 127.0.0.1, at a free number (default true). */
  publish?: boolean;
  name?: string;
  labels?: Record<string, string>;
  /** A named volume for the data; `npm test` removes it at its end. */
  volume?: string;
  /** As docker takes it: `256m`. */
  shmSize?: string;
  /** What to run instead of `postgres`. */
  command?: string[];
  /** Settings besides those that every server of the tests has. */
  settings?: string[];
  /** A folder whose `usr` the container has besides its own. */
  files?: string;
  /** Keep the data on a tmpfs of that size, for tests of a full disk. */
  tmpfsMb?: number;
}

const PASSWORD = "pgrove-test";
const READY_MS = 60_000;
/** Asks the server of user $0 up to $1 times, ten times a second, in one `docker exec`: each costs more than all the asking. */
const UNTIL_READY = `
until pg_isready -q -h 127.0.0.1 -U "$0"; do
  asked=$((asked + 1))
  [ "$asked" -lt "$1" ] || exit 1
  sleep 0.1
done`;

/** The labels that every container, volume and network of the tests must carry to be removed at the end of the run. */
export function testLabels(): Record<string, string> {
  return { [testLabel]: "1", [runLabel]: runId };
}

/** Starts a PostgreSQL container and waits until it takes connections. */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  await ensureEngine();
  const image = await ensureImage(options.major);
  const name = options.name ?? `pgrove-test-${runId}-${options.major}-${randomUUID().slice(0, 8)}`;
  const standard = { POSTGRES_USER: "postgres", POSTGRES_PASSWORD: PASSWORD, POSTGRES_INITDB_ARGS: "--no-sync" };
  const env = { ...standard, ...options.env };
  const labels = Object.entries({ ...options.labels, ...testLabels() });
  const { files } = options;
  const making = files === undefined ? ["run", "-d"] : ["create"];
  const args = [...making, "--name", name, ...labels.flatMap(([key, value]) => ["--label", `${key}=${value}`])];
  for (const [key, value] of Object.entries(env)) args.push("-e", `${key}=${value}`);
  if (options.publish !== false) args.push("-p", "127.0.0.1::5432");
  if (options.shmSize !== undefined) args.push("--shm-size", options.shmSize);
  args.push(
    ...(await dataMount(image, options)),
    image,
    ...(options.command ?? postgresWith(...(options.settings ?? []))),
  );
  await runOk("docker", args);
  if (files !== undefined) {
    await runOk("docker", ["cp", join(files, "usr"), `${name}:/`]);
    await runOk("docker", ["start", name]);
  }
  return attach(new TestServer(name, image, options.major, env.POSTGRES_USER, env.POSTGRES_PASSWORD));
}

/**
 * What to run: a server that leaves the writing to the kernel, which keeps what is written when a server is killed, and
 * keeps little of its log of changes, since its volume may lie in memory.
 */
function postgresWith(...further: string[]): string[] {
  return [
    "postgres",
    ...["fsync=off", "full_page_writes=off", "max_wal_size=128MB", ...further].flatMap((setting) => ["-c", setting]),
  ];
}

const shared = new Map<Major, Promise<TestServer>>();

/**
 * The server of that version which all tests of a run share, each in a database of its own. It is quick rather than
 * durable (fsync off), and allows prepared transactions and logical slots.
 */
export function sharedServer(major: Major): Promise<TestServer> {
  const known = shared.get(major) ?? findOrStartShared(major);
  shared.set(major, known);
  return known;
}

async function findOrStartShared(major: Major): Promise<TestServer> {
  await ensureEngine();
  const name = `pgrove-test-${runId}-shared-${major}`;
  return withLock(name, 120_000, async () => {
    const there = await run("docker", ["inspect", "-f", "{{.State.Running}} {{.Config.Image}}", name]);
    if (there.code !== 0) return startShared(name, major);
    const [running, image = ""] = there.stdout.trim().split(" ");
    const server = new TestServer(name, image, major, "postgres", PASSWORD);
    if (running === "true") await server.findPort();
    else await server.start();
    return server;
  });
}

async function startShared(name: string, major: Major): Promise<TestServer> {
  const command = postgresWith("wal_level=logical", "max_prepared_transactions=10");
  const server = await startServer({ major, name, command });
  // The launcher starts a worker per database and minute, whatever has changed: with hundreds of them several a second.
  await server.psql("postgres", "alter system set autovacuum_naptime = '1d'");
  await server.psql("postgres", "select pg_reload_conf()");
  return server;
}

async function attach(server: TestServer): Promise<TestServer> {
  try {
    await server.waitUntilReady();
    return server;
  } catch (error) {
    await server.remove();
    throw error;
  }
}

async function dataMount(image: string, options: ServerOptions): Promise<string[]> {
  if (options.volume === undefined && options.tmpfsMb === undefined) return [];
  const inspected = await runOk("docker", ["image", "inspect", "-f", "{{json .Config.Volumes}}", image]);
  const place = Object.keys(JSON.parse(inspected) as Record<string, unknown>)[0] ?? "/var/lib/postgresql/data";
  if (options.volume === undefined) return ["--tmpfs", `${place}:size=${options.tmpfsMb}m,mode=0755`];
  const labels = Object.entries(testLabels()).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
  await runOk("docker", ["volume", "create", ...labels, options.volume]);
  return ["-v", `${options.volume}:${place}`];
}

/** A PostgreSQL in a container of the tests. */
export class TestServer {
  /** The published port on 127.0.0.1; another one after every start. */
  port: number | undefined;
  private readonly shells: PsqlShells;

  constructor(
    readonly container: string,
    readonly image: string,
    readonly major: Major,
    readonly user: string,
    readonly password: string,
  ) {
    this.shells = new PsqlShells(container, user);
  }

  /** Runs one program in the foreground inside the container, and returns what it said, whatever its exit code. */
  async exec(args: readonly string[], options: Pick<RunOptions, "stdin"> = {}): Promise<RunResult> {
    const interactive = options.stdin === undefined ? [] : ["-i"];
    return run("docker", ["exec", ...interactive, this.container, ...args], options);
  }

  /** Runs SQL through psql inside the container: unaligned rows, without the last newline. Throws on an SQL error. */
  async psql(database: string, sql: string): Promise<string> {
    const name = database.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
    const result = await this.shells.run(`dbname='${name}'`, sql);
    if (result.code !== 0) throw new Error(`psql on ${database}, exit ${result.code}: ${result.stderr.trim()}`);
    return result.stdout.replace(/\n$/, "");
  }

  /** Makes a database by copying files: where nothing waits for a disk, that is half the work of writing all to the log. */
  async createDatabase(name: string): Promise<void> {
    await this.psql("postgres", `CREATE DATABASE "${name.replaceAll('"', '""')}" STRATEGY FILE_COPY`);
  }

  /** When the server's main process started: unchanged means that no crash restarted it. */
  async startTime(): Promise<string> {
    return this.psql("postgres", "SELECT pg_postmaster_start_time()");
  }

  async stop(): Promise<void> {
    await runOk("docker", ["stop", "-t", "30", this.container]);
  }

  async start(): Promise<void> {
    await runOk("docker", ["start", this.container]);
    await this.waitUntilReady();
  }

  /** Kills the server's main process, as a power cut would. */
  async kill(): Promise<void> {
    await runOk("docker", ["kill", this.container]);
  }

  async remove(): Promise<void> {
    await runOk("docker", ["rm", "-f", "-v", this.container]);
  }

  /** Waits for TCP connections: the temporary server that initialises a new cluster takes none. */
  async waitUntilReady(): Promise<void> {
    const tries = patiently(READY_MS) / 100;
    const ready = await this.exec(["sh", "-c", UNTIL_READY, this.user, String(tries)]);
    if (ready.code !== 0) {
      await this.requireRunning();
      throw new Error(`waited ${patiently(READY_MS)} ms in vain for ${this.container} to take connections`);
    }
    await this.findPort();
  }

  /** Learns on which port a server that runs is published. */
  async findPort(): Promise<void> {
    const published = await run("docker", ["port", this.container, "5432/tcp"]);
    const port = published.stdout.match(/^127\.0\.0\.1:(\d+)$/m)?.[1];
    this.port = port === undefined ? undefined : Number(port);
  }

  private async requireRunning(): Promise<void> {
    const state = await runOk("docker", ["inspect", "-f", "{{.State.Running}}", this.container]);
    if (state.trim() === "true") return;
    const logs = await run("docker", ["logs", "--tail", "20", this.container]);
    throw new Error(`${this.container} has ended:\n${logs.stdout}${logs.stderr}`);
  }
}
