/** A machine with podman and without docker: from `init` to `remove`, and a worktree with a container of its own. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { ensurePodman, type Podman } from "../../support/engine/podman.ts";
import { Repository } from "../../support/isolation/repository.ts";

const NAMES = ["ann", "bob", "cem"];
const COUNT = "select count(*) from item";
const project = `p${randomUUID().slice(0, 8)}`;
let machine: Podman;
let shop: Repository;

const pgrove = (...args: string[]) => shop.ok(args, { env: machine.env });
/** The rows of a target, asked for by the container's own psql. */
const rows = async (target: string) =>
  Number(await pgrove("sql", target, "--format", "csv", "-c", COUNT).then(lastLine));
const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? "";

beforeAll(async () => {
  machine = await ensurePodman(17);
  shop = await Repository.create({
    ".gitignore": ".env\n",
    "compose.yaml": `name: ${project}
services:
  db:
    image: ${machine.image}
    environment: {POSTGRES_PASSWORD: word, POSTGRES_DB: shop}
    ports: ["127.0.0.1::5432"]
    volumes: [data:/var/lib/postgresql/data]
volumes: {data: {}}
`,
    "migrations/001_item.up.sql": "create table item (id serial primary key, name text not null);",
    "migrations/001_item.down.sql": "drop table item;",
    "seeds/base.sql": `insert into item (name) values ${NAMES.map((name) => `('${name}')`).join(", ")};`,
  });
});

afterAll(async () => {
  const kinds = [
    ["ps", "-aq"],
    ["volume", "ls", "-q"],
    ["network", "ls", "-q"],
  ];
  for (const [index, list] of kinds.entries()) {
    const found = await machine.podman(...list, "--filter", `label=com.docker.compose.project=${project}`);
    const names = found.split("\n").filter((name) => name !== "");
    const remove =
      [
        ["rm", "-f", "-v"],
        ["volume", "rm"],
        ["network", "rm"],
      ][index] ?? [];
    if (names.length > 0) await machine.podman(...remove, ...names);
  }
  await shop[Symbol.asyncDispose]();
});

test("the main job goes as with docker", async () => {
  await pgrove("init", "--yes");
  await shop.git(["add", "-A"]);
  await shop.git(["commit", "-qm", "pgrove"]);
  await pgrove("up");
  await pgrove("migrate", "up");
  await pgrove("seed");
  await pgrove("new", "feature/x");
  expect(await rows("feature-x")).toBe(NAMES.length);
  await pgrove("dump");
  await pgrove("sql", "feature-x", "-c", "delete from item");
  await pgrove("restore", "--latest", "main", "--to", "feature-x", "--yes");
  expect(await rows("feature-x")).toBe(NAMES.length);
  await pgrove("migrate", "check");
  const doctor = JSON.parse(await pgrove("doctor", "--json")) as { checks: { name: string; state: string }[] };
  const ok = doctor.checks.filter(({ state }) => state === "ok").map(({ name }) => name);
  expect(ok).toEqual(expect.arrayContaining(["podman", "podman compose", "server"]));
  await pgrove("remove", "feature-x", "--yes");
});

test("a worktree gets a container of its own, and takes it along", async () => {
  await appendFile(join(shop.repo.folder, "pgrove.yaml"), "isolation: container\n");
  await shop.git(["commit", "-qam", "containers"]);
  await pgrove("new", "own");
  expect(await rows("own")).toBe(NAMES.length);
  const containers = async () =>
    (await machine.podman("ps", "--format", "{{.Names}}")).split("\n").filter((name) => name.startsWith(project));
  expect((await containers()).sort()).toEqual([`${project}-db-1`, `${project}-own-db-1`]);
  await pgrove("remove", "own", "--yes");
  expect(await containers()).toEqual([`${project}-db-1`]);
});
