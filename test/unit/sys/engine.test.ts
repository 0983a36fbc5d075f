import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDockerList, readPodmanList } from "../../../src/server/engine-list.ts";
import type { Command } from "../../../src/sys/command.ts";
import { captureDocker, dockerCommand } from "../../../src/sys/docker.ts";
import { withEngine } from "../../../src/sys/engine.ts";
import { engineIsLocal } from "../../../src/sys/engine-endpoint.ts";
import { findEngine, hasDockersClient } from "../../../src/sys/engine-program.ts";
import { systemRunner } from "../../../src/sys/process.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A folder with those programs; each says what it is told. */
function machine(programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "pgrove-engine-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text, { mode: 0o755 });
  return folder;
}

const PROGRAM = '#!/bin/sh\necho "$0 $* $DOCKER_HOST"\n';
const DISGUISE = '#!/bin/sh\n[ -e /etc/containers/nodocker ] || echo emulating >&2\nexec /usr/bin/podman "$@"\n';

test.each([
  [{ docker: PROGRAM, podman: PROGRAM }, "docker"],
  [{ podman: PROGRAM }, "podman"],
  [{ docker: DISGUISE, podman: PROGRAM }, "podman"],
  [{}, "docker"],
] as const)("the engine of a machine with %j is %s", (programs, expected) => {
  expect(findEngine(machine(programs))).toBe(expected);
});

test("docker that is a link to podman is podman, and never asked by docker's socket", () => {
  const [opt, folder] = [machine({ podman: PROGRAM }), machine({ podman: PROGRAM })];
  symlinkSync(join(opt, "podman"), join(folder, "docker"));
  expect(findEngine(folder)).toBe("podman");
  expect(hasDockersClient(folder)).toBe(false);
});

test.each([
  ["docker", true],
  ["docker-28.2.2", true],
  ["com.docker.cli", true],
  ["nerdctl", false],
  ["snap", false],
])("a link to a program that is called %s is docker's client: %j", (name, expected) => {
  const [opt, folder] = [machine({ [name]: "\0".repeat(5000) }), machine({})];
  symlinkSync(join(opt, name), join(folder, "docker"));
  expect(hasDockersClient(folder)).toBe(expected);
});

describe("podman's commands", () => {
  const folder = machine({ podman: PROGRAM });
  mkdirSync(join(folder, "cli-plugins"));
  writeFileSync(join(folder, "cli-plugins/docker-compose"), PROGRAM, { mode: 0o755 });
  const socket = "unix:///run/some/podman.sock";
  const variables = { PATH: folder, DOCKER_CONFIG: folder, CONTAINER_HOST: socket };
  const runner = withEngine(systemRunner, () => "podman", variables);
  const say = async (command: Command) =>
    (await runner.capture({ ...command, env: { PATH: `${folder}:/bin` } })).stdout;

  test("are docker's, given to podman", async () => {
    expect(await say(dockerCommand(["ps", "-a"]))).toContain("/podman ps -a");
  });

  test("but for compose, which is Docker's own beside podman's socket", async () => {
    expect(await say(dockerCommand(["compose", "up"]))).toContain(`/cli-plugins/docker-compose up ${socket}`);
  });

  test("not with docker's own engine, where no socket of podman's is known", async () => {
    const lost = { PATH: folder, DOCKER_CONFIG: folder, DOCKER_HOST: "", XDG_RUNTIME_DIR: folder };
    const command = { ...dockerCommand(["compose", "up"]), env: { PATH: `${folder}:/bin` } };
    const { stdout } = await withEngine(systemRunner, () => "podman", lost).capture(command);
    const ownService = process.getuid?.() === 0 && existsSync("/run/podman/podman.sock");
    expect(stdout).toContain(ownService ? "podman.sock" : "/podman compose up");
  });

  test("and other programs are left alone", async () => {
    expect(await say({ file: "echo", args: ["docker"], env: {}, secrets: [] })).toBe("docker\n");
  });
});

test("an engine is this machine's by its own variable's address", () => {
  const variables = { DOCKER_HOST: "ssh://there", CONTAINER_HOST: "unix:///run/podman/podman.sock" };
  expect(engineIsLocal("docker", variables)).toBe(false);
  expect(engineIsLocal("podman", variables)).toBe(true);
  expect(engineIsLocal("podman", { CONTAINER_HOST: "tcp://there:1" })).toBe(false);
});

test("both engines' lists say the same", () => {
  const expected = [{ id: "a", name: "n", state: "running", labels: { one: "1,2", two: "" } }];
  const labels = ["one", "two"];
  expect(readDockerList('["a","n","running","1,2",""]\n', labels)).toEqual(expected);
  const podman = [{ Id: "a", Names: ["n"], State: "running", Labels: { one: "1,2", three: "3" } }];
  expect(readPodmanList(JSON.stringify(podman), labels)).toEqual(expected);
  const network = [{ id: "i", name: "net", labels: { one: "1" } }];
  expect(readPodmanList(JSON.stringify(network), ["one"])).toEqual([
    { id: "i", name: "net", state: "", labels: { one: "1" } },
  ]);
  expect(readPodmanList("", labels)).toEqual([]);
});

const LOST =
  'error during connect: Get "http://docker.example.com/v1.50/info": command [ssh -l me -p 2222 -T -- there docker';
const over = (status: number, words: string) =>
  `${LOST} system dial-stdio] has exited with exit status ${status}, make sure the URL is valid: stderr=${words}`;

test.each([
  [over(255, "Warning: known\nme@there: Permission denied (publickey)."), "docker_unreachable", "me@there: Permission"],
  [over(255, "connect to host there port 2222: Connection refused"), "docker_unreachable", "Connection refused"],
  [over(127, "sh: docker: command not found"), "docker_missing", "finds no program docker at ssh://me@there:2222"],
  [over(1, "permission denied while trying to connect to the Docker daemon"), "docker_denied", "user there may not"],
  ["Cannot connect to the Docker daemon at http://docker.example.com.", "docker_down", "ssh://me@there:2222"],
])("what comes of an engine over ssh that is not reached: %s", async (said, code, words) => {
  const folder = machine({ docker: `#!/bin/sh\ncat >&2 <<'END'\n${said}\nEND\nexit 1\n` });
  const before = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = "ssh://me@there:2222";
  try {
    const env = { PATH: `${folder}:/usr/bin:/bin` };
    const error: unknown = await captureDocker(systemRunner, ["ps"], { env }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, exit: 4, message: expect.stringContaining(words) });
    const hint = code === "docker_denied" ? "on that machine" : "try it: ssh -p 2222 me@there docker version";
    expect(Reflect.get(Object(error), "hint")).toContain(hint);
  } finally {
    process.env.DOCKER_HOST = before;
    if (before === undefined) delete process.env.DOCKER_HOST;
  }
});
