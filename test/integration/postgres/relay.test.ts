import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createDockerToolbox, type DockerAccess } from "../../../src/postgres/docker-toolbox.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { applicationName, newRunId } from "../../../src/sys/run-id.ts";
import { waitFor } from "../../support/engine/run.ts";
import { startServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let startedAt: string;

beforeAll(async () => {
  server = await startServer({ major: 17, publish: false });
  startedAt = await server.startTime();
});

afterAll(() => server.remove());

const run = () => newRunId(new Date());
const accessTo = (changes: Partial<DockerAccess> = {}): DockerAccess => ({
  container: server.container,
  label: "the test's server",
  user: "postgres",
  addresses: [],
  ...changes,
});

const COUNT_RELAYS = `n=0
for p in /proc/[0-9]*; do
  case "$(tr '\\0' ' ' <"$p/cmdline" 2>/dev/null)" in *"/dev/tcp/"*|"cat "*) [ "\${p#/proc/}" = "$$" ] || n=$((n + 1)) ;; esac
done
echo "$n"`;

/** The relays' processes inside the container. */
async function countRelays(): Promise<number> {
  return Number((await server.exec(["bash", "-s"], { stdin: COUNT_RELAYS })).stdout.trim());
}

async function countSessions(application: string): Promise<number> {
  const sql = `SELECT count(*) FROM pg_stat_activity WHERE application_name = '${application}'`;
  return Number(await server.psql("postgres", sql));
}

/** What an aborting run, and the next run after a killed one, does: docker goes on reading, so the session would too. */
async function endSession(application: string): Promise<void> {
  const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${application}'`;
  expect(await server.psql("postgres", sql)).toBe("t");
}

async function expectNothingLeft(application: string): Promise<void> {
  await waitFor("the session's end", 30_000, async () => (await countSessions(application)) === 0);
  await waitFor("the relay's end", 30_000, async () => (await countRelays()) === 0);
  expect(await server.startTime()).toBe(startedAt);
}

describe("a container that publishes no port", () => {
  test("is reached through docker exec, 10 MB in and out, and nothing is left behind", async () => {
    const id = run();
    const sql = await createDockerToolbox(systemRunner, accessTo()).connect("postgres", id);
    expect(await countRelays()).toBeGreaterThan(0);
    const [row] = await sql<{ name: string }[]>`select current_setting('application_name') as name`;
    expect(row?.name).toBe(applicationName(id));

    await sql`CREATE TABLE big (line text)`;
    const line = `${"ä".repeat(500)}\n`;
    const lines = 10_000;
    const into = await sql`COPY big FROM STDIN`.writable();
    await pipeline(
      Readable.from(
        (function* () {
          for (let i = 0; i < lines; i++) yield Buffer.from(line);
        })(),
      ),
      into,
    );
    let bytes = 0;
    for await (const chunk of await sql`COPY big TO STDOUT`.readable()) bytes += chunk.length;
    expect(bytes).toBe(lines * Buffer.byteLength(line));
    await sql.end({ timeout: 5 });
    await expectNothingLeft(applicationName(id));
  });

  test("leaves nothing of a connection that is dropped while rows come, once its session is ended", async () => {
    const id = run();
    const sql = await createDockerToolbox(systemRunner, accessTo()).connect("postgres", id);
    const rows = await sql`COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT`.readable();
    for await (const chunk of rows) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await sql.end({ timeout: 0 });
    await endSession(applicationName(id));
    await expectNothingLeft(applicationName(id));
  });

  test("fails the query of a connection whose server is stopped", async () => {
    const stopped = await startServer({ major: 17, publish: false });
    try {
      const access = accessTo({ container: stopped.container });
      const sql = await createDockerToolbox(systemRunner, access).connect("postgres", run());
      const query = sql`select pg_sleep(600)`.then(
        () => "done",
        () => "failed",
      );
      await stopped.stop();
      expect(await query).toBe("failed");
      await sql.end({ timeout: 5 });
    } finally {
      await stopped.remove();
    }
  });

  test.each(["waits", "works"])("is gone as soon as the server ends the session while it %s", async (when) => {
    const id = run();
    const sql = await createDockerToolbox(systemRunner, accessTo()).connect("postgres", id);
    const query = sql`select pg_sleep(600)`;
    const working =
      when === "works"
        ? query.then(
            () => "done",
            () => "failed",
          )
        : undefined;
    await waitFor("the session", 30_000, async () => (await countSessions(applicationName(id))) === 1);
    await endSession(applicationName(id));
    await expectNothingLeft(applicationName(id));
    if (working !== undefined) expect(await working).toBe("failed");
    await sql.end({ timeout: 1 });
  });

  test("does its work whatever its role has set, unless it runs the user's SQL", async () => {
    const [waiting, working] = [
      ["idle_session_timeout", "idle_in_transaction_session_timeout"],
      ["statement_timeout", "transaction_timeout", "lock_timeout"],
    ];
    const limits = [...waiting, ...working];
    const others = { default_transaction_read_only: "on", row_security: "on", search_path: "public, pg_catalog" };
    const all = [...limits, ...Object.keys(others)];
    const set = [...limits.map((name) => `${name} = '70s'`), ...Object.entries(others).map(([k, v]) => `${k} = ${v}`)];
    await server.psql("postgres", set.map((each) => `alter role postgres set ${each};`).join(" "));
    try {
      const read = async (runsUsersSql: boolean) => {
        const sql = await createDockerToolbox(systemRunner, accessTo()).connect("postgres", run(), { runsUsersSql });
        const names = all.join(",");
        const values = sql`select current_setting(name) from unnest(string_to_array(${names}, ',')) name`.values();
        return (await values.finally(() => sql.end({ timeout: 5 }))).flat();
      };
      expect(await read(false)).toEqual([...limits.map(() => "0"), "off", "off", "public"]);
      const usual = [...waiting.map(() => "0"), ...working.map(() => "70s"), ...Object.values(others)];
      expect(await read(true)).toEqual(usual);
    } finally {
      await server.psql("postgres", "set default_transaction_read_only = off; alter role postgres reset all");
    }
  });

  describe.each(["idle", "copy"])("when a pgrove that is %s", (mode) => {
    test.each(["alone", "with its docker"])("is killed %s, the session ends and the server stays", async (how) => {
      const id = run();
      const script = new URL("../../support/relay-client.ts", import.meta.url).pathname;
      const child = Bun.spawn([process.execPath, script, server.container, id, mode], { stdout: "pipe" });
      const first = await child.stdout.getReader().read();
      expect(new TextDecoder().decode(first.value)).toContain("ready");
      expect(await countSessions(applicationName(id))).toBe(1);

      const docker = await childrenOf(child.pid);
      expect(docker).toHaveLength(1);
      child.kill("SIGKILL");
      if (how === "with its docker") for (const pid of docker) process.kill(pid, "SIGKILL");
      await child.exited;
      if (mode === "copy") await endSession(applicationName(id));
      await expectNothingLeft(applicationName(id));
    });
  });
});

async function childrenOf(pid: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => ""); // gone, or no process
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(parent) === pid) found.push(Number(name));
  }
  return found;
}

describe("a container that publishes its port", () => {
  let published: TestServer;
  let other: TestServer;

  beforeAll(async () => {
    [published, other] = await Promise.all([startServer({ major: 17 }), startServer({ major: 17 })]);
  });

  afterAll(() => Promise.all([published.remove(), other.remove()]));

  const addressOf = async (one: TestServer) => {
    const sql = "SELECT 1"; // its address is seen by a TCP client only
    await one.psql("postgres", sql);
    const said = await one.exec(["bash", "-c", "hostname -I || awk 'END {print $1}' /etc/hosts"]);
    return said.stdout.trim().split(/\s+/)[0] ?? "";
  };

  test("is reached by TCP", async () => {
    const { port = 0, container, password } = published;
    const addresses = [await addressOf(published)];
    const access = accessTo({ container, password, addresses, published: { host: "127.0.0.1", port } });
    const sql = await createDockerToolbox(systemRunner, access).connect("postgres", run());
    const [row] = await sql`select host(inet_server_addr()) as address`;
    expect(row).toEqual({ address: addresses[0] });
    await sql.end();
  });

  test("with a wrong password is reached through the relay, which the server trusts", async () => {
    const { port = 0, container } = published;
    const access = accessTo({
      container,
      password: "wrong",
      addresses: [await addressOf(published)],
      published: { host: "127.0.0.1", port },
    });
    const sql = await createDockerToolbox(systemRunner, access).connect("postgres", run());
    const [row] = await sql`select host(inet_server_addr()) as address`;
    expect(row).toEqual({ address: "127.0.0.1" });
    await sql.end();
  });

  test("is waited for while it starts, and does without its port when it listens inside only", async () => {
    const { container, password, port = 0 } = published;
    await published.psql("postgres", "ALTER SYSTEM SET listen_addresses = 'localhost'");
    await published.stop();
    const access = accessTo({ container, password, published: { host: "127.0.0.1", port } });
    const connect = (waitMs: number) =>
      createDockerToolbox(systemRunner, access).connect("postgres", run(), { waitMs });
    await expect(connect(0)).rejects.toMatchObject({ exit: 4 });
    const connecting = connect(60_000);
    await published.start();
    const sql = await connecting;
    const [row] = await sql`select host(inet_server_addr()) as address`;
    expect(row).toEqual({ address: "127.0.0.1" });
    await sql.end();
    await published.psql("postgres", "ALTER SYSTEM RESET listen_addresses");
    await published.stop();
    await published.start();
  });

  test("is not mistaken for another PostgreSQL that answers on that port", async () => {
    await other.psql("postgres", "CREATE TABLE wrong_server ()");
    const { container, password } = published;
    const access = accessTo({
      container,
      password,
      addresses: [await addressOf(published)],
      published: { host: "127.0.0.1", port: other.port ?? 0 },
    });
    const sql = await createDockerToolbox(systemRunner, access).connect("postgres", run());
    const [row] = await sql`select to_regclass('wrong_server') is null as right_one`;
    expect(row).toEqual({ right_one: true });
    await sql.end();
  });
});
