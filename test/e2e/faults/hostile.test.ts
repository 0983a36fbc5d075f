/** Fault 18: a repository that somebody else wrote may not run a command, read a file outside, or send a secret away. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensurePlainImage } from "../../support/engine/images.ts";
import { type RunResult, run } from "../../support/engine/run.ts";
import { sharedServer, type TestServer, testLabels } from "../../support/engine/server.ts";
import { binary, inContainer, makeRepo, type Repo } from "../../support/faults/program.ts";
import { drop, makeSmall } from "../../support/faults/sample.ts";

let server: TestServer;
let target: string;
let repo: Repo;

beforeAll(async () => {
  server = await sharedServer(17);
  target = await makeSmall(server);
});

afterAll(() => drop(server, target));

beforeEach(async () => {
  await repo?.remove();
  repo = await makeRepo(inContainer(server.container, target));
});

afterAll(() => repo.remove());

/** What runs when a program reads the folder's files as its own: it would leave a mark. */
function plantTraps(folder: string, mark: string): void {
  const script = `require("node:fs").writeFileSync(${JSON.stringify(mark)}, "trapped");`;
  writeFileSync(join(folder, "trap.js"), script);
  writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./trap.js"]\n[test]\npreload = ["./trap.js"]\n');
  writeFileSync(join(folder, "package.json"), '{"name":"trap","main":"./trap.js","imports":{"#*":"./trap.js"}}');
  writeFileSync(join(folder, "tsconfig.json"), '{"compilerOptions":{"paths":{"*":["./trap.js"]}}}');
  for (const name of ["postgres", "yaml", "valibot"]) {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    writeFileSync(join(folder, "node_modules", name, "index.js"), script);
  }
  const lines = ["HOME=/nowhere", "PATH=/nowhere", "DOCKER_HOST=tcp://127.0.0.1:1", "BACKUP_DIR=/tmp/pgrove-stolen"];
  writeFileSync(
    join(folder, ".env"),
    `${[...lines, "NODE_OPTIONS=--require ./trap.js", "BUN_OPTIONS=--preload ./trap.js"].join("\n")}\n`,
  );
  writeFileSync(join(folder, ".env.local"), "BACKUP_DIR=/tmp/pgrove-stolen\n");
}

test("bunfig.toml, .env, node_modules, package.json and tsconfig.json of the folder are not the program's", async () => {
  const mark = repo.path("trapped");
  plantTraps(repo.folder, mark);
  for (const args of [["--version"], ["--help"], ["dump", "--help"], ["status"], ["init", "--dry-run"], ["url"]]) {
    const ended = await repo.run(args);
    expect({ args, trapped: existsSync(mark), ...ended }).toMatchObject({ trapped: false });
    expect(ended.stderr).not.toContain("nowhere");
  }
  const path = await repo.ok(["dump"]);
  expect(path).toStartWith(`${repo.store}/`);
  await repo.ok(["restore", path, "--yes"]);
  expect(existsSync(mark)).toBe(false);
  expect(existsSync("/tmp/pgrove-stolen")).toBe(false);
});

describe("paths that lead out of the repository", () => {
  const secret = "s3cret-of-somebody-else";

  test.each([
    ["compose.file through ..", "server: {compose: {file: ../outside/compose.yml, service: db}}\n"],
    ["compose.file, absolute", "server: {compose: {file: OUTSIDE/compose.yml, service: db}}\n"],
    ["compose.file through a link", "server: {compose: {file: link.yml, service: db}}\n"],
    ["compose.file through a linked folder", "server: {compose: {file: linked/compose.yml, service: db}}\n"],
    ["env_file through ..", "ENVIRONMENT../outside/.env"],
    ["env_file through a link", "ENVIRONMENTlink.env"],
    ["env_file in the home", "ENVIRONMENT~/.env"],
    ["env_file in git's folder", "ENVIRONMENT.git/config"],
    ["env.file through ..", "SERVERenv: {file: ../outside/.env}\n"],
  ])("%s", async (_, written) => {
    const outside = repo.path("outside");
    mkdirSync(outside);
    const url = `DATABASE_URL=postgres://u:${secret}@127.0.0.1:1/x\n`;
    writeFileSync(join(outside, ".env"), url);
    writeFileSync(join(repo.home, ".env"), url);
    writeFileSync(
      join(outside, "compose.yml"),
      `services:\n  db:\n    image: x\n    environment: {POSTGRES_PASSWORD: ${secret}}\n`,
    );
    symlinkSync(join(outside, "compose.yml"), join(repo.folder, "link.yml"));
    symlinkSync(join(outside, ".env"), join(repo.folder, "link.env"));
    symlinkSync(outside, join(repo.folder, "linked"));
    const yaml = written
      .replace("OUTSIDE", outside)
      .replace(/^ENVIRONMENT(.*)$/, `SERVERenvironments: {staging: {env_file: $1}}\n`)
      .replace("SERVER", inContainer(server.container, target));
    await repo.configure(`project: faults\n${yaml}`);
    for (const args of [["dump", ...(yaml.includes("staging") ? ["@staging"] : [])], ["status"], ["url"], ["env"]]) {
      const ended = await repo.run(args);
      expect({ args, ...ended }).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toMatch(/out of the repository|outside the repository|git's own folder/);
      expect(ended.stderr).not.toContain(secret);
    }
    expect(repo.stored()).toEqual([]);
  });

  test("setup commands are not run, whatever the command", async () => {
    const mark = repo.path("ran");
    await repo.configure(
      `project: faults\n${inContainer(server.container, target)}worktrees: {setup: ["touch ${mark}"], teardown: ["touch ${mark}"]}\n`,
    );
    for (const args of [["dump"], ["status"], ["restore", "--latest", "--yes"]]) await repo.ok(args);
    expect(existsSync(mark)).toBe(false);
  });
});

describe("alone in a container: no Bun, no Node, no PostgreSQL, no docker", () => {
  async function inside(...args: string[]): Promise<RunResult> {
    const image = await ensurePlainImage();
    const labels = Object.entries(testLabels()).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
    const mounts = ["-v", `${binary}:/usr/local/bin/pgrove:ro`, "-v", `${repo.folder}:/work`, "-w", "/work"];
    return await run("docker", [
      "run",
      "--rm",
      "-i",
      ...labels,
      ...mounts,
      "--network",
      "host",
      "--entrypoint",
      "pgrove",
      image,
      ...args,
    ]);
  }

  beforeEach(async () => {
    plantTraps(repo.folder, "/work/trapped");
  });

  const untouched = () => expect(existsSync(join(repo.folder, "trapped"))).toBe(false);

  test("it answers", async () => {
    expect(await inside("--version")).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect((await inside("--help")).stdout).toContain("restore");
    expect((await inside("dump", "--help")).stdout).toContain("--compress");
    expect((await inside("completions", "bash")).code).toBe(0);
    const init = await inside("init", "--dry-run", "--server", "local");
    expect(init.stderr).not.toContain("has a bug");
    expect(init.stderr).not.toContain("Cannot find");
    untouched();
  });

  test("a dump of a server elsewhere says what is missing, exit 4", async () => {
    const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/${target}`;
    await repo.configure("project: faults\nserver: {url: 'postgres://nobody@127.0.0.1:1/x'}\n");
    const ended = await inside("dump", "--target", url);
    expect(ended).toMatchObject({ code: 4, stdout: "" });
    expect(ended.stderr).toMatch(/pg_dump|PostgreSQL/);
    expect(ended.stderr).toContain("hint:");
    expect(ended.stderr).not.toContain(server.password);
    const query = await inside("sql", "--target", url, "-c", "select count(*) from marker", "--format", "csv");
    expect(query.stderr).not.toContain("has a bug");
    untouched();
  });

  test("a server in a container says that docker is missing, exit 4", async () => {
    await repo.configure(`project: faults\n${inContainer(server.container, target)}`);
    const ended = await inside("dump");
    expect(ended).toMatchObject({ code: 4, stdout: "" });
    expect(ended.stderr).toContain("docker is not installed");
    untouched();
  });
});
