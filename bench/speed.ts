/** dump and restore beside the plain commands: what they write lands on the host, and what they read comes from there. */
import { appendFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { compare, type Program, runProgram } from "./measure.ts";
import { analyze, createDatabase, dropDatabase, dumpToGzip, loadFromGzip } from "./plain.ts";
import { type Row, timesAsFast, timesAsLong } from "./report.ts";
import { DATABASE, emptyStore, listStore, type Setting } from "./setting.ts";

/** What a restore keeps of the database that it replaced, and drops before it keeps the next one. */
const KEPT = `${DATABASE}_before_restore`;
/** What the plain commands restore into: one that is empty, and one that they replace. */
const EMPTY = "bench_empty";
const REPLACED = "bench_replaced";
const IN_CONTAINER = "/tmp/bare.dump";

/** Leaves a dump of pgrove's and the plain ones in the folder, for the restores. */
export async function measureDumps(setting: Setting, rounds: number): Promise<Row[]> {
  const { exec, line, pgrove, settle, folder, server } = setting;
  const pgDump = `${exec} pg_dump -U ${server.user}`;
  const directory = [
    `${pgDump} -Fd -j2 -Z zstd:1 -f /tmp/bench.dir ${DATABASE}`,
    `${exec} tar -C /tmp -cf - bench.dir > bare.tar`,
    `${exec} rm -r /tmp/bench.dir`,
  ];
  const contestant = (name: string, program: Program) => ({ name, prepare: settle, run: () => runProgram(program) });
  const of = await compare(
    [
      contestant("pg_dump | gzip", line(dumpToGzip(setting, "plain.sql.gz"))),
      contestant("pg_dump -Fc", line(`${pgDump} -Fc -Z zstd:1 ${DATABASE} > bare.dump`)),
      contestant("pgrove dump", pgrove("dump", "-q")),
      contestant("pgrove dump, encrypted", await encrypted(setting, "dump", "-q")),
      contestant("pgrove dump --prove", pgrove("dump", "--prove", "-q")),
      contestant("pg_dump -Fd -j2, tar", line(directory.join(" && "))),
      contestant("pgrove dump --jobs 2", pgrove("dump", "--jobs", "2", "-q")),
    ],
    rounds,
  );
  const newest = listStore(folder).findLast((path) => path.endsWith(".dump")) ?? "";
  await runProgram(line(`mv '${newest}' pgrove.dump && mv '${newest}.manifest.json' pgrove.dump.manifest.json`));
  emptyStore(folder);
  const [own, parallel, gzip] = [of("pgrove dump"), of("pgrove dump --jobs 2"), of("pg_dump | gzip")];
  return [
    timesAsFast("dump, against docker exec … pg_dump | gzip > file", own, gzip, 3),
    timesAsLong("dump, against docker exec … pg_dump -Fc -Z zstd:1 > file", own, of("pg_dump -Fc"), 1.1),
    timesAsFast("dump, encrypted for one key of age, against dump", of("pgrove dump, encrypted"), own, 0.85),
    timesAsLong("dump --prove, every row hashed, against dump", of("pgrove dump --prove"), own, 1.6),
    timesAsFast("dump --jobs 2, against pg_dump | gzip > file", parallel, gzip, 3.7),
    timesAsLong(
      "dump --jobs 2, against pg_dump -Fd -j2 -Z zstd:1 and tar > file",
      parallel,
      of("pg_dump -Fd -j2, tar"),
      1.15,
    ),
  ];
}

/** A command of pgrove in a repository beside the first, whose dumps are encrypted. */
async function encrypted({ folder, repo, pgrove }: Setting, ...args: string[]): Promise<Program> {
  const twin = join(folder, "encrypted");
  cpSync(repo, twin, { recursive: true });
  const recipient = await identityToRecipient(await generateIdentity());
  appendFileSync(join(twin, "pgrove.yaml"), `dumps: {encrypt: {recipients: [${recipient}]}}\n`);
  const inTwin = (...words: string[]): Program => ({ ...pgrove(...words), cwd: twin });
  await runProgram(inTwin("trust", "--yes"));
  return inTwin(...args);
}

/** From files that lie on the host. The plain commands drop and create their database, as people do it; ANALYZE is in all. */
export async function measureRestores(setting: Setting, rounds: number): Promise<Row[]> {
  const { exec, line, pgrove, settle, server } = setting;
  await runProgram(line(`docker cp -q bare.dump ${server.container}:${IN_CONTAINER}`));
  await setting.dropDatabase(REPLACED);
  await server.createDatabase(REPLACED);
  const pgRestore = (database: string) =>
    `${exec} pg_restore -U ${server.user} -j2 -d ${database} ${IN_CONTAINER} && ${analyze(setting, database)}`;
  const renew = `${dropDatabase(setting, REPLACED)} && ${createDatabase(setting, REPLACED)}`;
  const place = `docker cp -q bare.dump ${server.container}:${IN_CONTAINER}`;
  const over = (name: string, program: Program) => ({ name, prepare: settle, run: () => runProgram(program) });
  const of = await compare(
    [
      {
        ...over("pgrove restore, the first", pgrove("restore", "../pgrove.dump", "--yes", "-q")),
        prepare: async () => {
          await setting.dropDatabase(KEPT);
          await settle();
        },
      },
      {
        ...over("pg_restore -j2, ANALYZE", line(pgRestore(EMPTY))),
        prepare: async () => {
          await server.createDatabase(EMPTY);
          await settle();
        },
        after: () => setting.dropDatabase(EMPTY),
      },
      over("pgrove restore", pgrove("restore", "../pgrove.dump", "--yes", "-q")),
      over(
        "docker cp, dropdb, createdb, pg_restore -j2, ANALYZE",
        line(`${place} && ${renew} && ${pgRestore(REPLACED)}`),
      ),
      over(
        "dropdb, createdb, gzip -dc | psql, ANALYZE",
        line(`${renew} && ${loadFromGzip(setting, "plain.sql.gz", REPLACED)}`),
      ),
    ],
    rounds,
  );
  await setting.dropDatabase(KEPT);
  await setting.dropDatabase(REPLACED);
  const [own, first, bare] = [of("pgrove restore"), of("pgrove restore, the first"), of("pg_restore -j2, ANALYZE")];
  const typed = of("docker cp, dropdb, createdb, pg_restore -j2, ANALYZE");
  const psql = of("dropdb, createdb, gzip -dc | psql, ANALYZE");
  return [
    timesAsFast("restore, against dropdb, createdb, gzip -dc file | psql and ANALYZE", own, psql, 1.4),
    timesAsLong("restore, against docker cp, dropdb, createdb, pg_restore -j2 and ANALYZE", own, typed, 1.15),
    timesAsLong("restore, against that pg_restore -j2 and ANALYZE alone", own, bare, 1.15),
    timesAsLong("the same, with no older kept database to drop", first, bare, 1.15),
  ];
}
