import { afterAll, beforeAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { openServer } from "../../../src/server/open-server.ts";
import type { Server } from "../../../src/server/server.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { ensurePlainImage } from "../../support/engine/images.ts";
import { runOk } from "../../support/engine/run.ts";
import { startServer, type TestServer, testLabels } from "../../support/engine/server.ts";
import { patiently } from "../../support/patience.ts";

let container: TestServer;
const abort = new AbortController().signal;

beforeAll(async () => {
  container = await startServer({ major: 17, env: { POSTGRES_USER: "ann", POSTGRES_DB: "app" } });
});

afterAll(() => container.remove());

function open(name = container.container): Server {
  return openServer(
    { kind: "container", container: name },
    {},
    {
      runner: systemRunner,
      clientImage: "pgrove-test/postgres:{major}",
      stageParent: tmpdir(),
      note: () => undefined,
    },
  );
}

test("a container by its name: state, login, connection, logs", async () => {
  const server = open();
  expect(await server.inspect()).toMatchObject({ condition: "running", host: "127.0.0.1", port: container.port });
  expect(await server.access()).toEqual({ user: "ann", password: "pgrove-test", database: "app" });
  const sql = await (await server.open()).connect("app", newRunId(new Date()));
  const [row] = await sql`select current_user as user, inet_server_addr() is not null as tcp`;
  expect(row).toEqual({ user: "ann", tcp: true });
  await sql.end();
  const logs = await systemRunner.capture(await server.logs({ follow: false, tail: 20 }));
  expect(logs.stderr).toContain("ready to accept connections");
});

test("it is stopped, started, and woken when it is paused", async () => {
  const server = open();
  await server.stop();
  expect(await server.inspect()).toMatchObject({ condition: "stopped" });
  await server.stop();
  await server.start({ waitMs: patiently(60_000), abort });
  expect(await server.inspect()).toMatchObject({ condition: "running" });

  await runOk("docker", ["pause", container.container]);
  const paused = open();
  expect(await paused.inspect()).toMatchObject({ condition: "stopped", detail: expect.stringContaining("paused") });
  await expect(paused.open()).rejects.toMatchObject({ code: "server_down" });
  await paused.start({ waitMs: patiently(60_000), abort });
  expect(await paused.inspect()).toMatchObject({ condition: "running" });

  await runOk("docker", ["pause", container.container]);
  await open().stop();
  const state = await runOk("docker", ["inspect", "-f", "{{.State.ExitCode}}", container.container]);
  expect(state.trim()).toBe("0");
  await open().start({ waitMs: patiently(60_000), abort });
});

test("services without a compose file are containers by name", async () => {
  await using service = await createPlain();
  await runOk("docker", ["start", service.name]);
  const state = async () => (await runOk("docker", ["inspect", "-f", "{{.State.Status}}", service.name])).trim();
  const server = open();
  const told: unknown[] = [];
  const handles = await server.stopServices([service.name], async (ids) => {
    told.push(ids, await state());
  });
  expect(handles).toHaveLength(1);
  expect(told).toEqual([handles, "running"]);
  expect(await state()).toBe("exited");
  expect(await server.stopServices([service.name])).toEqual([]);
  await server.startServices(handles);
  expect(await state()).toBe("running");
  await expect(server.stopServices(["pgrove-test-nobody"])).rejects.toMatchObject({ exit: 3 });
  const itself = server.stopServices([service.name, container.container]);
  await expect(itself).rejects.toMatchObject({ exit: 3, message: expect.stringContaining(container.container) });
  expect([await state(), (await open().inspect()).condition]).toEqual(["running", "running"]);
});

test("a container that has no PostgreSQL programs is said to have none", async () => {
  await using plain = await createPlain();
  const starting = open(plain.name).start({ waitMs: patiently(30_000), abort });
  await expect(starting).rejects.toMatchObject({ code: "programs_missing", exit: 4 });
});

/** A container without PostgreSQL, which does not run yet. */
async function createPlain(): Promise<{ name: string } & AsyncDisposable> {
  const name = `pgrove-test-plain-${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const labels = Object.entries(testLabels()).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
  const ends = ["sh", "-c", "trap exit TERM; sleep infinity & wait"];
  await runOk("docker", ["create", "--name", name, ...labels, await ensurePlainImage(), ...ends]);
  return { name, [Symbol.asyncDispose]: async () => void (await runOk("docker", ["rm", "-f", name])) };
}

test("a container that is not there", async () => {
  const server = open("pgrove-test-nobody");
  expect(await server.inspect()).toEqual({ condition: "absent" });
  await expect(server.access()).rejects.toMatchObject({ code: "container_absent", exit: 4 });
  await expect(server.start({ waitMs: 1000, abort })).rejects.toMatchObject({ exit: 4 });
  expect(await open("-f").inspect()).toEqual({ condition: "absent" });
});

test("an engine that does not answer is said as such", async () => {
  const before = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
  try {
    expect(await open().inspect()).toMatchObject({ condition: "unreachable" });
    await expect(open().access()).rejects.toMatchObject({ code: "docker_down", exit: 4 });
  } finally {
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  }
});
