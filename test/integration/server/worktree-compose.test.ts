import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomInt, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readComposeConfig } from "../../../src/server/compose-config.ts";
import type { ComposeSpec } from "../../../src/server/compose-find.ts";
import { requireIsolatable } from "../../../src/server/compose-isolation.ts";
import { listPublishedPorts, renderOverride } from "../../../src/server/compose-override.ts";
import { openServer } from "../../../src/server/open-server.ts";
import { findOwnedResources, removeComposeProject } from "../../../src/server/owned-resources.ts";
import type { Owner } from "../../../src/server/owner-labels.ts";
import { choosePorts, portChecker } from "../../../src/server/ports.ts";
import type { Server } from "../../../src/server/server.ts";
import { writeFileAtomic } from "../../../src/sys/files.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { ensureCompose } from "../../support/engine/compose.ts";
import { ensureEngine } from "../../support/engine/engine.ts";
import { ensureImage, ensurePlainImage, type Major } from "../../support/engine/images.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { testLabels } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { patiently } from "../../support/patience.ts";

let root: string;
const projects: string[] = [];
const abort = new AbortController().signal;
const labels = JSON.stringify(testLabels());
const unique = () => `t${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  await ensureEngine();
  await ensureCompose();
  root = await mkdtemp(join(tmpdir(), "pgrove-worktree-compose-"));
});

afterAll(async () => {
  for (const project of projects) await run("docker", ["compose", "-p", project, "down", "-v", "-t", "0"]);
  await rm(root, { recursive: true, force: true });
});

/** What main's compose files fix for good. */
interface Fixed {
  name: string;
  image: string;
  plain: string;
  ports: Record<string, number>;
  /** The first three numbers of its network's addresses, out of those that are set aside for tests. */
  network: string;
}

async function chooseFixed(major: Major): Promise<Fixed> {
  const names = { db: 22_000, web: 23_000 };
  const ports = await choosePorts({ identity: randomUUID(), names, taken: new Set() }, portChecker(systemRunner));
  const network = await chooseNetwork();
  return { name: unique(), image: await ensureImage(major), plain: await ensurePlainImage(), ports, network };
}

/** Three numbers of addresses that no network of the engine has. */
async function chooseNetwork(): Promise<string> {
  const ids = (await runOk("docker", ["network", "ls", "-q"])).split("\n").filter((id) => id !== "");
  const format = "{{range .IPAM.Config}}{{.Subnet}} {{end}}";
  // One that is removed meanwhile is no matter: what is said of the others counts.
  const taken = (await run("docker", ["network", "inspect", "-f", format, ...ids])).stdout;
  const start = randomInt(512);
  const all = Array.from({ length: 512 }, (_, step) => (start + step) % 512);
  const free = all.map((n) => `198.${18 + (n >> 8)}.${n & 255}`).find((network) => !taken.includes(`${network}.`));
  if (free === undefined) throw new Error("the engine has no network left in 198.18.0.0/15");
  return free;
}

/** A checkout of the repository: two compose files in a folder, and an `.env` that names main's project. */
async function makeCheckout(fixed: Fixed, name: string): Promise<readonly string[]> {
  const { image, plain, ports, network } = fixed;
  const data = image.endsWith("18") ? "/var/lib/postgresql" : "/var/lib/postgresql/data";
  const idle = `image: "${plain}", init: true, command: [sleep, infinity], labels: ${labels}`;
  const base = `
    services:
      db:
        image: "${image}"
        container_name: ${fixed.name}-postgres
        environment: {POSTGRES_PASSWORD: secret, POSTGRES_DB: "\${DB_NAME}"}
        ports: ["127.0.0.1:${ports.db}:5432"]
        volumes: ["data:${data}", "./mark:/mark:ro"]
        networks: {default: {ipv4_address: ${network}.9}}
        labels: ${labels}
      web: {${idle}, ports: ["127.0.0.1:${ports.web}:3000"], depends_on: [db]}
      worker: {${idle}, container_name: ${fixed.name}-worker, profiles: [jobs]}
    volumes: {data: {name: ${fixed.name}-data, labels: ${labels}}}
    networks: {default: {name: ${fixed.name}-net, labels: ${labels}, ipam: {config: [{subnet: ${network}.0/24}]}}}
  `;
  const folder = join(root, fixed.name, name, "deployment");
  const files = {
    "compose.yml": base.replace(/^ {4}/gm, ""),
    "compose.local.yml": `services: {db: {environment: {POSTGRES_USER: ann}}}\n`,
    ".env": `COMPOSE_PROJECT_NAME=${fixed.name}\nDB_NAME=app\n`,
    mark: name,
  };
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  return [join(folder, "compose.yml"), join(folder, "compose.local.yml")];
}

function open(spec: ComposeSpec): Server {
  const notes = { note: () => undefined, stageParent: root };
  return openServer(spec, {}, { runner: systemRunner, clientImage: "pgrove-test/postgres:{major}", ...notes });
}

interface Worktree {
  spec: ComposeSpec & { project: string };
  ports: Record<string, number>;
  owner: Owner;
  server: Server;
}

/** What `pgrove new` does: reads the checkout's files, chooses ports, and lays the override over them. */
async function isolate(fixed: Fixed, name: string, repository: string): Promise<Worktree> {
  const files = await makeCheckout(fixed, name);
  const project = `${fixed.name}-${name}`;
  projects.push(project);
  const spec = { kind: "compose", files, service: "db", project, profiles: ["jobs"] } as const;
  const config = await readComposeConfig(systemRunner, spec);
  await requireIsolatable(config, "db", join(root, fixed.name, name));
  const published = listPublishedPorts(config, { service: "db", configured: {} });
  const names = Object.fromEntries(Object.entries(published).map(([key, port]) => [key, port.published]));
  const owner = { repository, worktree: randomUUID() };
  const request = { identity: owner.worktree, names, taken: new Set<number>() };
  const ports = await choosePorts(request, portChecker(systemRunner));
  const override = join(root, fixed.name, "git", name, "compose.override.yaml");
  await mkdir(dirname(override), { recursive: true });
  await writeFileAtomic(override, renderOverride(config, { published, ports, owner }));
  const own = { ...spec, files: [...files, override] };
  return { spec: own, ports, owner, server: open(own) };
}

async function query(server: Server, sql: string): Promise<unknown[]> {
  const connection = await (await server.open()).connect("app", newRunId(new Date()), { waitMs: patiently(10_000) });
  try {
    return [...(await connection.unsafe(sql))];
  } finally {
    await connection.end({ timeout: 5 });
  }
}

const running = async (project: string) =>
  (await runOk("docker", ["ps", "--filter", `label=com.docker.compose.project=${project}`, "--format", "{{.Names}}"]))
    .split("\n")
    .filter((name) => name !== "")
    .sort();

const COUNT = "select count(*)::int as tables from pg_tables where schemaname = 'public'";

describe.each(takingTurns([15, 18], import.meta.path))("two worktrees of a compose project, PostgreSQL %p", (major) => {
  const repository = randomUUID();
  let fixed: Fixed;
  let main: Server;
  let one: Worktree;
  let two: Worktree;

  beforeAll(async () => {
    fixed = await chooseFixed(major);
    projects.push(fixed.name);
    const files = await makeCheckout(fixed, "main");
    main = open({ kind: "compose", files, service: "db", profiles: ["jobs"] });
    await main.start({ services: ["web", "worker"], waitMs: patiently(60_000), abort });
    one = await isolate(fixed, "one", repository);
    two = await isolate(fixed, "two", repository);
    await Promise.all([
      one.server.start({ services: ["web", "worker"], waitMs: patiently(60_000), abort }),
      two.server.start({ waitMs: patiently(60_000), abort }),
    ]);
  });

  test("run beside main's, each with its own ports, names and data", async () => {
    const { name, ports } = fixed;
    expect(await running(name)).toEqual([`${name}-postgres`, `${name}-web-1`, `${name}-worker`]);
    expect(await running(`${name}-one`)).toEqual([`${name}-one-db-1`, `${name}-one-web-1`, `${name}-one-worker-1`]);
    expect(await running(`${name}-two`)).toEqual([`${name}-two-db-1`]);
    expect(await main.reach("app")).toMatchObject({ host: "127.0.0.1", port: ports.db });
    for (const worktree of [one, two]) {
      expect(Object.keys(worktree.ports).sort()).toEqual(["db", "web"]);
      expect(await worktree.server.reach("app")).toMatchObject({
        host: "127.0.0.1",
        port: worktree.ports.db,
        user: "ann",
      });
    }
    await query(one.server, "create table only_here (id int)");
    const counts = await Promise.all([main, one.server, two.server].map((server) => query(server, COUNT)));
    expect(counts).toEqual([[{ tables: 0 }], [{ tables: 1 }], [{ tables: 0 }]]);
  });

  test("see their own checkout's files, and their own database under main's name", async () => {
    const { name } = fixed;
    const ask = async (container: string, ...args: string[]) =>
      (await runOk("docker", ["exec", container, ...args])).trim();
    expect(await ask(`${name}-one-db-1`, "cat", "/mark")).toBe("one");
    expect(await ask(`${name}-postgres`, "cat", "/mark")).toBe("main");
    const address = (await ask(`${name}-one-web-1`, "getent", "hosts", `${name}-postgres`)).split(/\s+/)[0];
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const own = await runOk("docker", ["inspect", "-f", format, `${name}-one-db-1`]);
    expect(address).toBe(own.trim());
  });

  test("are stopped, started and read one at a time", async () => {
    const { name } = fixed;
    const handles = await one.server.stopServices(["web", "worker"]);
    expect(handles).toHaveLength(2);
    expect(await running(`${name}-one`)).toEqual([`${name}-one-db-1`]);
    await one.server.startServices(handles);
    await two.server.stop();
    expect(await two.server.inspect()).toMatchObject({ condition: "stopped", port: two.ports.db });
    expect(await running(`${name}-one`)).toHaveLength(3);
    expect(await running(name)).toHaveLength(3);
    await two.server.start({ waitMs: patiently(60_000), abort });
    expect(await query(one.server, COUNT)).toEqual([{ tables: 1 }]);
    const logs = await systemRunner.capture(await two.server.logs({ follow: false, tail: 100 }));
    expect(logs.stdout).toContain("ready to accept connections");
  });

  test("are found by their labels and removed with their data, main's never", async () => {
    const { name } = fixed;
    const found = await findOwnedResources(systemRunner, repository);
    expect(found.sort((a, b) => a.project.localeCompare(b.project))).toMatchObject([
      {
        project: `${name}-one`,
        worktree: one.owner.worktree,
        volumes: [`${name}-one_data`],
        networks: [`${name}-one_default`],
      },
      { project: `${name}-two`, worktree: two.owner.worktree, containers: [`${name}-two-db-1`] },
    ]);
    await expect(removeComposeProject(systemRunner, name, one.owner)).rejects.toMatchObject({ exit: 5 });
    await expect(removeComposeProject(systemRunner, `${name}-two`, one.owner)).rejects.toThrow(`${name}-two-db-1`);

    // Somebody's own container uses what is to be removed: nothing is, until it is gone.
    const [guest, mine] = [`pgrove-test-${unique()}`, Object.entries(testLabels())];
    const guestFlags = mine.flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    for (const [use, what] of [
      [["-v", `${name}-one_data:/theirs`], `volume ${name}-one_data`],
      [["--network", `${name}-one_default`], `network ${name}-one_default`],
    ] as const) {
      await runOk("docker", ["create", "--name", guest, ...guestFlags, ...use, fixed.plain]);
      const inUse = removeComposeProject(systemRunner, `${name}-one`, one.owner);
      await expect(inUse).rejects.toMatchObject({ code: "in_use", exit: 5 });
      await expect(inUse).rejects.toThrow(`the ${what} is used by a container that pgrove did not make: ${guest}`);
      expect(await running(`${name}-one`)).toHaveLength(3);
      await runOk("docker", ["rm", guest]);
    }

    expect((await removeComposeProject(systemRunner, `${name}-one`, one.owner)).containers).toHaveLength(3);
    const nothing = { containers: [], ids: [], volumes: [], networks: [] };
    expect(await removeComposeProject(systemRunner, `${name}-one`, one.owner)).toEqual(nothing);
    expect((await findOwnedResources(systemRunner, repository)).map(({ project }) => project)).toEqual([`${name}-two`]);

    // The worktree was deleted by hand; somebody has put a container of his own into its project.
    await rm(join(root, name, "two"), { recursive: true });
    const stranger = `pgrove-test-${unique()}`;
    const itsLabels = [...Object.entries(testLabels()), ["com.docker.compose.project", `${name}-two`]];
    const flags = itsLabels.flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    await runOk("docker", ["create", "--name", stranger, ...flags, fixed.plain]);
    const refused = removeComposeProject(systemRunner, `${name}-two`, two.owner);
    await expect(refused).rejects.toMatchObject({ code: "not_owned", exit: 5 });
    await expect(refused).rejects.toThrow(stranger);
    expect(await running(`${name}-two`)).toHaveLength(1);
    await runOk("docker", ["rm", stranger]);
    expect(await removeComposeProject(systemRunner, `${name}-two`, two.owner)).toEqual({
      containers: [`${name}-two-db-1`],
      ids: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      volumes: [`${name}-two_data`],
      networks: [`${name}-two_default`],
    });
    expect(await findOwnedResources(systemRunner, repository)).toEqual([]);
    expect(await query(main, COUNT)).toEqual([{ tables: 0 }]);
  });
});

test("a service of another profile is isolated, too, unless its files are missing", async () => {
  const folder = join(root, unique());
  await mkdir(folder);
  const file = join(folder, "compose.yml");
  const spec: ComposeSpec = { kind: "compose", files: [file], service: "db", project: "p", profiles: [] };
  const services = "services: {db: {image: x}, tool: {image: x, profiles: [tools], env_file: tool.env}}\n";
  await writeFile(file, services);
  expect([...(await readComposeConfig(systemRunner, spec)).services.keys()]).toEqual(["db"]);
  await writeFile(join(folder, "tool.env"), "A=1\n");
  expect([...(await readComposeConfig(systemRunner, spec)).services.keys()]).toEqual(["db", "tool"]);
  await writeFile(file, "services: {db: {imag: x}}\n");
  await expect(readComposeConfig(systemRunner, spec)).rejects.toMatchObject({ code: "compose_failed", exit: 1 });
});

test("without an engine nothing is taken for gone", async () => {
  const host = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
  try {
    const owner = { repository: "r", worktree: "w" };
    await expect(findOwnedResources(systemRunner, "r")).rejects.toMatchObject({ exit: 4 });
    await expect(removeComposeProject(systemRunner, "p", owner)).rejects.toMatchObject({ exit: 4 });
  } finally {
    if (host === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = host;
  }
});
