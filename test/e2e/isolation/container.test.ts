/** Worktrees with containers of their own: the checkout's compose files under a project, ports and a volume of their own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Major } from "../../support/engine/images.ts";
import { runOk, waitFor } from "../../support/engine/run.ts";
import { testLabels } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { ComposeRepository, PASSWORD } from "../../support/isolation/compose-repository.ts";

const COUNT = "select count(*)::int from item";
const ITEMS = "create table item as select i as id from generate_series(1, 50) i";

const opened = new Map<Major, Promise<ComposeRepository>>();

/** The repository whose main database is of that version; one for all tests. */
function open(major: Major): Promise<ComposeRepository> {
  const repository = opened.get(major) ?? start(major);
  opened.set(major, repository);
  return repository;
}

async function start(major: Major): Promise<ComposeRepository> {
  const repository = await ComposeRepository.start(major);
  await repository.ok(["sql", "-c", ITEMS]);
  return repository;
}

afterAll(async () => {
  for (const repository of opened.values()) await (await repository)[Symbol.asyncDispose]();
});

/** What of main nothing that is done with a worktree may change. */
async function readMain(repository: ComposeRepository): Promise<unknown> {
  return [await repository.containers(repository.project), await repository.ask("main", COUNT)];
}

describe.each(takingTurns([15, 18], import.meta.path))("on PostgreSQL %i", (major) => {
  let repository: ComposeRepository;
  let main: unknown;
  let project: string;
  let folder: string;
  let ports: Record<string, number>;

  beforeAll(async () => {
    repository = await open(major);
    main = await readMain(repository);
    project = repository.projectOf("feature-x");
    folder = repository.at("feature-x");
  });

  test("new copies main into containers, a volume and ports of the worktree's own", async () => {
    const made = await repository.make("feature/x");
    ports = made.ports;
    expect(made).toMatchObject({ isolation: "container", database: "app", data: { how: "stream", from: "main" } });
    expect(Object.keys(ports).sort()).toEqual(["db", "web"]);
    const taken = Object.values(await repository.containers(repository.project)).flatMap((each) => each.ports);
    expect(taken.filter((port) => Object.values(ports).includes(port))).toEqual([]);
    expect(await repository.parts(project)).toEqual([
      `container ${project}-db-1`,
      `network ${project}_default`,
      `volume ${project}_data`,
    ]);
    expect(await repository.git(["status", "--porcelain"])).toBe("");
    expect(await repository.git(["status", "--porcelain"], folder)).toBe("");
    const env = await readFile(join(folder, ".env"), "utf8");
    expect(env).not.toContain("POSTGRES_PASSWORD");
    expect(env).toContain(`DATABASE_URL=postgres://postgres:${PASSWORD}@127.0.0.1:${ports.db}/app\n`);
    expect(env).toContain(`WEB_PORT=${ports.web}\n`);
    expect(await repository.ask("feature-x", COUNT)).toBe(50);
    await repository.ok(["sql", "-c", "delete from item where id > 7"], { cwd: folder });
    expect(await repository.ask("feature-x", COUNT)).toBe(7);
    expect(await readMain(repository)).toEqual(main);
    expect(await repository.listed("feature-x")).toMatchObject({ server: "running", database: "app", ports });
  });

  test("up, down, restart and logs act on the worktree's project alone", async () => {
    await repository.ok(["up", "feature-x", "--service", "web", "--service", "worker"]);
    expect(await repository.running(project)).toEqual(["db", "web", "worker"]);
    const started = await repository.containers(project);
    expect(started.web?.ports).toEqual([ports.web ?? 0]);
    expect(await repository.ok(["logs", "feature-x", "--service", "worker"])).toBe("worker-1  | worker is up");
    await repository.ok(["down", "feature-x", "--service", "web"]);
    expect(await repository.running(project)).toEqual(["db", "worker"]);
    await repository.ok(["restart"], { cwd: folder });
    const { db, worker } = await repository.containers(project);
    expect(db?.startedAt).not.toBe(started.db?.startedAt);
    expect(worker).toEqual(started.worker);
    await repository.ok(["down"], { cwd: folder });
    expect(await repository.running(project)).toEqual(["worker"]);
    expect((await repository.listed("feature-x")).server).toBe("stopped");
    await repository.ok(["up", "feature-x"]);
    expect(await repository.ask("feature-x", COUNT)).toBe(7);
    expect(await readMain(repository)).toEqual(main);
  });

  test("what the worktree's checkout changes in the compose files, its containers follow", async () => {
    const file = join(folder, "deployment/docker-compose.yml");
    const before = await readFile(file, "utf8");
    const mail = before.replace(
      /^ {2}web: .*$/m,
      (web) => `${web}\n${web.replace("web:", "mail:").replace("-web", "-mail")}`,
    );
    const mainsPort = (await repository.containers(repository.project)).web?.ports[0] ?? 0;
    await writeFile(file, mail.replace(`${mainsPort}:3000`, `${mainsPort + 1000}:25`));
    await repository.ok(["up", "feature-x", "--service", "mail"]);
    const now = (await repository.listed("feature-x")).ports;
    expect(now).toEqual({ ...ports, mail: expect.any(Number) });
    expect((await repository.containers(project)).mail?.ports).toEqual([now.mail ?? 0]);
    expect(await repository.parts(project)).toContain(`container ${project}-mail-1`);
    await writeFile(file, before); // what the override names is no longer in the files
    for (const command of ["logs", "down", "up", "provision"]) await repository.ok([command, "feature-x"]);

    await repository.git(["worktree", "move", folder, repository.at("moved")]);
    await repository.ok(["down", "feature-x"]);
    await repository.ok(["up", "feature-x"]);
    expect(await repository.ask("feature-x", COUNT)).toBe(7);
    await repository.git(["worktree", "move", repository.at("moved"), folder]);
    expect(await readMain(repository)).toEqual(main);
  });

  test("reset, remove: everything on the engine goes, branch and dumps stay", async () => {
    await repository.ok(["dump", "feature-x"]);
    await repository.ok(["reset", "feature-x", "--yes"]);
    expect(await repository.ask("feature-x", COUNT)).toBe(50);
    const asked = await repository.fails(5, ["remove", "feature-x"]);
    expect(asked).toContain(`with 4 containers and 1 volume of ${project}`);
    await repository.ok(["remove", "feature-x", "--yes"]);
    expect(await repository.parts(project)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect((await repository.list()).map(({ name }) => name)).toEqual(["main"]);
    expect(await repository.git(["branch", "--list", "feature/x"])).toBe("feature/x");
    expect(await repository.ok(["dumps", "list"])).toContain("feature-x-");
    expect(await readMain(repository)).toEqual(main);
  });
});

describe("when it goes wrong", () => {
  let repository: ComposeRepository;
  beforeAll(async () => {
    repository = await open(18);
  });

  /** Kills `new` as soon as the worktree's database container runs. Main's rows cannot be read before that. */
  async function strikeWhileStarting(name: string): Promise<void> {
    const main = await repository.connect("main");
    await main.unsafe("begin; lock table item in access exclusive mode");
    const program = repository.repo.start(["new", name]);
    const starts = async () => {
      if (!program.isRunning()) throw new Error(`it ended before the container ran:\n${program.said()}`);
      return (await repository.running(repository.projectOf(name))).length > 0;
    };
    await waitFor("the container to run", 30_000, starts, 5);
    program.kill("SIGKILL");
    await program.ended;
    await main.end();
  }

  test("a new that is killed while the container starts is completed by provision, and taken away by remove", async () => {
    await strikeWhileStarting("kept");
    expect((await repository.listed("kept")).state).toBe("creating");
    expect(await repository.fails(4, ["url", "kept"])).toContain("pgrove provision kept");
    await repository.ok(["provision", "kept"]);
    expect(await repository.ask("kept", COUNT)).toBe(50);
    expect((await repository.listed("kept")).state).toBe("ready");

    await strikeWhileStarting("given-up");
    await repository.ok(["remove", "given-up", "--yes"]);
    expect(await repository.parts(repository.projectOf("given-up"))).toEqual([]);
    expect((await repository.list()).map(({ name }) => name)).toEqual(["main", "kept"]);
  });

  test("two at once share nothing; what was deleted by hand is pruned", async () => {
    const [one, two] = await Promise.all([repository.make("one"), repository.make("two")]);
    const all = [...Object.values(one.ports), ...Object.values(two.ports)];
    expect(new Set(all).size).toBe(4);
    await repository.ok(["sql", "one", "-c", "truncate item"]);
    expect(await repository.ask("two", COUNT)).toBe(50);

    await rm(repository.at("one"), { recursive: true });
    expect(await repository.fails(4, ["up", "one"])).toContain("pgrove prune");
    expect(await repository.ok(["prune", "--now", "--dry-run"])).toContain(
      `1 container and 1 volume of ${repository.projectOf("one")}`,
    );
    const project = repository.projectOf("one");
    const parts = await repository.parts(project);
    const told = await repository.json(["prune", "--yes"]);
    expect(told).toMatchObject({
      pruned: [],
      parked: [{ worktree: "one", volumes: [expect.stringContaining(project)] }],
    });
    expect([await repository.running(project), await repository.parts(project)]).toEqual([[], parts]);
    await repository.ok(["provision", "one"]);
    expect(await repository.ask("one", COUNT)).toBe(0);
    await rm(repository.at("one"), { recursive: true });
    await repository.ok(["prune", "--now", "--confirm", repository.project]);
    expect(await repository.parts(project)).toEqual([]);
    expect(await repository.ask("two", COUNT)).toBe(50);
    expect(await repository.ok(["prune", "--dry-run"])).toBe("nothing is left over");
  });

  test("a plain `git worktree add` gets its container too, by the hook, unless hooks.start says no", async () => {
    const add = async (name: string, branch?: string) => {
      const line = `git worktree add -q ${branch === undefined ? `-b ${name}` : ""} ${repository.at(name)} ${branch ?? ""}`;
      return await repository.repo.run([], { wrap: ["sh", "-c", line] });
    };
    await repository.ok(["hooks", "install"]);
    const made = await add("hooked");
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining("pgrove: starting a container") });
    expect(await repository.ask("hooked", COUNT)).toBe(50);
    // The compose files of a branch are its own; those of the default branch count as approved since the hooks are there.
    const config = join(repository.repo.folder, "pgrove.yaml");
    const before = await readFile(config, "utf8");
    const composeFile = join(repository.repo.folder, "deployment/docker-compose.jobs.yml");
    const compose = await readFile(composeFile, "utf8");
    await repository.git(["switch", "-qc", "stranger"]);
    await writeFile(composeFile, `${compose}\n# mine now\n`);
    await repository.git(["commit", "-qam", "stranger"]);
    await repository.git(["switch", "-q", "-"]);
    const { code, stderr } = await add("stranger", "stranger");
    expect(code).toBe(0);
    expect(stderr).toContain("its server.compose was not approved: deployment/docker-compose.jobs.yml");
    expect(stderr).toContain("pgrove trust && pgrove provision");
    expect(await repository.parts(repository.projectOf("stranger"))).toEqual([]);
    await repository.git(["worktree", "remove", "--force", repository.at("stranger")]);
    await writeFile(config, `${before}hooks: {start: false}\n`);
    await repository.git(["commit", "-qam", "hooks"]);
    const left = await add("by-hand");
    expect(left).toMatchObject({ code: 0, stderr: expect.stringContaining("(next: pgrove provision)") });
    expect(await repository.parts(repository.projectOf("by-hand"))).toEqual([]);
    await writeFile(config, before);
    await repository.git(["commit", "-qam", "no hooks"]);
    await repository.ok(["hooks", "uninstall"]);
  });

  test("a compose project of that name that is somebody else's is left alone", async () => {
    const [project, volume] = [repository.projectOf("taken"), `${repository.projectOf("taken")}_data`];
    const labels = Object.entries({ ...testLabels(), "com.docker.compose.project": project });
    const flags = labels.flatMap(([name, value]) => ["--label", `${name}=${value}`]);
    await runOk("docker", ["volume", "create", ...flags, volume]);
    // Another machine's worktree of the same repository on the same engine: its folder is not seen from here.
    const identity = await readFile(join(repository.repo.folder, ".git/pgrove-id"), "utf8");
    const owner = { "dev.pgrove.repository": identity.trim(), "dev.pgrove.worktree": crypto.randomUUID() };
    const others = Object.entries({ ...testLabels(), ...owner, "com.docker.compose.project": `${project}-elsewhere` });
    const elsewhere = `${project}-elsewhere_data`;
    const labelled = others.flatMap(([name, value]) => ["--label", `${name}=${value}`]);
    await runOk("docker", ["volume", "create", ...labelled, elsewhere]);
    try {
      await repository.ok(["prune", "--now", "--confirm", repository.project]);
      expect(await repository.parts(`${project}-elsewhere`)).toEqual([`volume ${elsewhere}`]);
      await repository.make("taken");
      expect(await repository.ask("taken", COUNT)).toBe(50);
      await repository.ok(["remove", "taken", "--yes"]);
      expect(await repository.parts(project)).toEqual([`volume ${volume}`]);
    } finally {
      await runOk("docker", ["volume", "rm", volume, elsewhere]);
    }
  });

  test("an env file that the compose files name is brought along first, where it is shared", async () => {
    const file = join(repository.repo.folder, "deployment/docker-compose.yml");
    const named = (await readFile(file, "utf8")).replace(/^ {2}web: \{/m, "  web: {env_file: [../.env.web], ");
    await writeFile(file, named);
    await writeFile(join(repository.repo.folder, ".gitignore"), ".env*\n");
    await writeFile(join(repository.repo.folder, ".env.web"), "GREETING=hello\n");
    await repository.git(["commit", "-qam", "env file"]);
    expect(await repository.fails(1, ["new", "without"])).toContain("worktrees.share");
    await repository.ok(["remove", "without", "--yes"]);
    const config = join(repository.repo.folder, "pgrove.yaml");
    await writeFile(config, `${await readFile(config, "utf8")}worktrees: {share: [.env.web]}\n`);
    await repository.make("with");
    expect(await repository.ask("with", COUNT)).toBe(50);
  });
});
