import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openServer } from "../../../src/server/open-server.ts";
import type { Login, Server, ServerSpec } from "../../../src/server/server.ts";
import { type Command, type Limits, type Runner, systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { ensureCompose } from "../../support/engine/compose.ts";
import { ensureEngine } from "../../support/engine/engine.ts";
import { ensureImage } from "../../support/engine/images.ts";
import { run, runOk, waitFor } from "../../support/engine/run.ts";
import { testLabels } from "../../support/engine/server.ts";
import { patiently } from "../../support/patience.ts";

let root: string;
let image: string;
const down: (() => Promise<unknown>)[] = [];
const abort = new AbortController().signal;

beforeAll(async () => {
  await ensureEngine();
  await ensureCompose();
  image = await ensureImage(17);
  root = await mkdtemp(join(tmpdir(), "pgrove-compose-"));
});

afterAll(async () => {
  for (const remove of down) await remove();
  await rm(root, { recursive: true, force: true });
});

const labels = JSON.stringify(testLabels());

/** A compose file with the labels of the tests; its project's folder has a name that nobody else has. */
function composeFile(options: { name?: string; db?: string; services?: string }): string {
  const { name, db = "", services = "" } = options;
  return [
    ...(name === undefined ? [] : [`name: ${name}`]),
    "services:",
    "  db:",
    `    image: ${image}`,
    "    environment: {POSTGRES_USER: ann, POSTGRES_PASSWORD: 'se:cret', POSTGRES_DB: app}",
    "    volumes: [data:/var/lib/postgresql/data]",
    `    labels: ${labels}`,
    db,
    services,
    `volumes: {data: {labels: ${labels}}}`,
    `networks: {default: {labels: ${labels}}}`,
    "",
  ].join("\n");
}

async function write(path: string, text: string): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

type ComposeChanges = Partial<Omit<Extract<ServerSpec, { kind: "compose" }>, "kind">>;

function open(
  files: readonly string[],
  changes: ComposeChanges = {},
  login: Login = {},
  runner = systemRunner,
  notes: string[] = [],
): Server {
  const spec: ServerSpec = { kind: "compose", files, service: "db", profiles: [], ...changes };
  return openServer(spec, login, {
    runner,
    clientImage: "pgrove-test/postgres:{major}",
    stageParent: root,
    note: (text) => notes.push(text),
  });
}

/** Removes what a compose project made, with its volume: the tests' own only. */
function removeAfterwards(files: readonly string[], ...flags: string[]): void {
  const args = ["compose", ...files.flatMap((file) => ["-f", file]), ...flags, "down", "-v", "-t", "1"];
  down.push(() => run("docker", args));
}

async function queryVersion(server: Server, database: string): Promise<unknown> {
  const sql = await (await server.open()).connect(database, newRunId(new Date()), { waitMs: patiently(10_000) });
  try {
    const [row] = await sql`select current_database() as database, current_user as user`;
    return { ...row };
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const unique = () => `t${randomUUID().slice(0, 8)}`;

test("a file in a subfolder: absent, started, asked in two questions, stopped with its data kept", async () => {
  const file = await write(
    `${unique()}/Deployment.${unique()}/docker-compose.yml`,
    composeFile({ db: '    ports: ["127.0.0.1::5432"]' }),
  );
  removeAfterwards([file]);
  const server = open([file]);
  expect(await server.inspect()).toEqual({ condition: "absent" });
  await expect(server.access()).rejects.toMatchObject({ code: "server_absent", exit: 4, hint: "pgrove up" });
  await expect(server.open()).rejects.toMatchObject({ exit: 4 });

  await server.start({ waitMs: patiently(60_000), abort });
  const state = await server.inspect();
  expect(state).toMatchObject({ condition: "running", host: "127.0.0.1", container: { image } });
  expect(new Date(state.startedAt ?? "").getTime()).toBeGreaterThan(0);
  expect(await queryVersion(server, "app")).toEqual({ database: "app", user: "ann" });

  const asked: string[] = [];
  const byClient: Runner = {
    ...systemRunner,
    ask: () => Promise.resolve(undefined),
    capture: (command: Command, limits?: Limits) => {
      asked.push(command.args[0] ?? "");
      return systemRunner.capture(command, limits);
    },
  };
  const bySocket: Runner = {
    ...byClient,
    ask: (path) => {
      asked.push(path.replace(/\?.*/, "").replace(/\/[^/]+\//, "/ONE/"));
      return systemRunner.ask?.(path) ?? Promise.resolve(undefined);
    },
  };
  for (const [runner, questions] of [
    [byClient, ["ps", "inspect"]],
    [bySocket, ["containers/json", "containers/ONE/json"]],
  ] as const) {
    asked.length = 0;
    const again = open([file], {}, {}, runner);
    expect(await again.access()).toEqual({ user: "ann", password: "se:cret", database: "app" });
    expect(await again.reach("other")).toMatchObject({ host: "127.0.0.1", port: state.port, database: "other" });
    await again.inspect();
    await again.open();
    expect(asked).toEqual([...questions]);
  }

  await server.stop();
  expect(await server.inspect()).toMatchObject({ condition: "stopped" });
  await expect(server.open()).rejects.toMatchObject({ code: "server_down", exit: 4, hint: "pgrove up" });
  await server.stop(); // once more changes nothing
  await server.start({ waitMs: patiently(60_000), abort });
  expect(await queryVersion(server, "app")).toEqual({ database: "app", user: "ann" });
});

describe("the container is found", () => {
  test("by `name:`, with two files, a profile, a fixed container_name, and no port", async () => {
    const [name, folder, fixed] = [unique(), unique(), `pgrove-test-${unique()}`];
    const base = await write(`${folder}/compose.yml`, composeFile({ name, db: "    profiles: [dev]" }));
    const more = await write(`${folder}/compose.local.yml`, `services: {db: {container_name: ${fixed}}}\n`);
    removeAfterwards([base, more], "--profile", "dev");
    const server = open([base, more], { profiles: ["dev"] });
    await server.start({ waitMs: patiently(60_000), abort });

    const again = open([base, more], { profiles: ["dev"] });
    expect(await again.inspect()).toMatchObject({ condition: "running", container: { name: fixed } });
    expect(await again.reach("app")).toBeUndefined();
    expect(await queryVersion(again, "app")).toEqual({ database: "app", user: "ann" });
    const project = await runOk("docker", [
      "inspect",
      "-f",
      '{{index .Config.Labels "com.docker.compose.project"}}',
      fixed,
    ]);
    expect(project.trim()).toBe(name);
  });

  test("by its file when it was started under another project name, and stopped under that name", async () => {
    const [folder, other] = [unique(), unique()];
    const file = await write(`${folder}/compose.yml`, composeFile({}));
    removeAfterwards([file], "-p", other);
    await runOk("docker", ["compose", "-f", file, "-p", other, "up", "-d"]);
    const server = open([file]);
    expect(await server.inspect()).toMatchObject({ container: { name: `${other}-db-1` } });
    await server.start({ waitMs: patiently(60_000), abort });
    expect(await server.inspect()).toMatchObject({ condition: "running", container: { name: `${other}-db-1` } });
    await server.stop();
    expect(await server.inspect()).toMatchObject({ condition: "stopped", container: { name: `${other}-db-1` } });

    expect(await open([file], { project: folder }).inspect()).toEqual({ condition: "absent" });
    expect(await open([file], { project: other }).inspect()).toMatchObject({ condition: "stopped" });
    const second = unique();
    removeAfterwards([file], "-p", second);
    await runOk("docker", ["compose", "-f", file, "-p", second, "create"]);
    await expect(open([file]).inspect()).rejects.toMatchObject({ code: "compose_ambiguous", exit: 5 });
  });

  test("by its file when an env file above it names a project that compose was not told of", async () => {
    const [folder, deploy] = [unique(), unique()];
    const file = await write(`${folder}/${deploy}/compose.yml`, composeFile({}));
    removeAfterwards([file], "-p", deploy);
    await runOk("docker", ["compose", "-f", file, "up", "-d"]);
    await write(`${folder}/.env`, `COMPOSE_PROJECT_NAME=${unique()}\n`);
    expect(await open([file]).inspect()).toMatchObject({ container: { name: `${deploy}-db-1` } });
    await write(`${folder}/${deploy}/.env`, `COMPOSE_PROJECT_NAME=${unique()}\n`);
    expect(await open([file]).inspect()).toEqual({ condition: "absent" });
  });

  test("not in another repository whose folder has the same name", async () => {
    const [folder, one, two] = [unique(), unique(), unique()];
    const theirs = await write(`${one}/${folder}/compose.yml`, composeFile({}));
    const ours = await write(`${two}/${folder}/compose.yml`, composeFile({}));
    await runOk("git", ["init", "-q", join(root, one)]);
    await runOk("git", ["init", "-q", join(root, two)]);
    removeAfterwards([theirs]);
    await runOk("docker", ["compose", "-f", theirs, "create"]);
    await expect(open([ours]).access()).rejects.toMatchObject({ code: "compose_elsewhere", exit: 5 });
    await rm(join(root, one), { recursive: true }); // the repository was moved here
    expect(await open([ours]).access()).toMatchObject({ user: "ann" });
    await write(`${one}/${folder}/compose.yml`, composeFile({}));
  });
});

describe("a container that other files have made", () => {
  /** The container, and the address of its port. */
  async function look(name: string): Promise<string[]> {
    const id = await runOk("docker", ["inspect", "-f", "{{.Id}}", name]);
    return [id.trim(), (await run("docker", ["port", name, "5432"])).stdout.trim()];
  }

  test("is started as it is, running or stopped, and it is said how it differs", async () => {
    const folder = unique();
    const base = await write(`${folder}/compose.yml`, composeFile({}));
    const more = await write(`${folder}/more.yml`, 'services: {db: {ports: ["127.0.0.1::5432"]}}\n');
    removeAfterwards([base, more]);
    await runOk("docker", ["compose", "-f", base, "-f", more, "up", "-d"]);
    const name = `${folder}-db-1`;
    const [id = "", address = ""] = await look(name);
    expect(address).toStartWith("127.0.0.1:");
    const notes: string[] = [];
    const start = () => open([base], {}, {}, systemRunner, notes).start({ waitMs: 60_000, abort });

    await start();
    expect(await look(name)).toEqual([id, address]);
    expect(notes).toEqual([expect.stringContaining(`${name}: not as the compose files have it now`)]);
    expect(notes[0]).toContain("docker compose up -d db");

    await open([base]).stop();
    await start();
    expect((await look(name))[0]).toBe(id);
    expect(notes).toHaveLength(2);

    await open([base, more], {}, {}, systemRunner, notes).start({ waitMs: 60_000, abort });
    expect(notes).toHaveLength(2); // these are the files that it was made from

    for (const [answer, isKept] of [
      [false, true],
      [true, false],
    ] as const) {
      const asked: string[] = [];
      const mayRecreate = async (what: string) => asked.push(what) > 0 && answer;
      await open([base], {}, {}, systemRunner, notes).start({ waitMs: 60_000, abort, mayRecreate });
      expect(asked).toEqual([expect.stringContaining("port 5432/tcp published no more")]);
      expect((await look(name))[0] === id).toBe(isKept);
    }
  });
});

test("what pgrove.yaml says of the login wins over the container's own", async () => {
  const file = await write(`${unique()}/compose.yml`, composeFile({}));
  removeAfterwards([file]);
  await runOk("docker", ["compose", "-f", file, "create"]);
  expect(await open([file], {}, { user: "bob", database: "x" }).access()).toEqual({ user: "bob", database: "x" });
  expect(await open([file]).inspect()).toMatchObject({ condition: "stopped", detail: "created, never started" });
});

test("only the services that run are stopped, and those are started again", async () => {
  const service = `labels: ${labels}, image: ${image}, init: true, entrypoint: [sleep, infinity]`;
  const services = `  api: {${service}}\n  worker: {${service}}`;
  const file = await write(`${unique()}/compose.yml`, composeFile({ services }));
  removeAfterwards([file]);
  const server = open([file]);
  await server.start({ services: ["api"], waitMs: patiently(60_000), abort });
  await runOk("docker", ["compose", "-f", file, "create", "worker"]);
  const running = async () =>
    (await runOk("docker", ["compose", "-f", file, "ps", "--services", "--status", "running"]))
      .trim()
      .split("\n")
      .sort();
  expect(await running()).toEqual(["api", "db"]);
  const handles = await server.stopServices(["api", "worker"]);
  expect(handles).toHaveLength(1);
  expect(await running()).toEqual(["db"]);
  await server.startServices(handles);
  expect(await running()).toEqual(["api", "db"]);

  const logs = await systemRunner.capture(await server.logs({ follow: false, tail: 50 }));
  expect(logs.stdout).toContain("database system is ready to accept connections");
});

test("a server that ends while it is waited for is an error with its last words", async () => {
  const file = await write(`${unique()}/compose.yml`, composeFile({ db: "    command: [postgres, -c, no_such=1]" }));
  removeAfterwards([file]);
  const started = open([file]).start({ waitMs: patiently(60_000), abort });
  await expect(started).rejects.toMatchObject({ code: "server_not_started", exit: 1 });
  await expect(started).rejects.toThrow("no_such");
});

test("a broken file and an unknown service are said in compose's words", async () => {
  const file = await write(`${unique()}/compose.yml`, composeFile({}));
  await expect(open([file], { service: "nope" }).start({ waitMs: 1000, abort })).rejects.toThrow("nope");
  await write("broken/compose.yml", "services: {db: {imag: x}}\n");
  const broken = open([join(root, "broken/compose.yml")]).start({ waitMs: 1000, abort });
  await expect(broken).rejects.toMatchObject({ code: "compose_failed", exit: 1 });
});

test("an abort ends the wait", async () => {
  const file = await write(`${unique()}/compose.yml`, composeFile({ db: "    entrypoint: [sleep, infinity]" }));
  removeAfterwards([file]);
  const controller = new AbortController();
  const server = open([file]);
  const starting = server.start({ waitMs: patiently(120_000), abort: controller.signal });
  starting.catch(() => undefined); // looked at below
  const isRunning = async () => (await open([file]).inspect()).condition === "running";
  await waitFor("the container to run", 60_000, isRunning, 50);
  controller.abort(new Error("stopped by the test"));
  await expect(starting).rejects.toThrow(/stopped by the test|was interrupted/); // compose may not have ended yet
  const slow = open([file]).start({ waitMs: 400, abort });
  await expect(slow).rejects.toMatchObject({ code: "server_starting", exit: 4 });
});
