/** From which size on CREATE DATABASE … STRATEGY FILE_COPY beats WAL_LOG: what src/copy/template.ts goes by. */
import { compare } from "./measure.ts";
import { type Row, timesAsLong } from "./report.ts";
import type { Setting } from "./setting.ts";

const SIZES_MB = [8, 32, 64, 128, 256];
const SOURCE = "bench_sized";
const COPY = "bench_sized_copy";

/** Both strategies at several sizes, timed inside one session. For information. */
export async function measureTemplateSizes(
  { server, sql, settle, dropDatabase }: Setting,
  rounds: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const megabytes of SIZES_MB) {
    await server.createDatabase(SOURCE);
    await server.psql(SOURCE, fillStatement(megabytes));
    const strategies = ["file_copy", "wal_log"].map((strategy) => ({
      name: `${strategy}, ${megabytes} MiB`,
      prepare: settle,
      run: async () => {
        await sql.unsafe(`create database ${COPY} template ${SOURCE} strategy ${strategy}`);
      },
      after: () => dropDatabase(COPY),
    }));
    const of = await compare(strategies, rounds);
    const [fileCopy, walLog] = strategies.map(({ name }) => of(name));
    if (fileCopy === undefined || walLog === undefined) throw new Error("a strategy is missing");
    rows.push(timesAsLong(`FILE_COPY, against WAL_LOG, ${megabytes} MiB`, fileCopy, walLog));
    await dropDatabase(SOURCE);
  }
  return rows;
}

/** Rows until the database has that size; an empty one has 7 MiB. */
function fillStatement(megabytes: number): string {
  return `create table filling (body text);
    alter table filling alter body set storage plain;
    do $$ begin
      while pg_database_size(current_database()) < ${megabytes} * 1048576 loop
        insert into filling select repeat(md5(n::text), 30) from generate_series(1, 512) n;
      end loop;
    end $$;`;
}
