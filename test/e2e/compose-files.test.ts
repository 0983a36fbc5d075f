/** The compose files that plain `docker compose` reads: its override file and COMPOSE_FILE. The compiled program. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { ensureCompose } from "../support/engine/compose.ts";
import { ensureImage } from "../support/engine/images.ts";
import { run, runOk } from "../support/engine/run.ts";
import { testLabels } from "../support/engine/server.ts";
import { Repository } from "../support/isolation/repository.ts";

const TIMEOUT_MS = 180_000;

let image: string;
let project: string;
let repository: Repository | undefined;

beforeAll(async () => {
  await ensureCompose();
  image = await ensureImage(17);
}, TIMEOUT_MS);

afterEach(async () => {
  for (const each of [project, `${project}-x`]) await run("docker", ["compose", "-p", each, "down", "-v", "-t", "0"]);
  await repository?.[Symbol.asyncDispose]();
}, TIMEOUT_MS);

const labels = JSON.stringify(testLabels());

/** A compose file without ports and volumes, and another one that has both. */
function filesOf(more: string): Record<string, string> {
  project = `t${randomUUID().slice(0, 8)}`;
  return {
    "compose.yaml": `name: ${project}
services:
  db:
    image: "${image}"
    environment: {POSTGRES_PASSWORD: pw, POSTGRES_DB: shop}
    labels: ${labels}
networks: {default: {labels: ${labels}}}
`,
    [more]: `services:
  db:
    ports: ["127.0.0.1::5432"]
    volumes: ["shopdata:/var/lib/postgresql/data"]
volumes: {shopdata: {labels: ${labels}}}
`,
  };
}

const compose = (folder: string, ...args: string[]) => runOk("docker", ["compose", ...args], { cwd: folder });

const WAYS: [way: string, more: string, written: Record<string, string>][] = [
  ["an override file", "compose.override.yaml", {}],
  ["COMPOSE_FILE", "compose.dev.yaml", { ".env": "COMPOSE_FILE=compose.yaml:compose.dev.yaml\n" }],
];

describe.each(WAYS)("%s", (_way, more, written) => {
  test(
    "up leaves the container that runs alone, and makes it with port and volume where there is none",
    async () => {
      repository = await Repository.create({ ...filesOf(more), ...written });
      const { folder } = repository.repo;
      await compose(folder, "up", "-d");
      await repository.ok(["init"]);
      await repository.ok(["up"]);
      const id = await compose(folder, "ps", "-q", "db");
      const port = await compose(folder, "port", "db", "5432");
      await repository.ok(["sql", "-c", "create table keepme as select 42 as answer"]);
      const { stderr } = await repository.repo.run(["up"]);
      expect(stderr).not.toContain("compose files");
      expect(await compose(folder, "ps", "-q", "db")).toBe(id);
      expect(await compose(folder, "port", "db", "5432")).toBe(port);
      expect(await repository.ok(["url"])).toContain(`:${port.trim().split(":").at(-1)}/shop`);

      await compose(folder, "down");
      await repository.ok(["up"]);
      expect(await compose(folder, "port", "db", "5432")).toStartWith("127.0.0.1:");
      expect(await repository.ask("main", "select answer from keepme")).toBe(42);
    },
    TIMEOUT_MS,
  );
});

test(
  "files: are exactly those, and what they leave out of a running container is said; it stays as it is",
  async () => {
    repository = await Repository.create(filesOf("compose.override.yaml"));
    const { folder } = repository.repo;
    await repository.repo.configure(
      `project: ${project}\nserver: {compose: {files: [compose.yaml], service: db}}\ndatabase: {password: pw}\n`,
    );
    await compose(folder, "up", "-d");
    const id = await compose(folder, "ps", "-q", "db");
    const { code, stderr } = await repository.repo.run(["up"]);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining(`${project}-db-1: not as the compose files have it now`),
    ]);
    for (const change of [
      `without ${project}_shopdata at /var/lib/postgresql/data`,
      "port 5432/tcp published no more",
    ]) {
      expect(stderr).toContain(change);
    }
    expect((await repository.repo.run(["up", "--yes"])).code).toBe(0);
    expect(await compose(folder, "ps", "-q", "db")).toBe(id);
    expect(await compose(folder, "port", "db", "5432")).toStartWith("127.0.0.1:");
  },
  TIMEOUT_MS,
);

test(
  "a worktree's own container has them too, with a volume and a port of its own, and is made anew when they change",
  async () => {
    const files = filesOf("compose.override.yaml");
    repository = await Repository.create({ ...files, ".gitignore": ".env\n" });
    const { folder } = repository.repo;
    await repository.repo.configure(
      `project: ${project}\nisolation: container\nserver: {compose: {file: compose.yaml, service: db}}\ndatabase: {password: pw}\n`,
    );
    await repository.ok(["up"]);
    await repository.ok(["sql", "-c", "create table item as select 7 as id"]);
    await repository.make("x");
    expect(await repository.ask("x", "select id from item")).toBe(7);
    await repository.ok(["sql", "-t", "x", "-c", "update item set id = 8"]);
    expect(await repository.ask("main", "select id from item")).toBe(7);
    const volumes = await runOk("docker", ["volume", "ls", "-q", "--filter", `name=${project}`]);
    expect(volumes.trim().split("\n").sort()).toEqual([`${project}-x_shopdata`, `${project}_shopdata`]);

    const own = repository.at("x");
    const changed = (files["compose.yaml"] ?? "").replace("POSTGRES_DB: shop", "POSTGRES_DB: shop, CHANGED: yes");
    await Bun.write(`${own}/compose.yaml`, changed);
    await repository.ok(["up", "x"]);
    const environment = await runOk("docker", ["inspect", "-f", "{{.Config.Env}}", `${project}-x-db-1`]);
    expect(environment).toContain("CHANGED=");
    expect(await repository.ask("x", "select id from item")).toBe(8);
    expect(await compose(folder, "port", "db", "5432")).toStartWith("127.0.0.1:");
  },
  TIMEOUT_MS,
);
