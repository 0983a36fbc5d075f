/** copy beside PostgreSQL's own copying of files, beside a pipe, and beside the way through a file. */
import { compare, type Program, runProgram } from "./measure.ts";
import { copyAsTemplate, copyThroughFile, copyThroughPipe } from "./plain.ts";
import { type Row, timesAsFast, timesAsLong } from "./report.ts";
import type { Setting } from "./setting.ts";

const COPY = "bench_copy";

/** The target does not exist before: nobody has to drop it. */
export async function measureCopies(setting: Setting, rounds: number): Promise<Row[]> {
  const { line, pgrove, settle, dropDatabase } = setting;
  const intoNew = (name: string, program: Program) => ({
    name,
    prepare: settle,
    run: () => runProgram(program),
    after: () => dropDatabase(COPY),
  });
  const own = intoNew("pgrove copy", pgrove("copy", "main", "--to", "@copy", "-q"));
  const template = { argv: copyAsTemplate(setting, COPY).split(" ") };
  const quick = await compare([intoNew("createdb --template", template), own], rounds);
  // Apart from those: they write so much that whatever comes after them is slower.
  const slow = await compare(
    [
      own,
      intoNew("pgrove copy by stream", pgrove("copy", "main", "--to", "@copy", "--strategy", "stream", "-q")),
      intoNew("pg_dump | psql", line(copyThroughPipe(setting, COPY))),
      intoNew("through a file", line(copyThroughFile(setting, "copy.sql.gz", COPY))),
    ],
    rounds,
  );
  await runProgram(line("rm copy.sql.gz"));
  const [pipe, file] = [slow("pg_dump | psql"), slow("through a file")];
  return [
    timesAsLong(
      "copy, against createdb --template --strategy=file_copy",
      quick(own.name),
      quick("createdb --template"),
    ),
    timesAsFast("copy, against createdb, pg_dump | gzip > file, gzip -dc | psql, ANALYZE", slow(own.name), file, 14),
    timesAsFast("copy, against createdb, pg_dump | psql inside the container, ANALYZE", slow(own.name), pipe),
    timesAsFast("copy --strategy stream, against the same pipe", slow("pgrove copy by stream"), pipe),
  ];
}
