/** What becomes of dumps that are there: hashed while they are made, verified, pushed, pruned; beside the plain programs where there are some. */
import { cpSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AwsV4Signer } from "aws4fetch";
import { signManifest } from "../src/dump/authorship.ts";
import { formatManifest, manifestPath } from "../src/dump/manifest.ts";
import { sampleManifest } from "../test/support/manifest.ts";
import { type S3Server, startS3 } from "../test/support/remotes/stores.ts";
import { compare, type Program, runProgram } from "./measure.ts";
import { type Row, takesAtMost, timesAsFast, timesAsLong } from "./report.ts";
import { DATABASE, emptyStore, listStore, type Setting } from "./setting.ts";

/** Tables just below the size up to which each dump hashes them. */
const SMALL_TABLES = 40;
const SMALL_ROWS = 7_000;
const SMALL = "bench_small";
const MANY = 10_000;
const HOUR_MS = 3_600_000;

export async function measureStored(setting: Setting, rounds: number): Promise<Row[]> {
  return [
    ...(await measureHashing(setting, rounds)),
    ...(await measureVerifyAndPush(setting, rounds)),
    ...(await measurePrune(setting, rounds)),
  ];
}

/** A part of a dump is not hashed: of all tables, named by a pattern, it is the same dump without that. */
async function measureHashing(setting: Setting, rounds: number): Promise<Row[]> {
  const { server, settle, pgrove, folder } = setting;
  await server.createDatabase(SMALL);
  const make = `create table t%1$s as select i, repeat(md5(i::text), 32) as body from generate_series(1, ${SMALL_ROWS}) i`;
  await server.psql(
    SMALL,
    `do $$ begin for n in 1..${SMALL_TABLES} loop execute format('${make}', n); end loop; end $$`,
  );
  await server.psql(SMALL, "vacuum analyze");
  const env = join(folder, "repo/.env.small");
  writeFileSync(env, `DATABASE_URL=postgres://${server.user}:${server.password}@127.0.0.1:${server.port}/${SMALL}\n`);
  const dumpOf = (...args: string[]) => pgrove("dump", "--env-file", env, "-q", ...args);
  const contestant = (name: string, program: Program) => ({ name, prepare: settle, run: () => runProgram(program) });
  const of = await compare(
    [contestant("hashed", dumpOf()), contestant("not hashed", dumpOf("--table", "public.*"))],
    rounds,
  );
  emptyStore(folder);
  await setting.dropDatabase(SMALL);
  const what = `dump of ${SMALL_TABLES} tables below 8 MiB, all hashed, against the same without`;
  return [timesAsLong(what, of("hashed"), of("not hashed"), 1.05)];
}

/** A dump that is not compressed, so that starting the programs does not count. */
async function measureVerifyAndPush(setting: Setting, rounds: number): Promise<Row[]> {
  const { folder, pgrove, line } = setting;
  await runProgram(pgrove("dump", "--compress", "none", "-q"));
  const path = listStore(folder).at(-1) ?? "";
  const verified = await compare(
    [
      { name: "sha256sum", run: () => runProgram(line(`sha256sum '${path}' > /dev/null`)) },
      { name: "pgrove dumps verify", run: () => runProgram(pgrove("dumps", "verify", "--latest", "-q")) },
    ],
    rounds,
  );
  const store = await startS3();
  try {
    const pushed = await comparePushes(setting, store, path, rounds);
    return [
      timesAsFast(
        "dumps verify, against sha256sum of the file",
        verified("pgrove dumps verify"),
        verified("sha256sum"),
        0.8,
      ),
      timesAsFast("dumps push, against sha256sum and curl to the same store", pushed("pgrove"), pushed("plain"), 0.8),
    ];
  } finally {
    await store.remove();
    emptyStore(folder);
  }
}

const BUCKET = "bench";

async function comparePushes(setting: Setting, store: S3Server, path: string, rounds: number) {
  const { folder, repo, line, pgrove } = setting;
  const twin = join(folder, "pushing");
  cpSync(repo, twin, { recursive: true });
  const remote = `dumps: {remote: {s3: {endpoint: "${store.endpoint}", bucket: ${BUCKET}}}}\n`;
  writeFileSync(
    join(twin, "pgrove.yaml"),
    `project: bench\nserver: {url: "postgres://nobody@127.0.0.1:1/none"}\n${remote}`,
  );
  const keys = { AWS_ACCESS_KEY_ID: store.accessKeyId, AWS_SECRET_ACCESS_KEY: store.secretAccessKey };
  const inTwin = (...words: string[]): Program => {
    const program = pgrove(...words);
    return { ...program, cwd: twin, env: { ...program.env, ...keys } };
  };
  await runProgram(inTwin("trust", "--yes"));
  const prepare = async () => store.makeBucket(BUCKET);
  const after = async () => {
    await store.exec("radosgw-admin", "bucket", "rm", `--bucket=${BUCKET}`, "--purge-objects", "--bypass-gc");
  };
  const { accessKeyId, secretAccessKey, endpoint } = store;
  const url = new URL(`${endpoint}/${BUCKET}/plain`);
  const plain = async () => {
    const options = { method: "PUT", url: url.href, accessKeyId, secretAccessKey, service: "s3", signQuery: true };
    const signed = await new AwsV4Signer({ ...options, region: "us-east-1" }).sign();
    await runProgram(line(`sha256sum '${path}' > /dev/null && curl -sf -T '${path}' '${signed.url.href}'`));
  };
  return await compare(
    [
      { name: "plain", prepare, after, run: plain },
      { name: "pgrove", prepare, after, run: () => runProgram(inTwin("dumps", "push", "-q")) },
    ],
    rounds,
  );
}

/** One each hour, of which the rule keeps some dozens. */
async function measurePrune(setting: Setting, rounds: number): Promise<Row[]> {
  const { folder, pgrove } = setting;
  const store = join(folder, "data/pgrove/dumps/bench");
  const whole = join(folder, "many");
  await makeMany(whole, join(folder, "state/pgrove/user.key"));
  const prepare = async () => {
    rmSync(store, { recursive: true, force: true });
    await runProgram({ argv: ["cp", "-a", whole, store] });
    await runProgram({ argv: ["sync", "-f", store] });
  };
  const run = () => runProgram(pgrove("dumps", "prune", "--yes", "-q"));
  const of = await compare([{ name: "pgrove dumps prune", prepare, run }], rounds);
  emptyStore(folder);
  return [takesAtMost(`dumps prune of ${MANY.toLocaleString("en")} dumps`, of("pgrove dumps prune"), 1000)];
}

async function makeMany(folder: string, userKey: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const now = Date.now();
  const tables = Array.from({ length: 20 }, (_, at) => ({
    schema: "public",
    name: `t${at}`,
    rows: 1,
    exact: true,
    bytes: 8192,
  }));
  for (let hours = 0; hours < MANY; hours++) {
    const at = new Date(now - hours * HOUR_MS);
    const name = `main-${at
      .toISOString()
      .replace(/[-:]|\..*/g, "")
      .replace("T", "-")}.dump`;
    const path = join(folder, name);
    writeFileSync(path, name);
    const values = { name, source: "main", database: DATABASE, created_at: at.toISOString(), tables };
    const manifest = sampleManifest({ ...values, size_bytes: statSync(path).size });
    writeFileSync(manifestPath(path), formatManifest(await signManifest(manifest, { userKey })));
  }
}
