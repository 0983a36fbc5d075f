/** The commands around a server, on the compiled program, against real containers. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { ensureCompose } from "../support/engine/compose.ts";
import { ensureImage } from "../support/engine/images.ts";
import { runOk } from "../support/engine/run.ts";
import { sharedServer, startServer, type TestServer, testLabels } from "../support/engine/server.ts";
import { binary, HANG_UP, TestRepo } from "./support.ts";

const database = `cli "e2e" ${process.pid}`;
let server: TestServer;
let repo: TestRepo;

beforeAll(async () => {
  server = await sharedServer(17);
  await server.createDatabase(database);
  repo = await TestRepo.create({
    "pgrove.yaml": `project: onyx
server: {container: ${server.container}}
database: {name: ${JSON.stringify(database)}}
env: {set: {DATABASE_URL: "{url}", WEB_PORT: "{port.web}", NAME: "{database}"}}
ports: {web: 3000}
environments: {production: {env_file: .env.production, protected: true}}
`,
  });
  const login = `postgres:${server.password}@127.0.0.1:${server.port}`;
  await repo.write(".env.production", `DATABASE_URL=postgres://${login}/postgres\n`);
});

afterAll(async () => {
  await server.psql("postgres", `DROP DATABASE IF EXISTS "${database.replaceAll('"', '""')}" WITH (FORCE)`);
  await repo.remove();
});

const sql = (text: string, ...more: string[]) => repo.run(["sql", "-c", text, ...more]);

describe("url and env", () => {
  test("the URL has the container's own password and leads there", async () => {
    const { code, stdout, stderr } = await repo.run(["url"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const at = `postgres:${server.password}@127.0.0.1:${server.port}`;
    expect(stdout).toBe(`postgres://${at}/${encodeURIComponent(database)}\n`);
  });

  test("the env lines are those of pgrove.yaml, and a shell reads them", async () => {
    const url = (await repo.run(["url"])).stdout.trim();
    const document = JSON.parse((await repo.run(["env", "--json"])).stdout);
    expect(document).toEqual({
      version: 1,
      target: "main",
      variables: { DATABASE_URL: url, WEB_PORT: "3000", NAME: database },
    });
    const lines = (await repo.run(["env"])).stdout;
    const shell = await repo.runProgram(["sh", "-c", `${lines}\nprintf '%s|%s' "$NAME" "$DATABASE_URL"`]);
    expect(shell.stdout).toBe(`${database}|${url}`);
  });

  test("a container without a published port has no URL, and says so", async () => {
    const hidden = await startServer({ major: 17, publish: false });
    const other = await TestRepo.create({ "pgrove.yaml": `project: x\nserver: {container: ${hidden.container}}\n` });
    expect(await other.run(["url"])).toMatchObject({ code: 4, stdout: "" });
    expect((await other.run(["sql", "-c", "select 41 + 1 as a", "--json"])).stdout).toContain('"rows":[{"a":42}]');
    await hidden.remove();
    await other.remove();
  });
});

describe("sql", () => {
  test("tables, csv and JSON", async () => {
    expect((await sql("select 1 as a, null as b")).stdout).toBe(" a | b \n---+---\n 1 | \n(1 row)\n\n");
    expect((await sql("select 1 as a, 'x,y' as b", "--format", "csv")).stdout).toBe('a,b\n1,"x,y"\n');
    const results = [
      { command: "SELECT", count: 1, rows: [{ a: 1 }] },
      { command: "SELECT", count: 0, rows: [] },
    ];
    const text = "select 1 as a; select 2 as b where false";
    expect(JSON.parse((await sql(text, "--json")).stdout)).toEqual({ version: 1, results });
    expect(JSON.parse((await sql(text, "--format=json")).stdout)).toEqual({ version: 1, results });
  });

  test("from a file, and from standard input", async () => {
    await repo.write("report.sql", "select 'from file' as a;\n");
    expect((await repo.run(["sql", "-f", "report.sql", "--format", "csv"])).stdout).toBe("a\nfrom file\n");
    expect((await repo.run(["sql", "--format", "csv"], { stdin: "select 'stdin' as a" })).stdout).toBe("a\nstdin\n");
  });

  test("the first error stops it, with psql's own line; what came before stays", async () => {
    await repo.write("broken.sql", "create table kept ();\n\nselect * from nowhere;\ncreate table never ();\n");
    const { code, stderr } = await repo.run(["sql", "-f", "broken.sql"]);
    expect(code).toBe(1);
    expect(stderr).toStartWith('error: broken.sql:3: ERROR:  relation "nowhere" does not exist');
    expect((await sql("select to_regclass('kept'), to_regclass('never')", "--format", "csv")).stdout).toContain(
      "kept,\n",
    );
  });

  test("under --json an error names the line, and nothing of the run stays", async () => {
    const { code, stdout, stderr } = await sql("create table gone ();\nselect * from nowhere", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(JSON.parse(stderr).error.message).toBe('sql:2: ERROR: relation "nowhere" does not exist');
    expect((await sql("select to_regclass('gone') is null as gone", "--format", "csv")).stdout).toBe("gone\nt\n");
  });

  test("notices are the story; no SQL at a terminal is a mistake", async () => {
    const noticed = await sql("do $$ begin raise notice 'look'; end $$");
    expect(noticed.stderr).toContain("NOTICE:  look");
    expect(noticed.stdout).not.toContain("look");
    expect((await sql("do $$ begin raise notice 'look'; end $$", "-q")).stderr).toBe("");
    expect((await repo.runOnTerminal(["sql"])).code).toBe(2);
  });

  test("a writer that stays does not keep a failed run alive", async () => {
    const pipe = join(repo.home, "pipe");
    const hold = `mkfifo "$0" && exec 3<> "$0" && echo 'select nowhere;' >&3 && timeout -k 1 20 "$1" sql < "$0"`;
    const { code, stderr } = await repo.runProgram(["bash", "-c", hold, pipe, binary]);
    expect(code).toBe(1);
    expect(stderr).toContain('<stdin>:1: ERROR:  column "nowhere" does not exist');
  });

  test("more than a pipe holds arrives whole, also at a slow reader", async () => {
    const text = "select i, repeat('x', 90) as pad from generate_series(1, 20000) i";
    const { stdout } = await sql(text, "--format", "csv");
    expect(stdout.split("\n").length).toBe(20_002);
    const json = JSON.parse((await sql(text, "--json")).stdout);
    expect(json.results[0].rows.length).toBe(20_000);
    const slow = await repo.runProgram([
      "bash",
      "-c",
      `"$0" sql --format csv -c "$1" | { sleep 1; wc -l; }`,
      binary,
      text,
    ]);
    expect(slow.stdout.trim()).toBe("20001");
  });

  test("Ctrl-C ends the query inside the server, with exit 130", async () => {
    const mark = `pgrove-test-${process.pid}`;
    const ended = await repo.runOnTerminal(
      ["sql", "-c", `\\echo begun\nselect pg_sleep(60) /* ${mark} */`],
      [["begun", "\u0003"]],
    );
    expect(ended.code).toBe(130);
    const left = `select count(*) from pg_stat_activity where query like '%${mark}%' and pid <> pg_backend_pid()`;
    expect(await server.psql("postgres", left)).toBe("0");
  });
});

describe("shell", () => {
  test("passes psql's arguments and its exit code on", async () => {
    const answer = await repo.run(["shell", "--", "-XAtc", "select current_database()"]);
    expect(answer).toEqual({ code: 0, stdout: `${database}\n`, stderr: "" });
    expect((await repo.run(["shell", "--", "-Xc", "select x"])).code).toBe(1);
    expect((await repo.run(["shell", "--", "-Xf", "nowhere.sql"])).code).toBe(1);
  });

  test("on a terminal, Ctrl-C cancels the query and not the shell", async () => {
    const { code, shown } = await repo.runOnTerminal(
      ["shell", "--", "-X", "--pset=pager=off"],
      [
        ["=#", "select 40 + 2 as answer;\r"],
        ["(1 row)", "do $$ begin raise notice '%', 'be' || 'gun'; perform pg_sleep(60); end $$;\r"],
        ["NOTICE:  begun", "\u0003"],
        ["canceling statement", "\\q\r"],
      ],
    );
    expect(shown).toContain("42");
    expect(code).toBe(0);
  });
});

test("an owner who is locked out by a library that is not there is told what to type, and it helps", async () => {
  const quoted = `"${database.replaceAll('"', '""')}"`;
  const setting = "SET local_preload_libraries = 'nonsense'";
  for (const [at, statement] of [`ALTER DATABASE ${quoted} ${setting}`, `ALTER ROLE postgres ${setting}`].entries()) {
    await server.psql("postgres", statement);
    const { code, stderr } = await repo.run(["dump"]);
    expect([code, stderr.includes("no session can begin")]).toEqual([1, true]);
    const typed = [...stderr.matchAll(/pgrove (shell -- .*?) {6}/g)].map(([, words = ""]) => words);
    expect(typed).toHaveLength(2);
    const helped = await repo.runProgram(["sh", "-c", `'${binary}' ${typed[at]}`]);
    expect([helped.code, helped.stderr]).toEqual([0, ""]);
    expect((await repo.run(["dump", "-q"])).code).toBe(0);
  }
});

describe("status, history, doctor", () => {
  test("status in words and in JSON", async () => {
    const words = await repo.run(["status"]);
    expect(words).toMatchObject({ code: 0, stderr: "" });
    expect(words.stdout).toContain(`running at 127.0.0.1:${server.port}`);
    expect(words.stdout).not.toContain(`:${server.password}@`);
    const {
      version,
      target,
      server: told,
      database: facts,
    } = JSON.parse((await repo.run(["status", "--json"])).stdout);
    expect([version, target, told.condition, told.container]).toEqual([1, "main", "running", server.container]);
    expect(told.version).toStartWith("17.");
    expect(facts.name).toBe(database);
    expect(facts.size_bytes).toBeGreaterThan(1_000_000);
  });

  test("status of a server that is down tells what it knows, exit 4", async () => {
    const own = await startServer({ major: 17 });
    const other = await TestRepo.create({ "pgrove.yaml": `project: x\nserver: {container: ${own.container}}\n` });
    await own.stop();
    const down = await other.run(["status"]);
    expect(down.code).toBe(4);
    expect(down.stdout).toContain(own.container);
    expect(down.stderr).toContain("hint:  pgrove up");
    const json = await other.run(["status", "--json"]);
    expect([json.code, JSON.parse(json.stdout).error.code]).toEqual([4, "server_down"]);
    expect((await other.run(["up"])).stdout).toContain("running");
    expect((await other.run(["restart", "-q"])).stderr).toBe("");
    expect((await other.run(["status"])).code).toBe(0);
    expect((await other.run(["logs", "--tail", "20"])).stdout).toContain("ready to accept connections");
    const followed = await other.runOnTerminal(["logs", "-f"], [["ready to accept", "\u0003"]]);
    expect(followed.code).toBe(130);
    expect(followed.shown).not.toContain("error:");
    expect((await other.run(["down"])).stdout).toContain("stopped");
    const { history } = JSON.parse((await other.run(["history", "--json"])).stdout);
    expect(history.map((each: { operation: string; result: string }) => [each.operation, each.result])).toEqual([
      ["down", "done"],
      ["restart", "done"],
      ["up", "done"],
    ]);
    expect((await other.run(["history", "--failed"])).stdout).toBe("nothing that matches\n");
    await own.remove();
    await other.remove();
  });

  test("doctor finds everything well, and what an interrupted run left not", async () => {
    const own = await startServer({ major: 17 });
    const other = await TestRepo.create({ "pgrove.yaml": `project: x\nserver: {container: ${own.container}}\n` });
    const well = await other.run(["doctor"]);
    expect(well.stdout).toContain("all is well");
    expect(well.code).toBe(0);
    const leftover = "pgrove_scratch_2026010112000000000000";
    await own.psql("postgres", `CREATE DATABASE ${leftover}`);
    mkdirSync(join(other.home, "data/pgrove/dumps/x"), { recursive: true, mode: 0o755 });
    const { code, stdout } = await other.run(["doctor", "--json"]);
    expect(code).toBe(6);
    const problems = JSON.parse(stdout).checks.filter((check: { state: string }) => check.state === "problem");
    expect(problems).toMatchObject([
      { name: "scratch databases", found: `left over: ${leftover}` },
      { name: "dump store" },
    ]);
    await mends(own, other, leftover);
    await own.stop();
    expect((await other.run(["doctor"])).stdout).toContain("fix: pgrove up");
    await own.remove();
    await other.remove();
  });

  /** `doctor --fix`, of these and of a database whose DROP was interrupted. */
  async function mends(own: TestServer, other: TestRepo, leftover: string) {
    await own.psql("postgres", "CREATE DATABASE half; UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'");
    const unasked = await other.run(["doctor", "--fix"]);
    expect([unasked.code, unasked.stdout]).toEqual([5, ""]);
    expect(unasked.stderr).toContain("needs consent");
    expect(await own.psql("postgres", "select count(*) from pg_database")).toBe("5");
    const mended = await other.run(["doctor", "--fix", "--yes", "--json"]);
    expect(mended.code).toBe(0);
    const { checks, mended: done } = JSON.parse(mended.stdout);
    expect(checks.filter((check: { state: string }) => check.state === "problem")).toEqual([]);
    expect(done.map(({ name, done: isDone }: { name: string; done: boolean }) => [name, isDone])).toEqual([
      ...[["scratch databases", true] as const, ["databases", true] as const, ["dump store", true] as const],
    ]);
    expect(mended.stderr).toContain(leftover);
    expect(await own.psql("postgres", "select count(*) from pg_database")).toBe("3");
    expect(statSync(join(other.home, "data/pgrove/dumps/x")).mode & 0o777).toBe(0o700);
  }

  test("without an engine: exit 4 and what to do, also for status and doctor", async () => {
    const env = { DOCKER_HOST: "unix:///nonexistent/docker.sock" };
    for (const command of ["url", "status", "up", "sql"]) {
      const { code, stderr } = await repo.run([command], { env, stdin: "select 1" });
      expect(code).toBe(4);
      expect(stderr).toContain("docker is not running");
    }
    const doctor = await repo.run(["doctor"], { env });
    expect(doctor.code).toBe(6);
    expect(doctor.stdout).toContain("docker is not running");
  });
});

test("a URL of the repository's own server is reached through its container, with its login", async () => {
  const url = `postgres://postgres@localhost:${server.port}/postgres`;
  expect((await repo.run(["url", url])).stdout).toBe(
    `postgres://postgres:${server.password}@127.0.0.1:${server.port}/postgres\n`,
  );
  const { stdout } = await repo.run(["sql", "-t", url, "--format", "csv", "-c", "select current_database()"]);
  expect(stdout).toContain("postgres");
});

describe("consent", () => {
  test("without a terminal and --yes nothing is replaced; a protected environment wants its name", async () => {
    await sql("create table if not exists precious as select 1 as a");
    const dumped = await repo.run(["dump", "-q"]);
    expect(dumped.code).toBe(0);
    const path = dumped.stdout.trim();
    const refused = await repo.run(["restore", path]);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 5, stdout: "" });
    expect(refused.stderr).toContain("--yes");
    expect((await repo.run(["restore", path, "--json"])).code).toBe(5);
    for (const words of [["a"], ["a=b", "--no-owner"], ["a=b", "--table", "precious"]]) {
      expect(await repo.run(["restore", path, "--yes", "--role-map", ...words])).toMatchObject({ code: 2, stdout: "" });
    }
    const guarded = await repo.run(["restore", path, "--to", "@production", "--yes"]);
    expect(guarded.code).toBe(5);
    expect(guarded.stderr).toContain("production is protected");
    expect(guarded.stderr).toContain("--confirm production");
    expect(guarded.stderr).not.toContain(`:${server.password}@`);
  });

  test("a question is over when its terminal is closed", async () => {
    const [dump] = JSON.parse((await repo.run(["dumps", "list", "--json"])).stdout).dumps;
    const { code } = await repo.runOnTerminal(["restore", dump.name], [["No", HANG_UP]]);
    expect([1, 129]).toContain(code); // nobody hears its words any more, or the hang-up has come first
    expect((await sql("select a from precious")).code).toBe(0);
  });

  test("somebody else's dump is known as such, and restored after one consent", async () => {
    const path = (await repo.run(["dump", "-q"])).stdout.trim();
    const name = `foreign_${process.pid}`;
    const into = ["restore", path, "--into-new", name];
    const drop = () => sql(`drop database ${name} with (force)`);
    // As another user, whose key is another one; and the same without its manifest.
    const other = { env: { XDG_STATE_HOME: join(repo.home, "other-state") } };
    const bare = join(repo.home, "bare.dump");
    // Compressed otherwise: two dumps of one second may be the same, byte for byte.
    expect((await repo.run(["dump", "-q", "--compress", "gzip:1", "-o", bare])).code).toBe(0);
    rmSync(`${bare}.manifest.json`);
    // A copy of one of the store's is one's own without its manifest, too.
    const copied = join(repo.home, "copied.dump");
    copyFileSync(path, copied);
    expect((await repo.run(["restore", copied, "--into-new", name])).code).toBe(0);
    await drop();
    for (const [words, options] of [
      [into, other],
      [["restore", bare, "--into-new", name], {}],
    ] as const) {
      const refused = await repo.run([...words], options);
      expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 5, stdout: "" });
      expect(refused.stderr).toMatch(/ was not made by your pgrove: its SQL will be run as \w+, a superuser/);
      expect((await repo.run([...words, "--dry-run"], options)).code).toBe(0);
      expect((await repo.run([...words, "--yes"], options)).code).toBe(0);
      await drop();
      expect((await repo.run([...words], options)).code).toBe(0); // it was agreed to
      await drop();
    }
    // With a key that both have, none of this.
    const config = await Bun.file(join(repo.root, "pgrove.yaml")).text();
    await repo.write("team.key", "");
    await repo.write("pgrove.yaml", `${config}dumps: {key_file: team.key}\n`);
    expect((await repo.run(["dump"])).stderr).toContain("dumps.key_file");
    await repo.run(["trust", "--yes"]);
    expect((await repo.run(["dump"])).stderr).toContain("lies in the repository, where it is no secret");
    writeFileSync(join(repo.home, "team.key"), `${"0f".repeat(32)}\n`, { mode: 0o600 });
    await repo.write("pgrove.yaml", `${config}dumps: {key_file: ~/team.key}\n`);
    for (const options of [{}, other]) await repo.run(["trust", "--yes"], options);
    const shared = (await repo.run(["dump", "-q"])).stdout.trim();
    expect((await repo.run(["restore", shared, "--into-new", name], other)).code).toBe(0);
    await drop();
    await repo.write("pgrove.yaml", config);
  });

  test("after a dump into the store, and only then, a URL is told; who does not hear is warned of, and in the journal", async () => {
    const file = join(repo.root, "pgrove.yaml");
    const config = await Bun.file(file).text();
    const asked: string[] = [];
    let status = 200;
    const listener = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1" },
      fetch: (request) => {
        asked.push(new URL(request.url).pathname);
        return new Response("", { status });
      },
    });
    try {
      const env = { PING_URL: `${listener.url}s3cret` };
      await repo.write("pgrove.yaml", `${config}dumps: {after_success: {ping: "${listener.url}s3cret"}}\n`);
      const refused = await repo.run(["dump"]);
      expect([refused.code, refused.stderr.includes("s3cret"), asked]).toEqual([5, false, []]);
      await repo.write("pgrove.yaml", `${config}dumps: {after_success: {ping: "\${PING_URL}"}}\n`);
      expect((await repo.run(["dump", "-q"])).code).toBe(0); // the variable is not set: nobody is told
      expect((await repo.run(["dump", "-o", "-", "--table", "no_such"], { env })).code).toBe(1);
      expect(asked).toEqual([]);
      expect(JSON.parse((await repo.run(["dump", "--json"], { env })).stdout).pinged).toBe(true);
      expect(asked).toEqual(["/s3cret"]);
      status = 404;
      const { code, stdout, stderr } = await repo.run(["dump"], { env: { ...env, PGROVE_LOG: "json" } });
      expect([code, stdout.trim().endsWith(".dump")]).toEqual([0, true]);
      const lines = stderr.trimEnd().split("\n");
      const last = JSON.parse(lines.at(-1) ?? "");
      expect(last).toMatchObject({ level: "warn", message: expect.stringContaining("not heard: HTTP 404") });
      const [told] = JSON.parse((await repo.run(["history", "--json"])).stdout).history;
      expect(told).toMatchObject({
        ...{ run: last.run, operation: "dumps-ping", result: "failed" },
        error: "ping_failed: HTTP 404",
      });
      expect(stderr + readFileSync(join(repo.root, ".git/pgrove/journal.jsonl"), "utf8")).not.toContain("s3cret");
    } finally {
      await listener.stop(true);
      await repo.write("pgrove.yaml", config);
    }
  });

  test("dumps are encrypted for the keys of pgrove.yaml, and read with that of the environment", async () => {
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    const config = await Bun.file(join(repo.root, "pgrove.yaml")).text();
    await sql("create table if not exists named (id int)");
    await repo.write("readers.txt", `# the team\n${recipient}\n`);
    await repo.write("pgrove.yaml", `${config}dumps: {encrypt: {recipients_file: readers.txt}}\n`);
    expect(await repo.run(["dump"])).toMatchObject({ code: 5, stderr: expect.stringContaining(recipient) });
    await repo.run(["trust", "--yes"]);
    expect(await repo.run(["dump", "--globals", "-o", "-"])).toMatchObject({ code: 2, stdout: "" });
    const path = (await repo.run(["dump", "--globals", "-q"])).stdout.trim();
    expect(path).toEndWith(".dump.age");
    expect(existsSync(`${path}.globals.sql.age`)).toBe(true);
    const name = `encrypted_${process.pid}`;
    const restore = ["restore", path, "--into-new", name];
    const refused = await repo.run(restore);
    expect(refused).toMatchObject({ code: 4, stdout: "" });
    expect(refused.stderr).toContain(recipient.slice(0, 14));
    expect(refused.stderr).toContain("PGROVE_AGE_IDENTITY");
    const keyFile = join(repo.home, "key.txt");
    writeFileSync(keyFile, `${identity}\n`, { mode: 0o600 });
    for (const PGROVE_AGE_IDENTITY of [identity, keyFile, "~/key.txt"]) {
      const shown = await repo.run(["dumps", "show", path, "--json"], { env: { PGROVE_AGE_IDENTITY } });
      expect(JSON.parse(shown.stdout).manifest.tables).not.toBeEmpty();
    }
    expect(JSON.parse((await repo.run(["dumps", "show", path, "--json"])).stdout).manifest.tables).toBeEmpty();
    const mistyped = identity.slice(0, -1) + (identity.endsWith("Q") ? "P" : "Q");
    const wrong = await repo.run(restore, { env: { PGROVE_AGE_IDENTITY: mistyped } });
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).not.toContain(identity.slice(20, 40));
    const opened = { env: { PGROVE_AGE_IDENTITY: identity } };
    const dryRun = await repo.run([...restore, "--globals", "--dry-run", "--json"], opened);
    expect(dryRun).toMatchObject({ code: 0, stderr: "" });
    const planned = JSON.parse(dryRun.stdout);
    expect(planned).toMatchObject({ dry_run: true, roles: [] });
    expect((await repo.run([...restore, "--globals"], opened)).code).toBe(0);
    const secret = join(repo.root, "key.txt");
    writeFileSync(secret, `${identity}\n`);
    await repo.write("pgrove.yaml", `${config}dumps: {identity_file: key.txt}\n`);
    await repo.run(["trust", "--yes"]);
    expect(await repo.run(["restore", path, "--yes"])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("no secret"),
    });
    rmSync(secret);
    await repo.write("pgrove.yaml", `${config}dumps: {identity_file: ~/key.txt}\n`);
    await repo.run(["trust", "--yes"]);
    expect((await repo.run(["restore", path, "--to", "main", "--yes"])).code).toBe(0);
    await repo.write("pgrove.yaml", config);
    await sql(`drop database ${name} with (force)`);
  });

  test("dumps adopt takes in what is whole, and from then on it counts as one's own", async () => {
    const folder = join(repo.home, "old");
    mkdirSync(folder);
    const plain = join(folder, `old_${process.pid}.sql`);
    expect((await repo.run(["dump", "-q", "--format", "sql", "--compress", "none", "-o", plain])).code).toBe(0);
    rmSync(`${plain}.manifest.json`);
    writeFileSync(`${plain}.gz`, Bun.gzipSync(readFileSync(plain)));
    rmSync(plain);
    const custom = join(folder, `old_${process.pid}.backup`);
    expect((await repo.run(["dump", "-q", "-o", custom])).code).toBe(0);
    rmSync(`${custom}.manifest.json`);
    const cut = join(repo.home, "cut.backup");
    writeFileSync(cut, readFileSync(custom).subarray(0, -100));
    const damaged = await repo.run(["dumps", "adopt", cut]);
    expect(damaged).toMatchObject({ code: 1, stderr: expect.stringContaining("is damaged") });
    const adopted = await repo.run(["dumps", "adopt", folder, "--json"]);
    expect(adopted).toMatchObject({ code: 0, stderr: "" });
    const names: string[] = JSON.parse(adopted.stdout).dumps.map(({ name }: { name: string }) => name);
    expect(names.sort()).toEqual([`old_${process.pid}.backup`, `old_${process.pid}.sql.gz`]);
    const [archive = "", packed = ""] = names;
    const name = `adopted_${process.pid}`;
    for (const each of [archive, packed]) {
      expect(await repo.run(["restore", each, "--into-new", name])).toMatchObject({ code: 0 });
      await sql(`drop database ${name} with (force)`);
    }
    expect((await repo.run(["dumps", "verify", archive, packed])).code).toBe(0);
    expect((await repo.run(["dumps", "adopt", `${plain}.gz`])).code).toBe(0); // it is there
    writeFileSync(`${plain}.gz`, Bun.gzipSync(Bun.gunzipSync(readFileSync(`${plain}.gz`)), { level: 1 }));
    expect((await repo.run(["dumps", "adopt", `${plain}.gz`])).code).toBe(5); // another one of its name
    expect((await repo.run(["dumps", "adopt", packed])).code).toBe(0); // and may be adopted again
  });

  test("on a terminal it asks, and no is the default", async () => {
    const path = (await repo.run(["dump", "-q"])).stdout.trim();
    const { code, shown } = await repo.runOnTerminal(["restore", path], [["Go on?", "\r"]]);
    expect(code).toBe(5);
    expect(shown).toContain("is as it was");
    const cancelled = await repo.runOnTerminal(["restore", path], [["Go on?", "\u0003"]]);
    expect(cancelled.code).toBe(130);
  });
});

test("init in a compose project: the file it writes works", async () => {
  await ensureCompose();
  const image = await ensureImage(17);
  const labels = JSON.stringify(testLabels());
  const project = await TestRepo.create({
    "deployment/docker-compose.yml": `name: pgrove-e2e-${process.pid}
services:
  relational_db:
    image: ${image}
    labels: ${labels}
    environment: {POSTGRES_PASSWORD: "\${POSTGRES_PASSWORD}", POSTGRES_DB: onyx}
    ports: ["127.0.0.1::5432"]
networks: {default: {labels: ${labels}}}
`,
    "deployment/.env": "POSTGRES_PASSWORD=word-of-the-file\n",
  });
  try {
    const dry = await project.run(["init", "--dry-run"]);
    expect(dry.code).toBe(0);
    expect(existsSync(join(project.root, "pgrove.yaml"))).toBe(false);
    const made = await project.run(["init"], { cwd: "deployment" });
    expect(made).toMatchObject({ code: 0, stdout: dry.stdout });
    expect(made.stderr).toContain("next: pgrove up");
    expect(readFileSync(join(project.root, "pgrove.yaml"), "utf8")).toBe(made.stdout);
    expect(await project.run(["init"])).toMatchObject({ code: 5, stdout: "" });
    expect((await project.run(["status"])).code).toBe(4);
    expect((await project.run(["up"])).code).toBe(0);
    expect((await project.run(["url"])).stdout).toContain("postgres:word-of-the-file@127.0.0.1:");
    expect((await project.run(["sql", "-c", "select current_database()", "--format=csv"])).stdout).toContain("onyx");
    expect((await project.run(["down"])).code).toBe(0);
  } finally {
    const file = join(project.root, "deployment/docker-compose.yml");
    await runOk("docker", ["compose", "-f", file, "down", "-v", "-t", "1"]);
    await project.remove();
  }
});
