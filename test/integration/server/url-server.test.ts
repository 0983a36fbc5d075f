import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";
import { findHostPrograms } from "../../../src/server/host-programs.ts";
import { openServer } from "../../../src/server/open-server.ts";
import type { Login, Server } from "../../../src/server/server.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { ensureImage } from "../../support/engine/images.ts";
import { run } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";

let root: string;
let servers: Map<number, TestServer>;
let newestImage: string;
const abort = new AbortController().signal;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-remote-"));
  servers = new Map([
    [15, await sharedServer(15)],
    [17, await sharedServer(17)],
  ]);
  newestImage = await ensureImage(17);
});

afterAll(() => rm(root, { recursive: true, force: true }));

function open(url: string, login: Login = {}): Server {
  const clientImage = newestImage.replace("17", "{major}");
  const tools = { runner: systemRunner, clientImage, stageParent: root, note: () => undefined };
  return openServer({ kind: "url", connection: parseConnectionUrl(url) }, login, tools);
}

const urlOf = (major: number, host = "127.0.0.1") => {
  const server = servers.get(major);
  return `postgres://postgres:${server?.password}@${host}:${server?.port}/postgres`;
};

async function dumpSchema(server: Server): Promise<string> {
  const toolbox = await server.open();
  const id = newRunId(new Date());
  const stage = await toolbox.stage(id);
  try {
    const options = { database: "postgres", stage };
    return (await systemRunner.capture(toolbox.command("pg_dump", ["--schema-only"], id, options))).stdout;
  } finally {
    await stage.remove();
  }
}

describe("a server that somebody else runs", () => {
  test("is used with this machine's programs where they are new enough", async () => {
    const [newest] = await findHostPrograms(systemRunner);
    if (newest === undefined) throw new Error("the tests need PostgreSQL's programs on this machine");
    const server = open(urlOf(15));
    expect(await server.inspect()).toMatchObject({ condition: "running", detail: expect.stringContaining("15.") });
    const toolbox = await server.open();
    expect(toolbox).toMatchObject({ place: "host", user: "postgres" });
    expect(await dumpSchema(server)).toContain("database dump complete");
  });

  test("is reached by the name localhost too", async () => {
    const sql = await (await open(urlOf(15, "localhost")).open()).connect("postgres", newRunId(new Date()));
    const [row] = await sql`select 1 as one`;
    expect(row).toEqual({ one: 1 });
    await sql.end();
  });

  test("newer than this machine's programs is used with those of an image", async () => {
    const programs = await findHostPrograms(systemRunner);
    const server = open(urlOf(17));
    const toolbox = await server.open();
    const expected = programs.some((one) => one.major >= 17) ? "host" : "client-image";
    expect(toolbox.place).toBe(expected);
    const dump = await dumpSchema(server);
    expect(dump).toContain("database dump complete");
    const left = await run("docker", ["ps", "-aq", "--filter", "label=dev.pgrove.run"]);
    expect(left.stdout.trim()).toBe("");
  });

  test("without programs or an image says what to install", async () => {
    const programs = await findHostPrograms(systemRunner);
    if (programs.some((one) => one.major >= 17)) return;
    const before = process.env.DOCKER_HOST;
    process.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
    try {
      const opening = open(urlOf(17)).open();
      await expect(opening).rejects.toMatchObject({ code: "programs_missing", exit: 4 });
      await expect(opening).rejects.toThrow("PostgreSQL 17");
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
    }
  });

  test("is neither started nor stopped", async () => {
    const server = open(urlOf(15));
    await expect(server.start({ waitMs: 0, abort })).rejects.toMatchObject({ code: "not_ours", exit: 5 });
    await expect(server.stop()).rejects.toMatchObject({ exit: 5 });
    await expect(server.logs({ follow: false })).rejects.toMatchObject({ exit: 5 });
  });

  test("has the login of pgrove.yaml before that of the URL", async () => {
    expect(await open("postgres://u:p@h/d", { user: "v" }).access()).toEqual({ user: "v", database: "d" });
    expect(await open("postgres://u:p@h/d", { password: "q" }).reach("e")).toMatchObject({
      user: "u",
      password: "q",
      database: "e",
    });
  });

  test("that is away, or does not let us in, is told apart", async () => {
    const away = open("postgres://u@127.0.0.1:9/d");
    expect(await away.inspect()).toMatchObject({ condition: "unreachable" });
    await expect(away.open()).rejects.toMatchObject({
      code: "server_down",
      exit: 4,
      hint: expect.stringContaining("URL"),
    });
    const locked = open(urlOf(15).replace(/:[^:@]+@/, ":s3cret@"));
    const state = await locked.inspect();
    expect(state.condition).toBe("running");
    expect(state.detail).not.toContain("s3cret");
    await expect(locked.open()).rejects.toMatchObject({ code: "login_failed", exit: 3 });
  });
});
