/** Fault 19, for every command: planted secrets stand nowhere but where they belong. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { findInFiles, findInStarts, found, plantCanary, Watch } from "../../support/canaries.ts";
import { Relay } from "../../support/cut-relay.ts";
import { runOk } from "../../support/engine/run.ts";
import { startServer, type TestServer } from "../../support/engine/server.ts";
import { makeRepo, type Repo } from "../../support/faults/program.ts";
import { freshName } from "../../support/faults/sample.ts";
import { layRecorders, readRecords } from "../../support/inside.ts";

const secrets = {
  role: plantCanary("role"),
  url: plantCanary("url"),
  file: plantCanary("file"),
  row: plantCanary("row"),
};
const words = Object.values(secrets);
const variable = ["$", "{DB_PASSWORD}"].join("");

let server: TestServer;
let files: string;
let repo: Repo;
/** Every program that was started. */
const programs = new Set<string>();
/** A port that is no container's: what goes there is done by this machine's programs. */
let relay: Relay;
let database: string;
const roles: string[] = [];

beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), "pgrove-canary-"));
  layRecorders(files, 15);
  server = await startServer({ major: 15, files });
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
  const file = (name: string, text: string) => writeFileSync(join(repo.folder, name), text);
  for (const folder of ["migrations", "seeds"]) mkdirSync(join(repo.folder, folder));
  file(".gitignore", ".env*\n");
  file(".env", `DB_PASSWORD=${secrets.role}\nAPI_TOKEN=${secrets.file}\n`);
  file(".env.far", `DATABASE_URL=postgres://${roles[1]}:${secrets.url}@127.0.0.1:${relay.port}/${database}\n`);
  file("migrations/001_a.up.sql", "create table a (id int);\n");
  file("migrations/001_a.down.sql", "drop table a;\n");
  file("migrations/002_b.up.sql", `insert into t values ('${secrets.row}');\n`);
  file("seeds/base.sql", "insert into t values ('seeded') on conflict do nothing;\n");
  file("failing.sql", `insert into t values ('${secrets.row}');\n`);
  const git = ["-C", repo.folder, "-c", "user.name=x", "-c", "user.email=x@example.org"];
  await runOk("git", [...git, "add", "-A"]);
  await runOk("git", [...git, "commit", "-qm", "first"]);
});

afterAll(async () => {
  await server.remove();
  relay.stop();
  await repo.remove();
  await rm(files, { recursive: true });
});

test("a leak of each kind is found", async () => {
  const planted = await Watch.create(repo.path("planted"));
  const secret = plantCanary("planted");
  const start = async (args: string[], env: Record<string, string> = {}) => {
    const [program = "", ...words] = [...planted.wrap(), ...args];
    await runOk(program, words, { env });
  };
  const inShell = (script: string) => ["sh", "-c", script, "sh", planted.temporary];
  await start(["/usr/bin/git", "--version"]);
  await start(inShell('umask 077; mkdir -m 700 "$1/own"; echo x > "$1/own/x"; mktemp -p "$1"'));
  expect([planted.findLeaks([secret]), planted.findOpen(repo.path())]).toEqual([[], []]);
  await start(inShell(`git --version "$(echo ${secret})"`));
  await start(["git", "--version"], { PGPASSWORD: secret });
  await start(inShell('echo x > "$1/open"; rm "$1/open"'));
  const leaks = planted.findLeaks([secret]).map((leak) => leak.replace(/^\S+ in /, "").replace(/:.*/s, ""));
  expect(new Set(leaks)).toEqual(new Set(["git's command line", "git's environment", "sh's command line"]));
  expect(planted.findOpen(repo.path())).toEqual([join(planted.temporary, "open")]);
  expect(findInFiles(repo.path("planted"), [btoa("x\n")])).toEqual([]);
});

/** A secret that the answer, or PostgreSQL's own words to whoever asked, has to hold. */
interface Belongs {
  /** A command of `worktrees.setup` works on the database. */
  setup?: readonly (keyof typeof secrets)[];
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
  ["new w --json", 0, { stdout: ["role"], setup: ["role"] }],
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
  ["migrate up 1 -t w --yes", 0],
  ["migrate up -t w --yes", 1, { stderr: ["row"] }],
  ["migrate check -t w --json", 6, { stdout: ["row"] }],
  ["migrate status -t w --json", 0],
  ["migrate history -t w", 0],
  ["migrate down -t w --yes", 0],
  ["seed -t w --yes", 0],
  ["seed --file failing.sql -t main --yes", 1, { stderr: ["row"] }],
  ["stats w --json", 0],
  ["check --json", [0, 6]],
  ["metrics", 0],
  ["logs --tail 1", 0],
  ["doctor", [0, 6]],
  ["hooks install", 0],
  ["hooks status", 0],
  ["trust --list", 0],
  ["repos list", 0],
  ["history --json", 0],
  ["completions bash", 0],
  ["__complete -- dump ", 0],
  ["remove w --yes --force", 0, {}],
  ["prune --yes", 0],
];

test.each(commands)("%s", async (line, code, belongs = {}) => {
  const watch = await Watch.create(repo.path(randomUUID()));
  const ended = await repo.run(line.split(" "), { wrap: watch.wrap(), env: { TMPDIR: watch.temporary } });
  for (const program of watch.programs()) programs.add(program);
  const others = (kinds: readonly (keyof typeof secrets)[] = []) =>
    words.filter((word) => !kinds.some((kind) => secrets[kind] === word));
  expect({
    said: [
      ...found(others(belongs.stdout), ended.stdout, "stdout"),
      ...found(others(belongs.stderr), ended.stderr, "stderr"),
    ],
    given: watch
      .findLeaks(words)
      .filter(
        (leak) =>
          !belongs.setup?.some((kind) => leak.startsWith(`${secrets[kind]} in sh's environment: DATABASE_URL=`)),
      ),
    open: watch.findOpen(repo.path()),
    left: readdirSync(watch.temporary),
  }).toEqual({ said: [], given: [], open: [], left: [] });
  const codes = typeof code === "number" ? [code] : code;
  expect({ code: ended.code, said: codes.includes(Number(ended.code)) ? "" : ended.stderr }).toEqual({
    code: codes.find((each) => each === ended.code) ?? codes[0] ?? 0,
    said: "",
  });
});

test("every program was seen, those inside the container too", async () => {
  const all = ["cat", "docker", "git", "pg_dump", "pg_restore", "pgrove", "psql", "rm", "sh"];
  expect([...programs].sort()).toEqual(all);
  const { starts, open } = await readRecords(server, join(files, "records"));
  expect(new Set(starts.map(({ file }) => basename(file)))).toEqual(new Set(["pg_dump", "pg_restore", "psql"]));
  expect(findInStarts(starts, words)).toEqual([]);
  expect(open).toEqual([]);
});

test("nothing of it is kept", async () => {
  const isKept = (path: string) => !path.startsWith(repo.store);
  expect(findInFiles(repo.stateDir, words)).toEqual([]);
  expect(findInFiles(repo.home, words, isKept)).toEqual([]);
  const inside = words.flatMap((word) => ["-e", word]);
  expect((await server.exec(["grep", "-rlF", ...inside, "/tmp", "/var/tmp"])).stdout).toBe("");
});
