/** dump, restore and copy beside the plain commands that people use today. */
import { compare, type Program, runProgram } from "./measure.ts";
import { addTimings, type Row, timesAsFast, timesAsLong } from "./report.ts";
import { DATABASE, emptyStore, listStore, type Setting } from "./setting.ts";

/** What a restore keeps of the database that it replaced, and drops before it keeps the next one. */
const KEPT = `${DATABASE}_before_restore`;
const FRESH = "bench_fresh";
const COPY = "bench_copy";

/** Every comparison of speed, in the order in which they are claimed. */
export async function measureSpeed(setting: Setting, rounds: number): Promise<Row[]> {
  const dumps = await compareDumps(setting, rounds);
  const restores = await compareRestores(setting, rounds);
  const copies = await compareCopies(setting, rounds);
  const plain = addTimings(dumps.gzip, restores.psql);
  return [
    timesAsFast("dump, against pg_dump | gzip", dumps.pgrove, dumps.gzip, 3),
    timesAsLong("dump, against bare pg_dump -Fc -Z zstd:1", dumps.pgrove, dumps.bare, 1.15),
    timesAsFast("dump --jobs 2, against pg_dump | gzip", dumps.parallel, dumps.gzip, 3.7),
    timesAsFast("restore, against gunzip | psql", restores.pgrove, restores.psql, 1.4),
    timesAsLong("restore, against bare pg_restore -j2 + ANALYZE", restores.pgrove, restores.bare, 1.15),
    timesAsLong("the same, with no older kept database to drop", restores.first, restores.bare, 1.15),
    timesAsFast("copy, against those two plain commands", copies.pgrove, plain, 14),
    timesAsLong("copy, against bare CREATE DATABASE … FILE_COPY", copies.pgrove, copies.bare),
    timesAsFast("copy --strategy stream, against the two", copies.stream, plain),
  ];
}

async function compareDumps(setting: Setting, rounds: number) {
  const { exec, line, pgrove, settle, folder, server } = setting;
  const pgDump = `${exec} pg_dump -U ${server.user}`;
  const contestant = (name: string, program: Program) => ({ name, prepare: settle, run: () => runProgram(program) });
  const timings = await compare(
    [
      contestant("pg_dump | gzip", line(`${pgDump} ${DATABASE} | gzip > plain.sql.gz`)),
      contestant("pg_dump -Fc -Z zstd:1", line(`${pgDump} -Fc -Z zstd:1 ${DATABASE} > bare.dump`)),
      contestant("pgrove dump --jobs 2", pgrove("dump", "--jobs", "2", "-q")),
      contestant("pgrove dump", pgrove("dump", "-q")),
    ],
    rounds,
  );
  const newest = listStore(folder).at(-1) ?? "";
  await runProgram(line(`cp '${newest}' '${newest}.manifest.json' .`));
  emptyStore(folder);
  return {
    gzip: of(timings, "pg_dump | gzip"),
    bare: of(timings, "pg_dump -Fc -Z zstd:1"),
    pgrove: of(timings, "pgrove dump"),
    parallel: of(timings, "pgrove dump --jobs 2"),
  };
}

async function compareRestores(setting: Setting, rounds: number) {
  const { exec, line, pgrove, settle, server, dropDatabase } = setting;
  const { user } = server;
  await runProgram(line("mv main-*.dump pgrove.dump && mv main-*.manifest.json pgrove.dump.manifest.json"));
  await runProgram(line(`docker cp -q bare.dump ${server.container}:/tmp/bare.dump`));
  const intoFresh = (name: string, program: Program) => ({
    name,
    prepare: async () => {
      await server.createDatabase(FRESH);
      await settle();
    },
    run: () => runProgram(program),
    after: () => dropDatabase(FRESH),
  });
  const bare =
    `${exec} pg_restore -U ${user} -j2 -d ${FRESH} /tmp/bare.dump && ` + `${exec} psql -U ${user} -qc ANALYZE ${FRESH}`;
  const restore = pgrove("restore", "../pgrove.dump", "--yes", "-q");
  const timings = await compare(
    [
      intoFresh(
        "gunzip | psql",
        line(`gunzip -c plain.sql.gz | docker exec -i ${server.container} psql -qU ${user} ${FRESH}`),
      ),
      intoFresh("pg_restore -j2, ANALYZE", line(bare)),
      {
        name: "pgrove restore, the first",
        prepare: async () => {
          await dropDatabase(KEPT);
          await settle();
        },
        run: () => runProgram(restore),
      },
      { name: "pgrove restore", prepare: settle, run: () => runProgram(restore) },
    ],
    rounds,
  );
  await dropDatabase(KEPT);
  return {
    psql: of(timings, "gunzip | psql"),
    bare: of(timings, "pg_restore -j2, ANALYZE"),
    pgrove: of(timings, "pgrove restore"),
    first: of(timings, "pgrove restore, the first"),
  };
}

async function compareCopies({ exec, line, pgrove, settle, server, dropDatabase }: Setting, rounds: number) {
  const create = `create database ${COPY} template ${DATABASE} strategy file_copy`;
  const intoNew = (name: string, program: Program) => ({
    name,
    prepare: settle,
    run: () => runProgram(program),
    after: () => dropDatabase(COPY),
  });
  const timings = await compare(
    [
      intoNew("CREATE DATABASE", line(`${exec} psql -qU ${server.user} -c '${create}' postgres`)),
      intoNew("pgrove copy", pgrove("copy", "main", "--to", "@copy", "-q")),
    ],
    rounds,
  );
  // By itself: it writes so much that whatever came after it would be slower.
  const streamed = await compare(
    [intoNew("pgrove copy by stream", pgrove("copy", "main", "--to", "@copy", "--strategy", "stream", "-q"))],
    rounds,
  );
  return {
    bare: of(timings, "CREATE DATABASE"),
    pgrove: of(timings, "pgrove copy"),
    stream: of(streamed, "pgrove copy by stream"),
  };
}

function of<T>(timings: Map<string, T>, name: string): T {
  const timing = timings.get(name);
  if (timing === undefined) throw new Error(`${name} was not measured`);
  return timing;
}
