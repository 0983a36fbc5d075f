/** A million made-up rows: how fast they arrive, against drizzle-seed; and what an upsert and an unchanged seed cost. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Contestant, compare, compareShort, type Program, peakBytes, runProgram, type Series } from "./measure.ts";
import { findPsql } from "./programs.ts";
import { memoryBelow, type Row, rowsPerSecond, takesAtMost, timesAsFast, timesAsLong } from "./report.ts";
import { manyTables } from "./seed-tables.ts";
import type { Setting } from "./setting.ts";

const DATABASE = "bench_seed";
const TEAMS = 1000;
const LOOKS = 21;
const MODULES = 48;
const ROWS_A_TABLE = 200;

const TABLES = `
  create type level as enum ('free', 'pro', 'team');
  create table teams (id int primary key, name text not null);
  create table people (
    id uuid primary key, email text not null, name text not null, created_at timestamptz not null,
    level level not null, team_id int not null references teams
  );`;
const MORE_KEYS = "alter table people add unique (email); create index on people (created_at);";

const describeFactories = (people: number) => `generator_version: 1
seed: 42
now: 2026-01-01
entities:
  teams: {count: ${TEAMS}, fields: {name: company}}
  people:
    count: ${people}
    unique: [email]
    fields:
      id: uuid
      email: email
      name: name
      created_at: {time: {from: -365d, to: now}}
      level: {weighted: {free: 80, pro: 15, team: 5}}
      team_id: "@teams.id"
`;

type Seed = (...args: string[]) => Program;

/** One place to seed, and how many rows of people there are in it. */
interface Ground {
  setting: Setting;
  folder: string;
  seed: Seed;
  url: string;
  million: number;
}

/** `quick` makes a twentieth of the rows. */
export async function measureSeeds(setting: Setting, rounds: number, quick: boolean): Promise<Row[]> {
  const ground = makeGround(setting, quick ? 50_000 : 1_000_000);
  const { million } = ground;
  const generated = measureGeneration(million);
  const rows = [
    rowsPerSecond(
      `making ${shortly(million)} rows of 6 columns in a warm process, no database`,
      generated,
      million,
      2e6,
    ),
    ...(await measureFills(ground, rounds)),
    ...(await measureUpserts(ground, rounds)),
    ...(quick ? [] : await measureLarge(ground, rounds)),
    ...(await measureUnchanged(ground)),
    ...(await measureManyTables(ground, rounds)),
  ];
  rmSync(ground.folder, { recursive: true });
  return rows;
}

function shortly(rows: number): string {
  return rows >= 1e6 ? `${rows / 1e6}M` : `${rows / 1e3}k`;
}

/** In a process of its own, so that the benchmark's other work is not in its way. */
function measureGeneration(rows: number): Series {
  const argv = [process.execPath, "run", join(import.meta.dir, "generate.ts"), String(rows)];
  const { stdout, exitCode } = Bun.spawnSync(argv, { stderr: "inherit" });
  if (exitCode !== 0) throw new Error(`generate.ts failed (exit ${exitCode})`);
  return stdout.toString().trim().split("\n").map(Number);
}

function makeGround(setting: Setting, million: number): Ground {
  const { server, binary } = setting;
  const folder = join(setting.folder, "seeds-bench");
  const url = `postgres://${server.user}:${server.password}@127.0.0.1:${server.port}/${DATABASE}`;
  mkdirSync(join(folder, "seeds"), { recursive: true });
  const config = `project: seeds\nserver: {container: ${server.container}}\ndatabase: {name: ${DATABASE}}\n`;
  writeFileSync(join(folder, "pgrove.yaml"), config);
  writeFileSync(join(folder, "seeds", "factories.yaml"), describeFactories(million));
  Bun.spawnSync(["git", "init", "-q"], { cwd: folder });
  const seed: Seed = (...args) => ({ ...setting.pgrove(), cwd: folder, argv: [binary, "seed", ...args, "-q"] });
  return { setting, folder, seed, url, million };
}

/** The tables, and unless it is told otherwise the teams that people refer to. */
async function prepare({ setting, seed }: Ground, keys = "", withTeams = true): Promise<void> {
  const { server, dropDatabase, settle } = setting;
  await dropDatabase(DATABASE);
  await server.createDatabase(DATABASE);
  await server.psql(DATABASE, TABLES + keys);
  if (withTeams) await runProgram(seed("teams", String(TEAMS), "--yes"));
  await settle();
}

async function measureFills(ground: Ground, rounds: number): Promise<Row[]> {
  const { seed, url, million, folder, setting } = ground;
  const fill = seed("people", String(million), "--yes");
  const file = join(folder, "people.tsv");
  const psql = (line: string): Program => ({ argv: [findPsql(), "-X", "-q", "-c", line, url] });
  const script = join(import.meta.dir, "drizzle-seed.ts");
  const drizzle: Program = { argv: [process.execPath, "run", script, url, String(million), String(TEAMS)] };
  await prepare(ground);
  await runProgram(fill);
  await runProgram(psql(`\\copy people to '${file}'`));
  const on = (name: string, program: Program, ...how: [keys?: string, withTeams?: boolean]): Contestant => ({
    name,
    prepare: () => prepare(ground, ...how),
    run: () => runProgram(program),
  });
  const of = await compare(
    [
      on("psql \\copy", psql(`\\copy people from '${file}'`)),
      on("pgrove", fill),
      on("pgrove, more keys", fill, MORE_KEYS),
      on("pgrove, both tables", seed("all", "--yes"), "", false),
      on("drizzle-seed, both tables", drizzle, "", false),
    ],
    rounds,
  );
  await setting.dropDatabase(DATABASE);
  const size = shortly(million);
  return [
    rowsPerSecond(`seed ${size} rows of 6 columns, primary and foreign key`, of("pgrove"), million, 220_000),
    timesAsLong("the same, against psql's \\copy of such rows from a file", of("pgrove"), of("psql \\copy")),
    rowsPerSecond("with a unique key and an index besides", of("pgrove, more keys"), million, 200_000),
    timesAsFast(
      `seed both tables (${size} and ${shortly(TEAMS)} rows), against drizzle-seed`,
      of("pgrove, both tables"),
      of("drizzle-seed, both tables"),
      6,
    ),
  ];
}

async function measureUpserts(ground: Ground, rounds: number): Promise<Row[]> {
  const { seed, setting } = ground;
  const rows = ground.million / 2;
  const contestant = (name: string, keys: string): Contestant => ({
    name,
    prepare: async () => {
      await prepare(ground, keys);
      await runProgram(seed("people", String(rows / 2), "--yes"));
      await setting.settle();
    },
    run: () => runProgram(seed("people", String(rows), "--upsert", "--yes")),
  });
  const of = await compare([contestant("upsert", ""), contestant("upsert, more keys", MORE_KEYS)], rounds);
  await setting.dropDatabase(DATABASE);
  return [
    rowsPerSecond(`seed --upsert of ${shortly(rows)} rows, half of them there`, of("upsert"), rows, 120_000),
    rowsPerSecond("the same with a unique key and an index besides", of("upsert, more keys"), rows),
  ];
}

/** Ten times as many: the same rate, and no more memory. */
async function measureLarge(ground: Ground, rounds: number): Promise<Row[]> {
  const { seed, million, setting } = ground;
  const peaks: number[] = [];
  const watchLarge = async () => {
    let peak = 0;
    const watch = (pid: number) => {
      peak = Math.max(peak, peakBytes(pid));
    };
    await runProgram(seed("people", String(10 * million), "--yes"), { watch });
    peaks.push(peak);
  };
  const of = await compare(
    [
      {
        name: "1M rows",
        prepare: () => prepare(ground),
        run: () => runProgram(seed("people", String(million), "--yes")),
      },
      { name: "10M rows", prepare: () => prepare(ground), run: watchLarge },
    ],
    rounds,
  );
  await setting.dropDatabase(DATABASE);
  const each = of("10M rows").map((ms) => ms / 10);
  return [
    rowsPerSecond("seed 10M rows", of("10M rows"), 10 * million),
    timesAsLong("the same, each million of them against 1M rows", each, of("1M rows"), 1.15),
    memoryBelow("its peak memory", peaks, 250e6),
  ];
}

/** Few rows of many tables: what reading, planning and asking cost, and not the rows. */
async function measureManyTables({ folder, setting, seed }: Ground, rounds: number): Promise<Row[]> {
  const { sql, names } = manyTables(MODULES);
  rmSync(join(folder, "seeds"), { recursive: true }); // of the schema alone, as the newest version makes it
  const prepareTables = async () => {
    await setting.dropDatabase(DATABASE);
    await setting.server.createDatabase(DATABASE);
    await setting.server.psql(DATABASE, sql);
    await setting.settle();
  };
  const run = () => runProgram(seed("all", String(ROWS_A_TABLE), "--yes"));
  const of = await compare([{ name: "many tables", prepare: prepareTables, run }], rounds);
  await setting.dropDatabase(DATABASE);
  const what = `seed ${names.length} tables with their keys and checks, ${ROWS_A_TABLE} rows each`;
  return [rowsPerSecond(what, of("many tables"), names.length * ROWS_A_TABLE)];
}

async function measureUnchanged(ground: Ground): Promise<Row[]> {
  const { folder, seed, setting } = ground;
  await prepare(ground, "", false);
  writeFileSync(join(folder, "seeds", "base.sql"), "insert into teams values (-1, 'base');\n");
  await runProgram(seed());
  const of = compareShort({ unchanged: seed() }, LOOKS);
  await setting.dropDatabase(DATABASE);
  return [takesAtMost("seed of an unchanged project", of("unchanged"), 100)];
}
