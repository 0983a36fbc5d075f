/** An engine on another machine, reached over TCP: the main job goes, and what cannot work there is said. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { connect, createServer, type Server } from "node:net";
import { ensureCompose } from "../../support/engine/compose.ts";
import { ensureImage } from "../../support/engine/images.ts";
import { run } from "../../support/engine/run.ts";
import { Repository } from "../../support/isolation/repository.ts";

const project = `far${randomUUID().slice(0, 8)}`;
let app: Repository;
let gate: Server;
let DOCKER_HOST: string;

beforeAll(async () => {
  await ensureCompose();
  const image = await ensureImage(17);
  gate = await listen((process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, ""));
  DOCKER_HOST = `tcp://127.0.0.1:${Reflect.get(Object(gate.address()), "port")}`;
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

test("the main job goes; ports and folders are said to be the other machine's", async () => {
  const env = { DOCKER_HOST };
  const up = await app.repo.run(["up"], { env });
  expect([up.code, up.stderr]).toEqual([0, expect.stringContaining(`on another machine (${DOCKER_HOST})`)]);
  expect(up.stderr).toContain("/init at /docker-entrypoint-initdb.d");

  const made = await app.repo.run(["new", "feature/x"], { env });
  expect([made.code, made.stderr + made.stdout]).toEqual([0, expect.stringContaining("no port on this machine")]);
  const rows = await app.ok(["sql", "feature-x", "-c", "select count(*) from item", "--format", "csv"], { env });
  expect(rows.trim()).toBe("count\n0");
  expect(await app.repo.run(["url"], { env })).toMatchObject({ code: 4 });
  expect(await app.ok(["doctor"], { env })).toContain("published ports and bind mounts are that machine's");
  await app.ok(["remove", "feature-x", "--yes"], { env });
});

test("a context that is not there is named", async () => {
  const { code, stderr } = await app.repo.run(["up"], { env: { DOCKER_HOST: "", DOCKER_CONTEXT: "nosuch" } });
  expect([code, stderr]).toEqual([4, expect.stringContaining("docker has no context nosuch")]);
});
