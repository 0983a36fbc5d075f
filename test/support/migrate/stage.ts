/** What a deployment step has: a folder without git, migration files in it, and a DATABASE_URL. The compiled program. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Sql } from "../../../src/postgres/toolbox.ts";
import { uniqueName } from "../database.ts";
import type { TestServer } from "../engine/server.ts";
import { type Ended, Repo, type Started, type StartOptions } from "../faults/program.ts";
import { openSql } from "../migration-ledgers.ts";

/** Files by their name: those without a slash are in `migrations`. */
export type Files = Readonly<Record<string, string>>;

export interface StageOptions {
  /** The name of the database; it is made unless it is there. */
  database?: string;
  /** SQL that the database begins with. */
  sql?: string;
}

export class Stage implements AsyncDisposable {
  private constructor(
    readonly repo: Repo,
    readonly server: TestServer,
    readonly database: string,
    /** A look into the database from outside of pgrove. */
    readonly sql: Sql,
  ) {}

  static async create(server: TestServer, files: Files = {}, options: StageOptions = {}): Promise<Stage> {
    const { database = uniqueName("stage"), sql = "" } = options;
    const repo = new Repo(await realpath(await mkdtemp(join(tmpdir(), "pgrove-stage-"))));
    await mkdir(join(repo.folder, "migrations"), { recursive: true });
    await mkdir(repo.home);
    if (options.database === undefined) await server.createDatabase(database);
    const stage = new Stage(repo, server, database, openSql(server, database));
    if (sql !== "") await stage.sql.unsafe(sql);
    await stage.write(files);
    return stage;
  }

  /** The database's URL for a user, by the server's published port. */
  url(user = this.server.user, password = this.server.password, database = this.database): string {
    const [name, secret] = [encodeURIComponent(user), encodeURIComponent(password)];
    return `postgres://${name}:${secret}@127.0.0.1:${this.server.port}/${encodeURIComponent(database)}`;
  }

  path(name: string): string {
    return join(this.repo.folder, name.includes("/") || name.includes(".yaml") ? name : `migrations/${name}`);
  }

  async write(files: Files): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(this.path(name)), { recursive: true });
      await writeFile(this.path(name), text);
    }
  }

  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names) await rm(this.path(name));
  }

  /** `pgrove migrate …`, a word for each blank. Nothing is saved first: that takes PostgreSQL's programs. */
  start(line: string, options: StartOptions = {}): Started {
    const env = { DATABASE_URL: this.url(), SKIP_BACKUP: "1", ...options.env };
    return this.repo.start(["migrate", ...line.split(" ")], { ...options, env });
  }

  async run(line: string, env: Record<string, string> = {}): Promise<Ended> {
    return await this.start(line, { env }).ended;
  }

  /** Throws with its words unless it exits with 0; resolves with stdout. */
  async ok(line: string, env: Record<string, string> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(line, env);
    if (code === 0) return stdout.trimEnd();
    throw new Error(`pgrove migrate ${line} exited ${code}:\n${stderr}${stdout}`);
  }

  /** Throws with its words unless it exits with that code; resolves with stderr. */
  async fails(code: number, line: string, env: Record<string, string> = {}): Promise<string> {
    const ended = await this.run(line, env);
    if (ended.code === code) return ended.stderr;
    throw new Error(`pgrove migrate ${line} exited ${ended.code}, not ${code}:\n${ended.stderr}${ended.stdout}`);
  }

  async json(line: string, env: Record<string, string> = {}): Promise<Record<string, unknown>> {
    return JSON.parse(await this.ok(`${line} --json`, env)) as Record<string, unknown>;
  }

  /** The rows as lines, their columns with `|` between them. */
  async rows(query: string): Promise<string[]> {
    const rows = await this.sql.unsafe(query).values();
    return rows.map((row) => row.map(String).join("|"));
  }

  /** The tables of the schema public, the ledgers left out, in their order. */
  async tables(): Promise<string[]> {
    return await this.rows(`select tablename from pg_tables where schemaname = 'public'
      and tablename not in ('schema_migrations', 'goose_db_version') order by 1`);
  }

  /** What pgrove's ledger says is applied: "1 3", those in doubt with a question mark. */
  async ledger(): Promise<string> {
    const [there] = await this.rows("select to_regclass('pgrove.migrations') is not null");
    if (there !== "true") return "";
    const rows = await this.rows("select version, success from pgrove.migrations order by version");
    return rows.map((row) => row.replace("|true", "").replace("|false", "?")).join(" ");
  }

  /** What golang-migrate's table says: "3|false"; nothing where nothing is applied. */
  async companion(): Promise<string> {
    const [there] = await this.rows("select to_regclass('schema_migrations') is not null");
    if (there !== "true") return "";
    return (await this.rows("select version, dirty from schema_migrations")).join(" ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sql.end({ timeout: 1 });
    await this.server.psql("postgres", `drop database if exists "${this.database.replaceAll('"', '""')}" with (force)`);
    await this.repo.remove();
  }
}

/** The two files of a migration that makes a table, and nothing else would make it: "3_c" makes the table c. */
export function tableFiles(name: string, directions: "ud" | "u" | "d" = "ud"): Files {
  const table = name.slice(name.indexOf("_") + 1);
  return {
    ...(directions.includes("u") ? { [`${name}.up.sql`]: `create table ${table} (id bigint primary key);\n` } : {}),
    ...(directions.includes("d") ? { [`${name}.down.sql`]: `drop table ${table};\n` } : {}),
  };
}
