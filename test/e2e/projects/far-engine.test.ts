/** An engine on another machine, reached over TCP and by ssh: the main job goes, and what cannot work there is said. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { ensureCompose } from "../../support/engine/compose.ts";
import { ensureImage } from "../../support/engine/images.ts";
import { run, runOk } from "../../support/engine/run.ts";
import { Repository } from "../../support/isolation/repository.ts";

const project = `far${randomUUID().slice(0, 8)}`;
let app: Repository;
let gate: Server;
/** How the engine is named, and what else the program's environment needs for that. */
const ways: Record<string, Record<string, string>> = {};

beforeAll(async () => {
  await ensureCompose();
  const image = await ensureImage(17);
  gate = await listen((process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, ""));
  ways.tcp = { DOCKER_HOST: `tcp://127.0.0.1:${Reflect.get(Object(gate.address()), "port")}` };
  app = await Repository.create({
    ".gitignore": ".env\n",
    "compose.yaml": `name: ${project}
services:
  db:
    image: ${image}
    environment: {POSTGRES_PASSWORD: word, POSTGRES_DB: app}
    labels: {pgrove-test: "1"}
    ports: ["127.0.0.1::5432"]
    volumes: [./init:/docker-entrypoint-initdb.d:ro]
`,
    "init/one.sql": "create table item (name text);",
    "pgrove.yaml": "project: far\nserver: {compose: {file: compose.yaml, service: db}}\n",
  });
  const dial = `DOCKER_HOST='${process.env.DOCKER_HOST ?? ""}' exec docker system dial-stdio`;
  ways.ssh = await withSsh("ssh", `case "$*" in *" there docker system dial-stdio") ${dial} ;; esac`);
});

afterAll(async () => {
  gate.close();
  await run("docker", ["compose", "-p", project, "down", "-v"]);
  await app[Symbol.asyncDispose]();
});

/** The socket's engine on a TCP port. */
async function listen(socket: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: socket, allowHalfOpen: true });
    client.pipe(engine).pipe(client);
    client.on("error", () => engine.destroy());
    engine.on("error", () => client.destroy());
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(0, "127.0.0.1", resolve);
  await promise;
  return server;
}

/** A way whose ssh is that script: docker's client starts it for every connection, and speaks with the engine through it. */
async function withSsh(name: string, script: string): Promise<Record<string, string>> {
  const folder = app.repo.path(name);
  await mkdir(folder);
  await writeFile(join(folder, "ssh"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { DOCKER_HOST: "ssh://there", PATH: `${folder}:${process.env.PATH}` };
}

describe.each(["tcp", "ssh"])("by %s", (way) => {
  test("the main job goes; ports and folders are said to be the other machine's", async () => {
    const env = ways[way] ?? {};
    const up = await app.repo.run(["up"], { env });
    expect([up.code, up.stderr]).toEqual([0, expect.stringContaining(`on another machine (${env.DOCKER_HOST})`)]);
    expect(up.stderr).toContain("/init at /docker-entrypoint-initdb.d");

    const made = await app.repo.run(["new", "feature/x"], { env });
    expect([made.code, made.stderr + made.stdout]).toEqual([0, expect.stringContaining("no port on this machine")]);
    const rows = await app.ok(["sql", "feature-x", "-c", "select count(*) from item", "--format", "csv"], { env });
    expect(rows.trim()).toBe("count\n0");
    expect(await app.ok(["doctor"], { env })).toContain("published ports and bind mounts are that machine's");
    await app.ok(["remove", "feature-x", "--yes", "--delete-branch"], { env });
  });

  test("url says which tunnel leads to the port", async () => {
    const env = ways[way] ?? {};
    await app.ok(["up"], { env });
    const { code, stderr } = await app.repo.run(["url"], { env });
    const port = (await runOk("docker", ["compose", "-p", project, "port", "db", "5432"])).trim().split(":").at(-1);
    const host = way === "ssh" ? "there" : "127.0.0.1";
    expect([code, stderr]).toEqual([4, expect.stringContaining(`ssh ${host} -N -L ${port}:127.0.0.1:${port}`)]);
  });
});

test("an ssh that gets nowhere is named with its call", async () => {
  const env = await withSsh("nowhere", "echo 'connect to host there port 22: Connection refused' >&2; exit 255");
  const { code, stderr } = await app.repo.run(["up"], { env });
  expect([code, stderr]).toEqual([4, expect.stringContaining("ssh there docker version")]);
});

test("a context that is not there is named", async () => {
  const { code, stderr } = await app.repo.run(["up"], { env: { DOCKER_HOST: "", DOCKER_CONTEXT: "nosuch" } });
  expect([code, stderr]).toEqual([4, expect.stringContaining("docker has no context nosuch")]);
});
