import { randomUUID } from "node:crypto";
import { ensureEngine } from "./engine.ts";
import { ensureImage, type Major } from "./images.ts";
import { withLock } from "./lock.ts";
import { runId, runLabel, testLabel } from "./paths.ts";
import { PsqlShells } from "./psql-shells.ts";
import { type RunOptions, type RunResult, run, runOk, waitFor } from "./run.ts";

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
  /** Keep the data on a tmpfs of that size, for tests of a full disk. */
  tmpfsMb?: number;
}

/** The labels that every container, volume and network of the tests must carry to be removed at the end of the run. */
export function testLabels(): Record<string, string> {
  return { [testLabel]: "1", [runLabel]: runId };
}

/** Starts a PostgreSQL container and waits until it takes connections. */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  await ensureEngine();
  const image = await ensureImage(options.major);
  const name = options.name ?? `pgrove-test-${runId}-${options.major}-${randomUUID().slice(0, 8)}`;
  const env = { POSTGRES_PASSWORD: "pgrove-test", ...options.env };
  const labels = Object.entries({ ...options.labels, ...testLabels() });
  const args = ["run", "-d", "--name", name, ...labels.flatMap(([key, value]) => ["--label", `${key}=${value}`])];
  for (const [key, value] of Object.entries(env)) args.push("-e", `${key}=${value}`);
  if (options.publish !== false) args.push("-p", "127.0.0.1::5432");
  if (options.shmSize !== undefined) args.push("--shm-size", options.shmSize);
  args.push(...(await dataMount(image, options)), image, ...(options.command ?? []));
  await runOk("docker", args);
  return attach(name, image, options.major, env);
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
  const image = await ensureImage(major);
  const name = `pgrove-test-${runId}-shared-${major}`;
  const settings = ["fsync=off", "wal_level=logical", "max_prepared_transactions=10"];
  const command = ["postgres", ...settings.flatMap((setting) => ["-c", setting])];
  return withLock(name, 120_000, async () => {
    const there = await run("docker", ["inspect", "-f", "{{.State.Running}}", name]);
    if (there.code !== 0) return startServer({ major, name, command });
    if (there.stdout.trim() !== "true") await runOk("docker", ["start", name]);
    return attach(name, image, major, { POSTGRES_PASSWORD: "pgrove-test" });
  });
}

async function attach(name: string, image: string, major: Major, env: Record<string, string>): Promise<TestServer> {
  const server = new TestServer(name, image, major, env.POSTGRES_USER ?? "postgres", env.POSTGRES_PASSWORD ?? "");
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

  async createDatabase(name: string): Promise<void> {
    await this.psql("postgres", `CREATE DATABASE "${name.replaceAll('"', '""')}"`);
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
    await waitFor(`${this.container} to take connections`, 60_000, async () => {
      if ((await this.exec(["pg_isready", "-q", "-h", "127.0.0.1", "-U", this.user])).code === 0) return true;
      await this.requireRunning();
      return false;
    });
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
