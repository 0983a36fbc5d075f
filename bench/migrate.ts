/** A thousand migrations: against dbmate, and against one psql session over the same statements. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findDbmate } from "../test/support/migrate/dbmate-program.ts";
import { compare, comparePeaks, compareShort, type Program, runProgram } from "./measure.ts";
import { findPsql } from "./programs.ts";
import { type Row, takesAtMost, timesAsLong, timesTheMemory } from "./report.ts";
import type { Setting } from "./setting.ts";

/** Its own database for each, since both are migrated when there is nothing to do. */
const OWN = "bench_migrations";
const DBMATES = "bench_migrations_dbmate";
const FILES = 1000;
const LINTED = 300;
const LOOKS = 21;
const PEAKS = 9;

interface Contestants {
  pgrove: Program;
  dbmate: Program;
  psql: Program;
  /** psql that, as pgrove, waits for the disk only at the last commit. */
  patient: Program;
}

/** `migrate up` of everything and of nothing, and `migrate lint`. */
export async function measureMigrations(setting: Setting, rounds: number): Promise<Row[]> {
  const folder = join(setting.folder, "migrations-bench");
  const files = writeMigrations(folder);
  const programs = makeContestants(setting, files);
  const on = (database: string, name: string, program: Program) => ({
    name,
    prepare: () => renewDatabase(setting, database),
    run: () => runProgram(program),
  });
  const all = await compare(
    [
      on(OWN, "one psql session", programs.psql),
      on(OWN, "one psql session that waits at its end", programs.patient),
      on(OWN, "pgrove migrate up", programs.pgrove),
      on(DBMATES, "dbmate up", programs.dbmate),
    ],
    rounds,
  );
  // The last round has left all of them applied.
  const idle = compareShort({ pgrove: programs.pgrove, dbmate: programs.dbmate }, LOOKS);
  const peaks = await comparePeaks({ pgrove: programs.pgrove, dbmate: programs.dbmate }, PEAKS);
  const lint = { ...programs.pgrove, argv: [setting.binary, "migrate", "lint", ...files.linted, "-q"] };
  const linted = compareShort({ lint }, LOOKS, [0, 6]);
  for (const database of [OWN, DBMATES]) await setting.dropDatabase(database);
  rmSync(folder, { recursive: true });
  const own = all("pgrove migrate up");
  return [
    timesAsLong(`migrate up, ${FILES} files of two statements, against dbmate`, own, all("dbmate up"), 0.6),
    timesAsLong("the same, against one psql session that commits each", own, all("one psql session"), 1),
    timesAsLong(
      "the same, against one that waits for the disk only at its end",
      own,
      all("one psql session that waits at its end"),
      1,
    ),
    timesAsLong(`migrate up with nothing to do, ${FILES} applied, against dbmate`, idle("pgrove"), idle("dbmate"), 1),
    timesTheMemory("its peak memory, against dbmate's", peaks("pgrove"), peaks("dbmate")),
    takesAtMost(`migrate lint of ${LINTED} files`, linted("lint"), 1500),
  ];
}

function makeContestants(setting: Setting, files: Files): Contestants {
  const { server, binary } = setting;
  const url = (database: string) =>
    `postgres://${server.user}:${server.password}@127.0.0.1:${server.port}/${database}?sslmode=disable`;
  const psql = (script: string) => ({
    argv: [findPsql(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, url(OWN)],
  });
  const up = ["migrate", "up", "-t", url(OWN), "--yes", "--skip-backup", "-q"];
  return {
    pgrove: { ...setting.pgrove(), argv: [binary, ...up], cwd: files.own },
    dbmate: { argv: [findDbmate(), "--url", url(DBMATES), "-d", files.dbmate, "--no-dump-schema", "up"] },
    psql: psql(files.script),
    patient: psql(files.patient),
  };
}

async function renewDatabase({ dropDatabase, server, settle }: Setting, database: string): Promise<void> {
  await dropDatabase(database);
  await server.createDatabase(database);
  await settle();
}

interface Files {
  own: string;
  dbmate: string;
  script: string;
  patient: string;
  linted: string[];
}

/** The same statements for each: pgrove's files, dbmate's, and scripts for psql that keep a ledger, too. */
function writeMigrations(folder: string): Files {
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
  const write = (name: string, lines: readonly string[]) => {
    writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
    return join(folder, name);
  };
  const patient = ["set synchronous_commit = off;", ...script.slice(0, -1), "set synchronous_commit = on;"];
  return {
    ...{ own, dbmate, linted, script: write("all.sql", script) },
    patient: write("patient.sql", [...patient, ...script.slice(-1)]),
  };
}
