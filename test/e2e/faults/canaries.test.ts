/** Fault 19, for every command: planted secrets stand nowhere but where they belong. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findInFiles, found, plantCanary, Watch } from "../../support/canaries.ts";
import { Relay } from "../../support/cut-relay.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { type Ended, makeRepo, type Repo } from "../../support/faults/program.ts";
import { drop, freshName } from "../../support/faults/sample.ts";

const secrets = {
  role: plantCanary("role"),
  url: plantCanary("url"),
  file: plantCanary("file"),
  row: plantCanary("row"),
};
const words = Object.values(secrets);
const variable = ["$", "{DB_PASSWORD}"].join("");

let server: TestServer;
let repo: Repo;
let watch: Watch;
/** A port that is no container's: what goes there is done by this machine's programs. */
let relay: Relay;
let database: string;
const roles: string[] = [];

beforeAll(async () => {
  server = await sharedServer(15);
  relay = await Relay.start(() => Number(server.port));
  [database] = [freshName("canary")];
  await server.createDatabase(database);
  await server.psql(database, `create table t (x text unique); insert into t values ('${secrets.row}')`);
  for (const password of [secrets.role, secrets.url]) {
    const role = freshName("canary_role");
    roles.push(role);
    await server.psql("postgres", `create role ${role} superuser login password '${password}'`);
  }
  repo = await makeRepo(
    `server: {container: ${server.container}}\ndatabase: {name: ${database}, user: ${roles[0]}, password: "${variable}"}\n` +
      "environments: {far: {env_file: .env.far}}\nmigrations: {dir: migrations}\nseeds: {dir: seeds}\n" +
      'env: {file: .env, set: {DATABASE_URL: "{url}"}}\nworktrees: {setup: ["true"]}\n',
  );
  watch = new Watch(repo.path("watched"));
  const file = (name: string, text: string) => writeFileSync(join(repo.folder, name), text);
  for (const folder of ["migrations", "seeds"]) mkdirSync(join(repo.folder, folder));
  file(".gitignore", ".env*\n");
  file(".env", `DB_PASSWORD=${secrets.role}\nAPI_TOKEN=${secrets.file}\n`);
  file(".env.far", `DATABASE_URL=postgres://${roles[1]}:${secrets.url}@127.0.0.1:${relay.port}/${database}\n`);
  file("migrations/001_a.up.sql", "create table a (id int);\n");
  file("migrations/001_a.down.sql", "drop table a;\n");
  file("seeds/base.sql", "insert into t values ('seeded') on conflict do nothing;\n");
  file("failing.sql", `insert into t values ('${secrets.row}');\n`);
  const git = ["-C", repo.folder, "-c", "user.name=x", "-c", "user.email=x@example.org"];
  await runOk("git", [...git, "add", "-A"]);
  await runOk("git", [...git, "commit", "-qm", "first"]);
});

afterAll(async () => {
  for (const name of (await server.psql("postgres", "select datname from pg_database")).split("\n")) {
    if (name.startsWith(database)) await drop(server, name);
  }
  for (const role of roles) await server.psql("postgres", `drop owned by ${role}; drop role ${role}`);
  relay.stop();
  await repo.remove();
});

async function watched(args: readonly string[]): Promise<Ended> {
  return await repo.run(args, { env: { PATH: watch.path, TMPDIR: watch.temporary } });
}

test("a leak of each kind is found", async () => {
  const planted = new Watch(repo.path("planted"));
  const secret = plantCanary("planted");
  const start = (args: string[], env: Record<string, string> = {}) =>
    run("git", ["--version", ...args], { env: { ...env, PATH: planted.path } });
  await start([]);
  expect(planted.findLeaks([secret])).toEqual([]);
  await start([secret]);
  await start([], { PGPASSWORD: secret });
  writeFileSync(join(planted.temporary, "x"), `password ${encodeURIComponent(secret)}`);
  await start([]);
  const leaks = planted.findLeaks([secret]).map((leak) => leak.replace(/^\S+ in /, "").replace(/:.*|.*records.*/, ""));
  expect(leaks.sort()).toEqual(["", "git's command line", "git's environment"]);
  expect(findInFiles(repo.path("planted"), [secret]).length).toBeGreaterThan(0);
});

/** A secret that the answer, or PostgreSQL's own words to whoever asked, has to hold. */
interface Belongs {
  stdout?: readonly (keyof typeof secrets)[];
  stderr?: readonly (keyof typeof secrets)[];
}

/** `doctor` says what the machine lacks, too. */
const commands: [line: string, code: number | readonly number[], belongs?: Belongs][] = [
  ["trust --yes", 0],
  ["status", 0],
  ["status --json", 0],
  ["status @far --verbose", 0],
  ["url", 0, { stdout: ["role"] }],
  ["url @far", 0, { stdout: ["url"] }],
  ["env", 0, { stdout: ["role"] }],
  ["sql -c table(t)", 1],
  ["sql main -f failing.sql", 1, { stderr: ["row"] }],
  ["sql @far -f failing.sql", 1, { stderr: ["row"] }],
  ["sql @far -f failing.sql --json", 1, { stderr: ["row"] }],
  ["new w --json", 0, { stdout: ["role"] }],
  ["list --json", 0],
  ["provision w", 0, { stdout: ["role"] }],
  ["dump", 0],
  ["dump @far --format sql --verbose", 0],
  ["dump --table nowhere", 1],
  ["dumps list --json", 0],
  ["dumps verify --all", 0],
  ["restore --latest main --to w --yes --verbose", 0],
  ["restore --latest main --to @far --yes", 0],
  ["copy main --to w --yes", 0],
  ["copy @far --to w --strategy stream --yes", 0],
  ["snapshot s w --yes", 0],
  ["snapshots list w", 0],
  ["rewind s w --yes", 0],
  ["reset w --yes", 0],
  ["migrate up -t w --yes", 0],
  ["migrate status -t w --json", 0],
  ["migrate history -t w", 0],
  ["migrate down -t w --yes", 0],
  ["seed -t w --yes", 0],
  ["seed --file failing.sql -t main --yes", 1, { stderr: ["row"] }],
  ["stats w --json", 0],
  ["logs --tail 1", 0],
  ["doctor", [0, 6]],
  ["hooks install", 0],
  ["hooks status", 0],
  ["repos list", 0],
  ["history --json", 0],
  ["completions bash", 0],
  ["__complete -- dump ", 0],
  ["remove w --yes --force", 0, {}],
  ["prune --yes", 0],
];

test.each(commands)("%s", async (line, code, belongs = {}) => {
  const ended = await watched(line.split(" "));
  const others = (kinds: readonly (keyof typeof secrets)[] = []) =>
    words.filter((word) => !kinds.some((kind) => secrets[kind] === word));
  expect([
    ...found(others(belongs.stdout), ended.stdout, "stdout"),
    ...found(others(belongs.stderr), ended.stderr, "stderr"),
  ]).toEqual([]);
  expect(watch.findLeaks(words)).toEqual([]);
  const codes = typeof code === "number" ? [code] : code;
  expect({ code: ended.code, said: codes.includes(Number(ended.code)) ? "" : ended.stderr }).toEqual({
    code: codes.find((each) => each === ended.code) ?? codes[0] ?? 0,
    said: "",
  });
});

test("every program was seen, and nothing of it is kept", () => {
  const seen = new Set(watch.starts().map(({ program }) => program));
  expect([...seen].sort()).toEqual(["docker", "git", "pg_dump", "pg_restore", "psql"]);
  expect(findInFiles(watch.temporary, words)).toEqual([]);
  const isKept = (path: string) => !path.startsWith(repo.store);
  expect(findInFiles(repo.stateDir, words)).toEqual([]);
  expect(findInFiles(repo.home, words, isKept)).toEqual([]);
});
