/** A million made-up rows: how fast they arrive, against drizzle-seed; and what an upsert and an unchanged seed cost. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compare, formatMs, type Program, peakBytes, runProgram, type Timing, timingOf } from "./measure.ts";
import { formatMegabytes, type Row, timesAsFast } from "./report.ts";
import type { Setting } from "./setting.ts";

const DATABASE = "bench_seed";
const TEAMS = 1000;

const TABLES = `
  create type level as enum ('free', 'pro', 'team');
  create table teams (id int primary key, name text not null);
  create table people (
    id uuid primary key, email text not null, name text not null, created_at timestamptz not null,
    level level not null, team_id int not null references teams
  );`;
const MORE_KEYS = "alter table people add unique (email); create index on people (created_at);";

const FACTORIES = `generator_version: 1
seed: 42
now: 2026-01-01
entities:
  teams: {count: ${TEAMS}, fields: {name: company}}
  people:
    unique: [email]
    fields:
      id: uuid
      email: email
      name: name
      created_at: {time: {from: -365d, to: now}}
      level: {weighted: {free: 80, pro: 15, team: 5}}
      team_id: "@teams.id"
`;

/** `quick` makes a twentieth of the rows. */
export async function measureSeeds(setting: Setting, rounds: number, quick: boolean): Promise<Row[]> {
  const million = quick ? 50_000 : 1_000_000;
  const folder = join(setting.folder, "seeds-bench");
  const { seed, url } = makeRepository(setting, folder);
  const drizzle: Program = {
    argv: [process.execPath, "run", join(import.meta.dir, "drizzle-seed.ts"), url, String(million), String(TEAMS)],
  };
  const fill = (count: number, ...more: string[]) => seed("people", String(count), "--yes", ...more);
  const fresh = { prepare: () => prepare(setting, seed, ""), after: () => setting.dropDatabase(DATABASE) };
  const keys = { ...fresh, prepare: () => prepare(setting, seed, MORE_KEYS) };
  const bare = { ...fresh, prepare: () => prepare(setting, undefined, "") };
  const times = await compare(
    [
      { name: "primary and foreign key", ...fresh, run: () => runProgram(fill(million)) },
      { name: "with unique and index", ...keys, run: () => runProgram(fill(million)) },
      { name: "drizzle-seed", ...bare, run: () => runProgram(drizzle) },
    ],
    rounds,
  );
  const upserts = await measureUpserts(setting, seed, million / 2, rounds);
  const large = quick
    ? []
    : await measureLarge(fill(10 * million), million, times.get("primary and foreign key"), fresh);
  const unchanged = await measureUnchanged(setting, folder, seed);
  rmSync(folder, { recursive: true });
  const [plain, indexed, other] = ["primary and foreign key", "with unique and index", "drizzle-seed"].map((name) =>
    times.get(name),
  );
  if (!plain || !indexed || !other) throw new Error("a contestant is missing");
  return [
    rate("making 1M rows of 6 columns, without a database", measureGeneration(million), million, 2_000_000),
    rate("seed 1M rows of 6 columns, primary and foreign key", plain, million, 220_000),
    timesAsFast("the same, against drizzle-seed", plain, other, 6),
    rate("with a unique key and an index besides", indexed, million, 200_000),
    rate("seed --upsert of 500k rows, half of them there", upserts.plain, million / 2, 120_000),
    rate("with a unique key and an index besides", upserts.indexed, million / 2),
    ...large,
    {
      what: "seed of an unchanged project",
      subject: unchanged,
      value: unchanged.medianMs,
      shown: formatMs(unchanged.medianMs),
      claim: { text: "≤ 100 ms", met: unchanged.medianMs <= 100 },
    },
  ];
}

/** In a process of its own, so that the benchmark's other work is not in its way. */
function measureGeneration(rows: number): Timing {
  const argv = [process.execPath, "run", join(import.meta.dir, "generate.ts"), String(rows)];
  const { stdout } = Bun.spawnSync(argv, { stderr: "inherit" });
  return timingOf(stdout.toString().trim().split("\n").map(Number));
}

type Seed = (...args: string[]) => Program;

function makeRepository(setting: Setting, folder: string): { seed: Seed; url: string } {
  const { server, binary } = setting;
  const url = `postgres://${server.user}:${server.password}@127.0.0.1:${server.port}/${DATABASE}`;
  mkdirSync(join(folder, "seeds"), { recursive: true });
  writeFileSync(
    join(folder, "pgrove.yaml"),
    `project: seeds\nserver: {container: ${server.container}}\ndatabase: {name: ${DATABASE}}\n`,
  );
  writeFileSync(join(folder, "seeds", "factories.yaml"), FACTORIES);
  Bun.spawnSync(["git", "init", "-q"], { cwd: folder });
  return { url, seed: (...args) => ({ ...setting.pgrove(), cwd: folder, argv: [binary, "seed", ...args, "-q"] }) };
}

async function prepare({ server, dropDatabase, settle }: Setting, seed: Seed | undefined, keys: string): Promise<void> {
  await dropDatabase(DATABASE);
  await server.createDatabase(DATABASE);
  await server.psql(DATABASE, TABLES + keys);
  if (seed !== undefined) await runProgram(seed("teams", String(TEAMS), "--yes"));
  await settle();
}

async function measureUpserts(setting: Setting, seed: Seed, rows: number, rounds: number) {
  const contestant = (name: string, keys: string) => ({
    name,
    prepare: async () => {
      await prepare(setting, seed, keys);
      await runProgram(seed("people", String(rows / 2), "--yes"));
      await setting.settle();
    },
    run: () => runProgram(seed("people", String(rows), "--upsert", "--yes")),
    after: () => setting.dropDatabase(DATABASE),
  });
  const times = await compare([contestant("upsert", ""), contestant("upsert with more keys", MORE_KEYS)], rounds);
  return { plain: required(times.get("upsert")), indexed: required(times.get("upsert with more keys")) };
}

/** Ten times as many: the same rate, and no more memory. */
async function measureLarge(
  program: Program,
  million: number,
  small: Timing | undefined,
  around: { prepare: () => Promise<void>; after: () => Promise<void> },
): Promise<Row[]> {
  await around.prepare();
  let peak = 0;
  const began = performance.now();
  await runProgram(program, (pid) => {
    peak = Math.max(peak, peakBytes(pid));
  });
  const tookMs = performance.now() - began;
  await around.after();
  const value = tookMs / 10 / (small?.medianMs ?? tookMs / 10);
  const perSecond = Math.round((10 * million) / (tookMs / 1000));
  return [
    {
      what: "10M rows, time for each million against 1M",
      value,
      shown: `${value.toFixed(2)}× (${perSecond.toLocaleString("en")} rows/s)`,
      claim: { text: "± 15 %", met: value <= 1.15 },
    },
    { what: "its memory", value: peak, shown: formatMegabytes(peak), claim: { text: "< 250 MB", met: peak < 250e6 } },
  ];
}

async function measureUnchanged(setting: Setting, folder: string, seed: Seed): Promise<Timing> {
  await prepare(setting, undefined, "");
  writeFileSync(join(folder, "seeds", "base.sql"), "insert into teams values (-1, 'base');\n");
  await runProgram(seed());
  const times = await compare([{ name: "unchanged", run: () => runProgram(seed()) }], 9);
  await setting.dropDatabase(DATABASE);
  return required(times.get("unchanged"));
}

function required(timing: Timing | undefined): Timing {
  if (timing === undefined) throw new Error("a contestant is missing");
  return timing;
}

function rate(what: string, subject: Timing, rows: number, atLeast?: number): Row {
  const value = rows / (subject.medianMs / 1000);
  const row: Row = { what, subject, value, shown: `${Math.round(value).toLocaleString("en")} rows/s` };
  if (atLeast === undefined) return row;
  return { ...row, claim: { text: `≥ ${atLeast.toLocaleString("en")}`, met: value >= atLeast } };
}
