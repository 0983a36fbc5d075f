import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ListedKind, listOnEngine } from "../../../src/server/engine-list.ts";
import { inspectContainer } from "../../../src/server/found-container.ts";
import { type AskEngine, askerOf } from "../../../src/sys/engine-socket.ts";
import { type Runner, systemRunner } from "../../../src/sys/process.ts";
import { runOk } from "../../support/engine/run.ts";
import { sharedServer, startServer, type TestServer, testLabels } from "../../support/engine/server.ts";

const LABEL = "odd.label";
const VALUE = `a=b, "c" ü ${crypto.randomUUID()}`;
const { ask: _, ...byClient }: Runner = systemRunner;
const made: string[] = [];
let odd: TestServer;

beforeAll(async () => {
  await sharedServer(17);
  odd = await startServer({ major: 17, labels: { [LABEL]: VALUE }, volume: `odd-${crypto.randomUUID()}` });
  const labels = Object.entries({ ...testLabels(), [LABEL]: VALUE }).flatMap(([key, value]) => [
    "--label",
    `${key}=${value}`,
  ]);
  for (const kind of ["volume", "network"]) {
    const name = `odd-${crypto.randomUUID()}`;
    await runOk("docker", [kind, "create", ...labels, name]);
    made.push(kind, name);
  }
});

afterAll(async () => {
  await odd.remove();
  for (let at = 0; at < made.length; at += 2) await runOk("docker", [made[at] ?? "", "rm", made[at + 1] ?? ""]);
});

/** A runner that has nothing but the socket. */
const bySocket: Runner = {
  ...systemRunner,
  capture: (command) => Promise.reject(new Error(`${command.file} ${command.args[0]} was started`)),
};

test.each(["container", "volume", "network"] as const)(
  "a %s is listed as docker's client lists it",
  async (kind: ListedKind) => {
    const list = async (runner: Runner, filters: string[]) =>
      (await listOnEngine(runner, kind, filters, [LABEL])).sort((a, b) => a.name.localeCompare(b.name));
    const asked = [[`label=${LABEL}=${VALUE}`], ["name=odd-"], [`label=${LABEL}=${VALUE}`, "name=nothing-like-it"]];
    const [found, ...others] = await Promise.all(asked.map((filters) => list(bySocket, filters)));
    expect(found).toMatchObject([{ labels: { [LABEL]: VALUE } }]);
    for (const [at, filters] of asked.entries()) {
      expect([found, ...others][at]).toEqual(await list(byClient, filters));
    }
  },
);

test("a container is read as docker's client shows it, by name and by the beginning of its id", async () => {
  const shown = await inspectContainer(byClient, odd.container);
  expect(shown).toMatchObject({ status: "running", published: { port: odd.port } });
  expect(await inspectContainer(bySocket, odd.container)).toEqual(shown);
  expect(await inspectContainer(bySocket, shown?.id.slice(0, 12) ?? "")).toEqual(shown);
  expect(await inspectContainer(bySocket, "no-such-container")).toBeUndefined();
  await expect(inspectContainer(bySocket, "../volumes")).rejects.toThrow("docker inspect was started");
});

test("what is no list, and no container, is never taken for one: the client is asked", async () => {
  const answers = [
    { status: 200, body: {} },
    { status: 200, body: { message: "hello" } },
    { status: 404, body: {} },
  ];
  for (const answer of answers) {
    const strange: Runner = { ...bySocket, ask: () => Promise.resolve(answer) };
    for (const kind of ["container", "volume", "network"] as const) {
      await expect(listOnEngine(strange, kind, [])).rejects.toThrow("was started");
    }
    await expect(inspectContainer(strange, "a")).rejects.toThrow("was started");
  }
});

describe("the client is asked", () => {
  const place = { DOCKER_HOST: process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock", PATH: process.env.PATH };
  const answer = (ask: AskEngine) => ask("version");

  test("not where it would go to a socket of this machine itself", async () => {
    expect(await answer(askerOf(place))).toMatchObject({ status: 200, body: { Version: expect.any(String) } });
  });

  test.each([
    ["the engine is elsewhere", { ...place, DOCKER_HOST: "ssh://me@elsewhere" }],
    ["it is reached by TCP", { ...place, DOCKER_HOST: "tcp://127.0.0.1:2375" }],
    ["no engine answers", { ...place, DOCKER_HOST: "unix:///nowhere/docker.sock" }],
    ["the client is told which interface to speak", { ...place, DOCKER_API_VERSION: "1.41" }],
    ["there is no client", { ...place, PATH: "/nowhere" }],
  ])("where %s", async (_, environment) => {
    expect(await answer(askerOf(environment))).toBeUndefined();
  });

  test("where a script stands in its place", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pgrove-client-"));
    const docker = join(folder, "docker");
    await writeFile(docker, '#!/bin/sh\nexec ssh elsewhere docker "$@"\n', { mode: 0o755 });
    expect(await answer(askerOf({ ...place, PATH: folder }))).toBeUndefined();
    await rm(docker);
    await symlink(Bun.which("docker") ?? "", docker);
    expect(await answer(askerOf({ ...place, PATH: folder }))).toMatchObject({ status: 200 });
    await rm(folder, { recursive: true });
  });
});
