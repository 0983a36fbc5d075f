/** A worktree's life: made, used, provisioned again, reset, removed; and every way to begin one. */
import { beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { connect } from "../../support/faults/world.ts";
import { Grove, nothingRemains } from "../../support/worktrees/grove.ts";

let server: TestServer;

beforeAll(async () => {
  server = await sharedServer(18);
});

describe.concurrent("from its first day to its last", () => {
  test.each(takingTurns([15, 18], import.meta.path))("on PostgreSQL %i", async (major) => {
    await using grove = await Grove.create(await sharedServer(major), {
      yaml: "ports: {web: 3000}\nenv: {set: {DATABASE_URL: '{url}', WEB_PORT: '{port.web}', NUMBER: '{index}'}}\n",
    });
    const before = await grove.main();
    const database = `${grove.project}_feature_auth`;
    const folder = grove.at("feature-auth");
    const first = await grove.repo.run(["new", "feature/auth"]);
    expect(first.stdout).toMatch(/worktree +\.\.\/repo-worktrees\/feature-auth {2}\(feature\/auth\)\n/);
    expect(first.stdout).toMatch(new RegExp(`database +${database} {2}copied from main: .* \\(template\\)\n`));
    expect(first.stdout).toMatch(/env +\.env: DATABASE_URL, WEB_PORT=3\d{3}, NUMBER=1\n/);
    expect(first.stderr).toContain("next: cd ../repo-worktrees/feature-auth\n");
    const url = `postgres://postgres:${grove.server.password}@127.0.0.1:${grove.server.port}/${database}`;
    expect(await grove.variable(folder, "DATABASE_URL")).toBe(url);

    for (const where of [{ args: ["feature-auth"] }, { args: [], cwd: folder }, { args: ["-t", "feature/auth"] }]) {
      const cwd = where.cwd === undefined ? {} : { cwd: where.cwd };
      expect(await grove.ok(["url", ...where.args], cwd)).toBe(url);
      expect(await grove.json(["status", ...where.args], cwd)).toMatchObject({ database: { name: database } });
      const name = ["select current_database()", "--format", "csv"];
      expect(await grove.ok(["sql", ...where.args, "-c", ...name], cwd)).toBe(`current_database\n${database}`);
    }
    expect(await grove.ok(["shell", "feature-auth", "--", "-Atc", "select current_database()"])).toBe(database);
    expect(await grove.ok(["dump"], { cwd: folder })).toMatch(/\/feature-auth-\d{8}-\d{6}\.dump$/);

    const listed = await grove.ok(["list"], { cwd: folder });
    expect(listed).toMatch(new RegExp(`\\n\\* +feature-auth +feature/auth +${database} +\\d.* running$`));
    await writeFile(join(folder, "draft.sql"), "select 1");
    expect(await grove.ok(["list", "--changes"])).toMatch(/CHANGES\n.* main .* 0\n.* feature-auth .* 1$/);
    await rm(join(folder, "draft.sql"));
    expect((await grove.list())[1]).toMatchObject({
      ...{ name: "feature-auth", branch: "feature/auth", path: folder, database, index: 1, state: "ready" },
      ...{ ports: { web: expect.any(Number) }, url_redacted: url.replace(`:${grove.server.password}@`, "@") },
    });

    const files = [join(folder, ".env"), grove.registryFile];
    const times = () => files.map((file) => statSync(file, { bigint: true }).mtimeNs);
    const [timesBefore, oid] = [times(), await grove.oid(database)];
    await grove.ok(["provision"], { cwd: folder });
    await grove.ok(["provision", "feature-auth"]);
    expect(times()).toEqual(timesBefore);
    expect(await grove.oid(database)).toBe(oid);

    await grove.ok(["sql", "-c", "truncate item"], { cwd: folder });
    expect(await grove.fails(5, ["reset"], { cwd: folder })).toContain("--yes");
    await grove.ok(["reset", "--yes"], { cwd: folder });
    expect(await grove.ask(database, "select count(*)::int from item")).toBe(50);
    expect(await grove.main()).toEqual(before);

    expect(await grove.fails(5, ["remove", "feature-auth"])).toContain(database);
    const removed = await grove.ok(["remove", "feature-auth", "--yes"]);
    expect(removed).toMatch(
      new RegExp(`with +database ${database} .*1 saved state \\(${database}_before_restore\\)\n.*feature/auth stays`),
    );
    expect(await grove.remains()).toEqual(nothingRemains);
    expect(await grove.git(["branch", "--list", "feature/auth"])).toBe("feature/auth");
    expect(grove.repo.stored().filter((name) => name.endsWith(".dump")).length).toBe(1);
    expect(await grove.main()).toEqual(before);
    expect(grove.repo.openRuns()).toEqual([]);
  });
});

describe.concurrent("what a worktree begins with", () => {
  test("a branch that exists, one of a remote, a new one from here or from elsewhere", async () => {
    await using grove = await Grove.create(server);
    const head = (folder: string) => grove.git(["log", "-1", "--format=%s"], folder);
    const origin = grove.repo.path("origin.git");
    await grove.git(["branch", "older"]);
    await grove.git(["branch", "theirs"]);
    await runOk("git", ["init", "-q", "--bare", origin]);
    await grove.git(["remote", "add", "origin", origin]);
    await grove.git(["push", "-q", "origin", "main", "theirs"]);
    await grove.git(["branch", "-D", "theirs"]);
    await grove.commit("second");

    expect(await head((await grove.make("older")).path)).toBe("first");
    const theirs = await grove.make("theirs");
    expect(await head(theirs.path)).toBe("first");
    expect(await grove.git(["rev-parse", "--abbrev-ref", "@{upstream}"], theirs.path)).toBe("origin/theirs");
    expect(await head((await grove.make("fresh")).path)).toBe("second");
    expect(await head((await grove.make("hotfix", "--from", "origin/main", "--name", "mend")).path)).toBe("first");
    expect(await grove.ask(`${grove.project}_mend`, "select count(*)::int from item")).toBe(50);
    expect(await grove.fails(5, ["new", "fresh2", "--from", "main", "--name", "older"])).toContain("named older");
    await grove.git(["branch", "there"]);
    expect(await grove.fails(5, ["new", "there", "--from", "main"])).toContain("exists already");
  });

  test("a branch that two remotes have is not guessed", async () => {
    await using grove = await Grove.create(server);
    const [one, two] = [grove.repo.path("one.git"), grove.repo.path("two.git")];
    for (const [name, path] of [
      ["one", one],
      ["two", two],
    ] as const) {
      await runOk("git", ["init", "-q", "--bare", path]);
      await grove.git(["remote", "add", name, path]);
      await grove.git(["push", "-q", name, "HEAD:refs/heads/shared"]);
    }
    const refused = await grove.fails(5, ["new", "shared"]);
    expect(refused).toContain("one/shared, two/shared");
    expect(refused).toContain("pgrove new shared --from one/shared");
  });

  test("empty, a dump, another worktree, an environment; reset goes back to the same", async () => {
    await using grove = await Grove.create(server, { yaml: "environments: {other: {env_file: .env.other}}\n" });
    const count = (database: string) => grove.ask(database, "select count(*)::int from item");
    expect(
      await grove.ask((await grove.make("bare", "--empty")).database, "select to_regclass('item')::text"),
    ).toBeNull();
    const dump = await grove.ok(["dump", "main", "-o", grove.repo.path("here.dump")]);
    await grove.sql.unsafe(`create database ${grove.project}_x_other template ${grove.project}`);
    await grove.ask(`${grove.project}_x_other`, "delete from item where id > 7");
    const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/${grove.project}_x_other`;
    writeFileSync(join(grove.repo.folder, ".env.other"), `DATABASE_URL=${url}\n`);

    const ways: [string, string[], number][] = [
      ["dumped", ["--restore", "./here.dump"], 50],
      ["staged", ["--copy", "@other"], 7],
      ["chained", ["--copy", "staged"], 7],
    ];
    for (const [branch, args, rows] of ways) {
      const folder = grove.repo.path(); // a relative path is relative to where one stands
      const made = await grove.json(["-C", grove.repo.folder, "new", branch, ...args], { cwd: folder });
      const { database } = made.worktree as { database: string };
      expect(await count(database)).toBe(rows);
      await grove.ask(database, "truncate item");
      await grove.ok(["reset", branch, "--yes"]);
      expect(await count(database)).toBe(rows);
    }
    expect(dump).toEndWith("here.dump");
    await grove.ok(["sql", "bare", "-c", "create table x ()"]);
    await grove.ok(["reset", "bare", "--yes"]);
    expect(await grove.ask(`${grove.project}_bare`, "select to_regclass('x')::text")).toBeNull();
  });

  test("others take the places of a dump's roles, in a trial, in what is new, and in a reset", async () => {
    await using grove = await Grove.create(server);
    const [gone, heir] = [`${grove.project}_gone`, `${grove.project} heir`];
    const owner = () =>
      grove.ask(`${grove.project}_heirs`, "select relowner::regrole::text from pg_class where relname = 'item'");
    await grove.sql.unsafe(`create role "${gone}"; create role "${heir}"`);
    try {
      await grove.ask(grove.project, `alter table item owner to "${gone}"`);
      const dump = await grove.ok(["dump", "-q"]);
      await grove.ask(grove.project, "alter table item owner to postgres");
      await grove.sql.unsafe(`drop role "${gone}"`);
      const to = (other: string) => ["--role-map", `${gone}="${other}"`];
      await grove.fails(2, ["dumps", "verify", dump, ...to(heir)]);
      const lacking = await grove.repo.run(["dumps", "verify", dump, "--restore", ...to("ghost")]);
      expect(lacking).toMatchObject({ code: 4, stdout: expect.stringContaining("ghost") });
      await grove.ok(["dumps", "verify", dump, "--restore", ...to(heir)]);
      await grove.make("heirs", "--restore", dump, ...to(heir));
      expect(await owner()).toBe(`"${heir}"`);
      await grove.ask(`${grove.project}_heirs`, "alter table item owner to postgres");
      await grove.ok(["reset", "heirs", "--yes"]);
      expect(await owner()).toBe(`"${heir}"`);
    } finally {
      await grove.sql.unsafe(`drop database if exists "${grove.project}_heirs"`);
      await grove.sql.unsafe(`drop role if exists "${heir}"`);
    }
  });

  test("a detached worktree made by hand is listed, provisioned and removed like any other", async () => {
    await using grove = await Grove.create(server);
    const folder = grove.repo.path("by hand");
    await grove.git(["worktree", "add", "-q", "--detach", folder]);
    expect(await grove.ok(["list"])).toMatch(/by hand +\(detached\) +- .*not provisioned: pgrove provision by hand/);
    expect(await grove.fails(4, ["url"], { cwd: folder })).toContain("pgrove provision");
    await grove.ok(["provision"], { cwd: folder });
    expect(await grove.ok(["url"], { cwd: folder })).toEndWith(`/${grove.project}_by_hand`);
    await grove.ok(["remove", "by-hand", "--yes"], { cwd: folder });
    expect(await grove.oid(`${grove.project}_by_hand`)).toBeUndefined();
  });

  test("a post-checkout hook that fails does not keep the worktree from its database", async () => {
    await using grove = await Grove.create(server);
    writeFileSync(join(grove.repo.folder, ".git/hooks/post-checkout"), "#!/bin/sh\necho no >&2; exit 3\n", {
      mode: 0o755,
    });
    const { code, stderr } = await grove.repo.run(["new", "hooked"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("post-checkout hook failed: no\n") });
    expect(await grove.ok(["url", "hooked"])).toEndWith(`/${grove.project}_hooked`);
  });

  test("whoever is connected to main stays connected: the rows are streamed then", async () => {
    await using grove = await Grove.create(server);
    const session = connect(server, grove.project);
    await session`select 1`;
    const { stdout, stderr } = await grove.repo.run(["new", "beside"]);
    expect(stdout).toContain("(stream)");
    expect(stderr).toContain("1 session connected to main: postgres (postgres.js); streaming, so that they stay\n");
    expect(await grove.ask(`${grove.project}_beside`, "select count(*)::int from item")).toBe(50);
    await session`select 1`;
    await session.end();
  });

  test("worktrees below a link", async () => {
    await using grove = await Grove.create(server);
    mkdirSync(grove.repo.path("real"));
    symlinkSync(grove.repo.path("real"), grove.repo.path("link"));
    const config = readFileSync(join(grove.repo.folder, "pgrove.yaml"), "utf8");
    await grove.repo.configure(`${config}worktrees: {dir: "../link/{name}"}\n`);
    expect((await grove.make("linked")).path).toBe(grove.repo.path("real/linked"));
    await grove.ok(["remove", "linked", "--yes"]);
  });
});

test("an env file that was copied from main still names main's database: status warns, provision mends it", async () => {
  await using grove = await Grove.create(server);
  const { path, database } = await grove.make("copied-env");
  expect(await grove.json(["status"], { cwd: path })).toMatchObject({ env: { matches: true } });
  await grove.ok(["provision", "main"]);
  copyFileSync(join(grove.repo.folder, ".env"), join(path, ".env"));
  const warned = await grove.repo.run(["status"], { cwd: path });
  expect(warned.stderr).toContain("DATABASE_URL");
  expect(warned.stderr).toContain("pgrove provision copied-env");
  expect(await grove.ok(["url"], { cwd: path })).toEndWith(`/${database}`); // pgrove itself is not misled
  await grove.ok(["provision"], { cwd: path });
  expect((await grove.repo.run(["status"], { cwd: path })).stderr).toBe("");
});

test("a new that cannot succeed leaves nothing", async () => {
  await using grove = await Grove.create(server);
  mkdirSync(grove.at("in-the-way"), { recursive: true });
  await grove.make("taken");
  const refused: [number, string[], Record<string, string>?][] = [
    [4, ["new", "x", "--restore", "nothing.dump"]],
    [4, ["new", "x", "--copy", "nobody"]],
    [4, ["new", "x"], { DOCKER_HOST: "unix:///nowhere/docker.sock" }],
    [4, ["new", "x", "--no-start"], { DOCKER_HOST: "unix:///nowhere/docker.sock" }],
    [2, ["new", "x", "--empty", "--copy"]],
    [2, ["new", "x", "--copy", "--role-map", "a=b"]],
    [5, ["new", "x", "--name", "taken"]],
    [5, ["new", "taken", "--name", "x"]],
    [5, ["new", "main", "--name", "x"]],
    [5, ["new", "in-the-way"]],
    [4, ["new", "x", "--from", "nosuchref", "--dry-run"]],
    [4, ["new", "x", "--from", "nosuchref"]],
  ];
  for (const [code, args, env] of refused) await grove.fails(code, args, env === undefined ? {} : { env });
  await grove.ok(["remove", "taken", "--yes"]);
  expect(await grove.remains()).toEqual({ ...nothingRemains, folders: ["in-the-way"] });
  expect(await grove.git(["branch", "--list", "x", "in-the-way"])).toBe("");
});
