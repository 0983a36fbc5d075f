/** Where the benchmark runs: a PostgreSQL 17 container with plain settings, a big database, a repository beside it. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { startServer, type TestServer } from "../test/support/engine/server.ts";
import { type Program, runProgram, shell } from "./measure.ts";

/** The server's, in its container. */
const DATA = "/srv/postgresql";
const BUILT = join(import.meta.dir, "../dist/pgrove");

/** The big database. */
export const DATABASE = "bench";

/** pgbench's scale, and the rows of the table of text. */
export interface Size {
  scale: number;
  textRows: number;
}

export interface Setting {
  server: TestServer;
  /** A session in the server, for what is not timed and for what must be timed inside it. */
  sql: postgres.Sql;
  /** Everything on the host lies in here. */
  folder: string;
  repo: string;
  /** A copy of dist/pgrove, so that a build meanwhile does not change what is measured. */
  binary: string;
  sizeBytes: number;
  /** A command of pgrove in the repository. */
  pgrove(...args: string[]): Program;
  /** `docker exec` in the container, as a shell line's beginning. */
  exec: string;
  line(text: string): Program;
  /** Has everything written to the disk, so that one contestant does not pay for the one before. */
  settle(): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  remove(): Promise<void>;
}

/** Starts the server and fills the database. */
export async function makeSetting(size: Size): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), "pgrove-bench-"));
  // In the container's own layer, which lies on the disk wherever the engine keeps its volumes, and with plain settings.
  const server = await startServer({ major: 17, env: { PGDATA: DATA }, command: ["postgres"] });
  const url = `postgres://${server.user}:${server.password}@127.0.0.1:${server.port}/postgres`;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const remove = async () => {
    await sql.end({ timeout: 2 });
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await fill(server, sql, size);
    const [row] = await sql<{ bytes: number }[]>`select pg_database_size(${DATABASE})::float8 as bytes`;
    const repo = makeRepository(folder, server, url);
    const env = hostFolders(folder);
    const binary = join(folder, "pgrove");
    copyFileSync(BUILT, binary);
    return {
      ...{ server, sql, folder, repo, binary, sizeBytes: row?.bytes ?? 0, remove },
      pgrove: (...args) => ({ argv: [binary, ...args], cwd: repo, env }),
      exec: `docker exec ${server.container}`,
      line: (text) => shell(text, folder),
      settle: async () => {
        await sql`checkpoint`;
        await runProgram({ argv: ["docker", "exec", server.container, "sync", "-f", DATA] });
      },
      dropDatabase: async (name) => {
        await sql.unsafe(`drop database if exists "${name}" with (force)`);
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function fill(server: TestServer, sql: postgres.Sql, { scale, textRows }: Size): Promise<void> {
  await server.createDatabase(DATABASE);
  const pgbench = ["pgbench", "-i", "-q", "-s", String(scale), "-U", server.user, DATABASE];
  await runProgram({ argv: ["docker", "exec", server.container, ...pgbench] });
  await server.psql(
    DATABASE,
    `create table notes (id int primary key, body text not null, at timestamptz not null);
     insert into notes select n, repeat(md5(n::text) || ' ' || md5((n * 7)::text) || ' ', 4), now() - n * interval '1 s'
       from generate_series(1, ${textRows}) n;
     vacuum analyze;`,
  );
  await sql`checkpoint`;
}

function makeRepository(folder: string, server: TestServer, url: string): string {
  const repo = join(folder, "repo");
  mkdirSync(repo);
  const config = [
    "project: bench",
    `server: {container: ${server.container}}`,
    `database: {name: ${DATABASE}}`,
    "environments: {copy: {env_file: .env.copy}}",
  ];
  writeFileSync(join(repo, "pgrove.yaml"), `${config.join("\n")}\n`);
  writeFileSync(join(repo, ".env.copy"), `DATABASE_URL=${url.replace(/postgres$/, "bench_copy")}\n`);
  const identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
  for (const args of [
    ["init", "-q"],
    ["add", "pgrove.yaml"],
    [...identity, "commit", "-qm", "benchmark"],
  ]) {
    Bun.spawnSync(["git", ...args], { cwd: repo });
  }
  return repo;
}

/** pgrove's own folders and the temporary one, all below one place that can be watched. */
export function hostFolders(folder: string): Record<string, string> {
  const names = { XDG_DATA_HOME: "data", XDG_STATE_HOME: "state", XDG_CONFIG_HOME: "config", TMPDIR: "tmp" };
  const env = Object.fromEntries(Object.entries(names).map(([name, below]) => [name, join(folder, below)]));
  for (const path of Object.values(env)) mkdirSync(path, { recursive: true });
  return env;
}

/** The dumps that pgrove has made so far, the newest last. */
export function listStore(folder: string): string[] {
  const store = join(folder, "data/pgrove/dumps/bench");
  const names = readdirSync(store).filter((name) => !name.startsWith(".") && !name.endsWith(".json"));
  return names.map((name) => join(store, name)).sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
}

/** Forgets the dumps, so that the disk does not fill up. */
export function emptyStore(folder: string): void {
  rmSync(join(folder, "data/pgrove/dumps/bench"), { recursive: true, force: true });
}
