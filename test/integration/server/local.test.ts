import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectOptions } from "../../../src/postgres/toolbox.ts";
import { findHostPrograms } from "../../../src/server/host-programs.ts";
import { openServer } from "../../../src/server/open-server.ts";
import type { Login, Server } from "../../../src/server/server.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { stringAt } from "../../../src/sys/untyped.ts";
import { runOk, waitFor } from "../../support/engine/run.ts";
import { patiently } from "../../support/patience.ts";

const LOCAL_PID = join(import.meta.dir, "../../../src/server/local-pid.ts");

let root: string;
let home = "";
const notes: string[] = [];
const abort = new AbortController().signal;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgrove-local-"));
  await chmod(root, 0o711); // as a repository's folder is: others may pass through
});

afterAll(async () => {
  await open().stop();
  const settings: unknown = await Bun.file(join(root, "closed/local/settings.json")).json();
  const elsewhere = stringAt(settings, "home"); // where root's server is, since the folder is closed to others
  if (elsewhere !== undefined) await rm(elsewhere, { recursive: true, force: true });
  await rm(root, { recursive: true, force: true });
});

function open(version?: number, login: Login = { database: "app" }): Server {
  const folder = join(root, "closed", "local");
  return openServer({ kind: "local", folder, ...(version === undefined ? {} : { version }) }, login, {
    runner: systemRunner,
    clientImage: "pgrove-test/postgres:{major}",
    stageParent: root,
    note: (text) => notes.push(text),
  });
}

async function ask(server: Server, sql: string, options: ConnectOptions = {}): Promise<unknown> {
  const wait = { waitMs: patiently(10_000) };
  const connection = await (await server.open()).connect("app", newRunId(new Date()), { ...wait, ...options });
  try {
    return Object.values((await connection.unsafe(sql))[0] ?? {})[0];
  } finally {
    await connection.end({ timeout: 5 });
  }
}

async function postmasterPid(): Promise<number> {
  return Number((await readFile(join(home, "data/postmaster.pid"), "utf8")).split("\n")[0]);
}

describe("a private server", () => {
  test("is absent at first", async () => {
    expect(await open().inspect()).toEqual({ condition: "absent" });
    await expect(open().open()).rejects.toMatchObject({ code: "server_down", exit: 4, hint: "pgrove up" });
    await expect(open().access()).rejects.toMatchObject({ code: "server_absent", exit: 4 });
    await open().stop();
  });

  test("is made by one of two that want it at once, and serves both", async () => {
    const [one, two] = [open(), open()];
    await Promise.all([
      one.start({ waitMs: patiently(60_000), abort }),
      two.start({ waitMs: patiently(60_000), abort }),
    ]);
    const state = await one.inspect();
    expect(state).toMatchObject({ condition: "running", host: "127.0.0.1" });
    home = / in (.*)$/.exec(state.detail ?? "")?.[1] ?? "";
    expect(await ask(one, "select current_database()")).toBe("app");
    expect(await ask(two, "show listen_addresses")).toBe("127.0.0.1");
    expect((await one.open()).label).toMatch(/^local server \(PostgreSQL \d+\)$/);
    expect(await readdir(join(root, "closed"))).toEqual(["local"]);
  });

  test("asks for its password, which only its owner can read", async () => {
    const server = open();
    const { password } = await server.access();
    expect(password?.length).toBeGreaterThan(15);
    expect((await stat(join(root, "closed/local/password"))).mode & 0o777).toBe(0o600);
    const hba = "select count(*)::int from pg_hba_file_rules where auth_method <> 'scram-sha-256'";
    expect(await ask(server, hba, { administrator: true })).toBe(0);
    const wrong = await open(undefined, { password: "wrong" }).open();
    await expect(wrong.connect("app", newRunId(new Date()))).rejects.toMatchObject({ code: "login_failed" });
    expect(await ask(server, "show server_encoding")).toBe("UTF8");
    expect(await ask(server, "show data_checksums")).toBe("on");
  });

  test("gives its databases to a role that can do nothing beyond them, and has another for pgrove's own sessions", async () => {
    const server = open();
    const rights = `select concat_ws(' ', rolsuper, rolcreaterole, rolreplication, rolcreatedb) from pg_roles
      where rolname = current_user`;
    expect(await ask(server, rights)).toBe("f f f t");
    const within = `select count(*)::int from pg_roles where rolname ~ '^pg_.*_server' and pg_has_role(oid, 'MEMBER')`;
    expect(await ask(server, within)).toBe(0);
    const owners =
      "select string_agg(distinct pg_get_userbyid(datdba), ' ') from pg_database where datname in ('app', 'postgres')";
    expect(await ask(server, owners)).toBe("postgres");
    for (const reach of [
      "copy (select 1) to program 'true'",
      "select pg_read_file('PG_VERSION')",
      "select lo_import('/etc/hostname')",
      "alter system set work_mem = '8MB'",
      "create extension file_fdw",
      "create role other superuser",
    ]) {
      await expect(ask(server, reach)).rejects.toMatchObject({ code: "42501" });
    }
    const { administrator = "" } = await server.open();
    expect(await ask(server, "select current_user", { administrator: true })).toBe(administrator);
    expect((await stat(join(root, "closed/local/administrator-password"))).mode & 0o777).toBe(0o600);
    expect((await server.reach("app"))?.user).toBe("postgres");
  });

  test("lets nothing that lies in a database act in an administrator's session", async () => {
    const server = open();
    await ask(
      server,
      "create function public.pg_database_size(text) returns bigint language sql as 'select 1::bigint'",
    );
    await ask(server, "alter database app set search_path = public, pg_catalog");
    await ask(server, "alter database app set role = postgres");
    const as = { administrator: true };
    expect(await ask(server, "show search_path", as)).toBe("pg_catalog, pg_temp");
    expect(await ask(server, "select current_user = session_user", as)).toBe(true);
    expect(Number(await ask(server, "select pg_database_size('app'::text)", as))).toBeGreaterThan(1);
    await ask(server, "drop function public.pg_database_size(text)");
    await ask(server, "alter database app reset all");
  });

  test("is not root's, and keeps its data and its port over a stop", async () => {
    const server = open();
    await ask(server, "create table kept as select 42 as answer");
    const before = await server.reach("app");
    if (process.getuid?.() === 0) expect((await stat(join(home, "data"))).uid).not.toBe(0);
    await server.stop();
    expect(await server.inspect()).toMatchObject({ condition: "stopped" });
    await server.start({ waitMs: patiently(60_000), abort });
    expect(await server.reach("app")).toEqual(before);
    expect(await ask(server, "select answer from kept")).toBe(42);
  });

  test("is seen running by a root that may not look into others' processes, as that of a container", async () => {
    const asker = `const { findPostmaster } = await import(${JSON.stringify(LOCAL_PID)});
      const found = await findPostmaster(undefined, { dataFolder: ${JSON.stringify(join(home, "data"))} });
      console.log(found?.pid);`;
    const without = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace"];
    const asRoot = process.getuid?.() === 0 && process.platform === "linux" ? without : [];
    const [file = "", ...args] = [...asRoot, process.execPath, "-e", asker];
    expect(Number(await runOk(file, args))).toBe(await postmasterPid());
  });

  test("starts again after its main process was killed", async () => {
    const pid = await postmasterPid();
    process.kill(pid, "SIGKILL");
    await waitFor(
      "the death of the main process",
      10_000,
      async () => (await open().inspect()).condition === "stopped",
    );
    await open().start({ waitMs: patiently(60_000), abort });
    expect(await ask(open(), "select answer from kept")).toBe(42);
  });

  test("starts after a reboot gave its process's number to a stranger", async () => {
    await open().stop();
    const file = join(home, "data/postmaster.pid");
    await writeFile(file, `${process.pid}\n${home}/data\n1700000000\n15432\n\n127.0.0.1\n  5432001 1\nready   \n`);
    expect(await open().inspect()).toMatchObject({ condition: "stopped" });
    await open().start({ waitMs: patiently(60_000), abort });
    expect(await ask(open(), "select answer from kept")).toBe(42);
  });

  test("takes another port when its own is taken, says so, and keeps that", async () => {
    const server = open();
    await server.stop();
    const { port = 0 } = await server.inspect();
    const squatter = await listen(port);
    try {
      await server.start({ waitMs: patiently(60_000), abort });
      const moved = (await server.inspect()).port;
      expect(moved).not.toBe(port);
      expect(notes.at(-1)).toContain(`port ${port} is taken`);
      await server.stop();
      expect((await server.inspect()).port).toBe(moved);
      await server.start({ waitMs: patiently(60_000), abort });
      expect((await server.inspect()).port).toBe(moved);
    } finally {
      squatter.close();
    }
  });

  test("of another version than pgrove.yaml asks for says what it is", async () => {
    const [newest] = await findHostPrograms(systemRunner);
    const other = open((newest?.major ?? 17) + 1);
    await expect(other.start({ waitMs: 1000, abort })).rejects.toMatchObject({ code: "version_differs", exit: 4 });
  });

  test("that does not start shows its log", async () => {
    await open().stop();
    const conf = join(home, "data/postgresql.auto.conf");
    const before = await readFile(conf, "utf8");
    await writeFile(conf, "no_such_setting = 1\n");
    try {
      const starting = open().start({ waitMs: patiently(20_000), abort });
      await expect(starting).rejects.toMatchObject({ code: "server_not_started", exit: 1 });
      await expect(starting).rejects.toThrow("no_such_setting");
    } finally {
      await writeFile(conf, before);
    }
    await open().start({ waitMs: patiently(60_000), abort });
    const logs = await systemRunner.capture(await open().logs({ follow: false, tail: 5 }));
    expect(logs.stdout).toContain("ready to accept connections");
  });
});

test("a private server beside the repository's other files, in a path too long for a socket", async () => {
  const parent = join(root, "open", "x".repeat(80), "it's a repo");
  await mkdir(parent, { recursive: true, mode: 0o755 });
  for (const folder of [parent, join(parent, ".."), join(root, "open")]) await chmod(folder, 0o755);
  const folder = join(parent, "local");
  const tools = { runner: systemRunner, clientImage: "", stageParent: root, note: () => undefined };
  const server = openServer({ kind: "local", folder }, { user: "ann", database: "app", password: "own" }, tools);
  try {
    await server.start({ waitMs: patiently(60_000), abort });
    expect((await server.inspect()).detail).toEndWith(` in ${folder}`);
    expect(await ask(server, "select current_user")).toBe("ann");
    const sockets = String(await ask(server, "show unix_socket_directories"));
    expect(sockets).toMatch(/^\/tmp\/pgrove-\d+-[0-9a-f]{12}$/);
    expect((await stat(sockets)).mode & 0o777).toBe(0o700);
    await server.stop();
    expect(existsSync(sockets)).toBe(false);
  } finally {
    await server.stop();
  }
});

test("a version that this machine does not have is said with what to install", async () => {
  const folder = join(root, "other", "local");
  const server = openServer(
    { kind: "local", folder, version: 99 },
    {},
    {
      runner: systemRunner,
      clientImage: "",
      stageParent: root,
      note: () => undefined,
    },
  );
  await expect(server.start({ waitMs: 1000, abort })).rejects.toMatchObject({
    code: "programs_missing",
    exit: 4,
    hint: expect.stringContaining("99"),
  });
});

function listen(port: number): Promise<NetServer> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, () => resolve(server));
  });
}
