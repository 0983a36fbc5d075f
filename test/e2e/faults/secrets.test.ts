/** Fault 19: a password stands on no command line, in no message, and in no file that pgrove writes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, startServer, type TestServer } from "../../support/engine/server.ts";
import { type Gate, holdDumpEnds, holdLoads } from "../../support/faults/gates.ts";
import { type Ended, makeRepo, type Repo, type Started } from "../../support/faults/program.ts";
import { drop, freshName, makeLarge } from "../../support/faults/sample.ts";
import { waitForNothing } from "../../support/faults/world.ts";

/** Nobody else on this machine has this word on a command line. */
const word = `hunter-${randomUUID()}`;
const password = `${word} geheim&%/=ü`;
let server: TestServer;
let containerId: string;
let large: string;
let repo: Repo;
let role: string;
/** As pgrove.yaml names the variable DB_PASSWORD. */
const fromEnvironment = ["$", "{DB_PASSWORD}"].join("");
/** The forms in which it could be written down. */
const forms = [password, encodeURIComponent(password), word];

beforeAll(async () => {
  server = await sharedServer(17);
  containerId = (await runOk("docker", ["inspect", "-f", "{{.Id}}", server.container])).trim();
  large = await makeLarge(server);
  role = freshName("secretive");
  await server.psql("postgres", `create role ${role} superuser login password '${password}'`);
  repo = await makeRepo(yamlFor(fromEnvironment));
});

afterAll(async () => {
  await waitForNothing(server, repo);
  await drop(server, large);
  await server.psql("postgres", `drop owned by ${role}; drop role ${role}`);
  await repo.remove();
});

const yamlFor = (secret: string) =>
  `server: {container: ${server.container}}\ndatabase: {name: ${large}, user: ${role}, password: "${secret}"}\n` +
  `environments: {copy: {env_file: .env.copy}}\nclient_image: ${server.image.replace(/17.*/, "{major}")}\n`;

/** What the kernel says of a process; nothing where it has ended by now. */
function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/**
 * Looks at every command line of this machine while the program runs, those in containers too. The gate is opened when the
 * expected programs were all seen at work, and keeps them there until then.
 */
async function watch(
  program: Started,
  expected: readonly string[],
  held: Gate,
): Promise<{ ended: Ended; samples: number; programs: Set<string>; leaks: string[] }> {
  const programs = new Set<string>();
  const leaks = new Set<string>();
  let samples = 0;
  const testsOwn = new Set([String(process.pid)]);
  while (program.isRunning()) {
    samples += 1;
    for (const pid of readdirSync("/proc")) {
      if (!/^\d+$/.test(pid) || testsOwn.has(pid)) continue;
      const line = readProcess(pid, "cmdline");
      if (forms.some((form) => line.includes(form))) leaks.add(line.replaceAll("\0", " "));
      if (line.startsWith("docker\0") && line.includes(server.container)) programs.add("docker");
      for (const name of ["pg_dump", "pg_restore", "psql"]) {
        if (line.includes(name) && readProcess(pid, "cgroup").includes(containerId)) programs.add(name);
      }
    }
    if (samples > 10 && expected.every((name) => programs.has(name))) await held.open();
    await Bun.sleep(5);
  }
  return { ended: await program.ended, samples, programs, leaks: [...leaks] };
}

/** Every file below a folder that holds the password, dumps left out: rows may hold anything. */
function findInFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith(".env.copy"))
    .filter((path) => forms.some((form) => readFileSync(path).includes(form)));
}

function expectSilent(ended: Ended): void {
  for (const form of forms) {
    expect(ended.stderr).not.toContain(form);
    expect(ended.stdout).not.toContain(form);
  }
}

const env = { DB_PASSWORD: password };

describe("no process carries it in its command line", () => {
  const url = () => `postgres://${role}:${encodeURIComponent(password)}@127.0.0.1:${server.port}`;

  const dumpOf = (suffix: string) => () => holdDumpEnds(server, `${large}${suffix}`);
  const load = () => holdLoads(server, large, "rows");
  test.each([
    ["a dump", ["dump"], ["docker", "pg_dump"], dumpOf("")],
    ["a restore", ["restore", "--latest", "--yes"], ["docker", "pg_restore"], load],
    [
      "a copy within the server",
      ["copy", "main", "--to", "@copy", "--strategy", "stream", "--yes"],
      ["pg_dump", "pg_restore"],
      load,
    ],
    ["a dump of a URL's server", ["dump", "@copy", "--verbose"], ["pg_dump"], dumpOf("_copy")],
  ])("%s", async (_, args, expected, hold) => {
    await Bun.write(`${repo.folder}/.env.copy`, `DATABASE_URL="${url()}/${large}_copy"\n`);
    await using held = await hold();
    const { ended, samples, programs, leaks } = await watch(repo.start(args, { env }), expected, held);
    expect(ended).toMatchObject({ code: 0 });
    expect(samples).toBeGreaterThan(10);
    for (const program of expected) expect(programs).toContain(program); // they were seen at work
    expect(leaks).toEqual([]);
    expectSilent(ended);
    expect(findInFiles(repo.stateDir)).toEqual([]);
    expect(findInFiles(repo.home)).toEqual([]);
    expect(findInFiles(join(repo.folder, ".git"))).toEqual([]);
  });

  test("the copied database is dropped", () => drop(server, `${large}_copy`));
});

describe("no failure tells it", () => {
  let stopped: TestServer;

  beforeAll(async () => {
    stopped = await startServer({ major: 17, env: { POSTGRES_PASSWORD: password } });
    await stopped.stop();
  });

  afterAll(() => stopped.remove());

  const failures: [string, () => Promise<Ended>][] = [
    [
      "a wrong one",
      async () => {
        const wrong = encodeURIComponent(`${password} but wrong`);
        const url = `postgres://${role}:${wrong}@127.0.0.1:${server.port}/${large}`;
        const ended = await repo.run(["dump", "--target", url], { cwd: repo.home }); // no pgrove.yaml: by TCP alone
        expect(ended.stderr).toContain("password authentication failed");
        return ended;
      },
    ],
    [
      "a URL whose server is away",
      () => repo.run(["status", "--target", `postgres://u:${encodeURIComponent(password)}@127.0.0.1:1/x`]),
    ],
    ["a URL with a mistake", () => repo.run(["dump", "--target", `postgres://u:${password}@[bad/x?y`])],
    ["a dump of a table that is not there", () => repo.run(["dump", "--table", "nowhere"], { env })],
    [
      "a restore that needs consent",
      () =>
        repo.run(
          [
            "restore",
            "--latest",
            "--to",
            `postgres://${role}:${encodeURIComponent(password)}@127.0.0.1:${server.port}/${large}`,
          ],
          { env },
        ),
    ],
    ["a restore of what is no dump", () => repo.run(["restore", "/etc/hostname", "--yes", "--verbose"], { env })],
    [
      "a container that is stopped",
      async () => {
        await repo.configure(`project: faults\nserver: {container: ${stopped.container}}\n`);
        return await repo.run(["dump", "--verbose"]);
      },
    ],
    [
      "a pgrove.yaml with a mistake",
      async () => {
        await repo.configure(`project: faults\n${yamlFor(password)}unknown: 1\n`);
        return await repo.run(["dump", "--json"]);
      },
    ],
  ];
  test.each(failures)("%s", async (_, fail) => {
    await repo.configure(`project: faults\n${yamlFor(fromEnvironment)}`);
    const ended = await fail();
    expect(ended.code).toBeGreaterThan(0);
    expect(ended.stderr).not.toContain("has a bug");
    expectSilent(ended);
    expect(findInFiles(repo.stateDir)).toEqual([]);
    expect(findInFiles(repo.home)).toEqual([]);
  });
});
