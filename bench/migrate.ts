/** A thousand migrations: against dbmate, and against one psql session over the same statements. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compare, formatMs, type Program, runProgram, type Timing, timingOf } from "./measure.ts";
import { type Row, timesAsLong } from "./report.ts";
import type { Setting } from "./setting.ts";

const DATABASE = "bench_migrations";
const FILES = 1000;
const LINTED = 300;
const LOOKS = 9;
const DBMATE = join(import.meta.dir, "../node_modules/.bin/dbmate");

/** `migrate up` of everything and of nothing, and `migrate lint`. */
export async function measureMigrations(setting: Setting, rounds: number): Promise<Row[]> {
  const { server, folder, binary, dropDatabase } = setting;
  const url = `postgres://${server.user}:${server.password}@127.0.0.1:${server.port}/${DATABASE}?sslmode=disable`;
  const files = writeMigrations(join(folder, "migrations-bench"));
  const pgrove = (...args: string[]): Program => ({ ...setting.pgrove(), argv: [binary, ...args], cwd: files.own });
  const [up, again] = [0, 1].map(() => pgrove("migrate", "up", "-t", url, "--yes", "--skip-backup", "-q"));
  const dbmate: Program = { argv: [DBMATE, "--url", url, "-d", files.dbmate, "--no-dump-schema", "up"] };
  const psql: Program = { argv: ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", files.script, url] };
  if (up === undefined || again === undefined) throw new Error("a contestant is missing");

  const fresh = { prepare: () => emptyDatabase(setting), after: () => dropDatabase(DATABASE) };
  const all = await compare(
    [
      { name: "pgrove migrate up", ...fresh, run: () => runProgram(up) },
      { name: "dbmate up", ...fresh, run: () => runProgram(dbmate) },
      { name: "one psql session", ...fresh, run: () => runProgram(psql) },
    ],
    rounds,
  );
  const nothing = await compareNothing(setting, { up, dbmate });
  const lint = await timeProgram(pgrove("migrate", "lint", ...files.linted, "-q"));
  rmSync(join(folder, "migrations-bench"), { recursive: true });
  const [own, other, session] = ["pgrove migrate up", "dbmate up", "one psql session"].map((name) => all.get(name));
  const [idle, otherIdle] = ["pgrove", "dbmate"].map((name) => nothing.get(name));
  if (!own || !other || !session || !idle || !otherIdle) throw new Error("a contestant is missing");
  return [
    timesAsLong(`migrate up, ${FILES} files of two statements, against dbmate`, own, other, 0.6),
    timesAsLong("the same, against one psql session", own, session, 1),
    timesAsLong(`migrate up with nothing to do, ${FILES} applied, against dbmate`, idle, otherIdle, 1),
    looks(`migrate lint of ${LINTED} files`, lint, 1500),
  ];
}

async function compareNothing(setting: Setting, programs: { up: Program; dbmate: Program }) {
  const timings = new Map<string, Timing>();
  for (const [name, program] of [
    ["pgrove", programs.up],
    ["dbmate", programs.dbmate],
  ] as const) {
    await emptyDatabase(setting);
    await runProgram(program);
    timings.set(name, await timeProgram(program));
    await setting.dropDatabase(DATABASE);
  }
  return timings;
}

async function timeProgram(program: Program): Promise<Timing> {
  const result = await compare(
    [{ name: program.argv.slice(1, 3).join(" "), run: () => runProgram(program, undefined, [0, 6]) }],
    LOOKS,
  );
  return [...result.values()][0] ?? timingOf([]);
}

async function emptyDatabase({ dropDatabase, server }: Setting): Promise<void> {
  await dropDatabase(DATABASE);
  await server.createDatabase(DATABASE);
}

function looks(what: string, subject: Timing, mostMs: number): Row {
  const value = subject.medianMs;
  return { what, subject, value, shown: formatMs(value), claim: { text: `≤ ${mostMs} ms`, met: value <= mostMs } };
}

/** The same statements three times: pgrove's files, dbmate's, and a script for psql that keeps a ledger, too. */
function writeMigrations(folder: string): { own: string; dbmate: string; script: string; linted: string[] } {
  const [own, dbmate] = [join(folder, "own"), join(folder, "dbmate")];
  mkdirSync(join(own, "migrations"), { recursive: true });
  mkdirSync(dbmate, { recursive: true });
  const script = ["create table ledger (version bigint primary key, at timestamptz default now());"];
  const linted: string[] = [];
  for (let number = 1; number <= FILES; number++) {
    const table = `bench_${number}`;
    const up = `create table ${table} (id bigint primary key, body text);\ninsert into ${table} values (${number}, 'one');\n`;
    const down = `drop table ${table};\n`;
    const name = `${String(number).padStart(4, "0")}_add_${table}`;
    const file = join(own, "migrations", `${name}.up.sql`);
    writeFileSync(file, up);
    writeFileSync(join(own, "migrations", `${name}.down.sql`), down);
    writeFileSync(join(dbmate, `${name}.sql`), `-- migrate:up\n${up}\n-- migrate:down\n${down}`);
    script.push(`begin;\n${up}insert into ledger (version) values (${number});\ncommit;`);
    if (linted.length < LINTED) linted.push(file);
  }
  const path = join(folder, "all.sql");
  writeFileSync(path, `${script.join("\n")}\n`);
  return { own, dbmate, script: path, linted };
}
