import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type CopyRequest, copyDatabase } from "../../../src/copy/copy.ts";
import type { Session } from "../../../src/postgres/occupants.ts";
import {
  type Bench,
  copyRequest,
  createEveryKind,
  createSmall,
  databasesLike,
  fingerprint,
  makeBench,
  openLive,
  rejection,
  uniqueName,
} from "../../support/database.ts";
import { run, runOk, waitFor } from "../../support/engine/run.ts";
import { sharedServer, startServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;

beforeAll(async () => {
  server = await sharedServer(17);
  bench = await makeBench();
});
afterAll(() => bench.remove());

async function copy(from: string, to: string, request: Partial<CopyRequest> = {}) {
  const [source, target] = [await openLive(server, from, bench), await openLive(server, to, bench)];
  return copyDatabase(bench.tools, source, target, copyRequest(request));
}

/** A psql that stays connected to a database until its input ends. */
async function staySession(database: string) {
  const child = Bun.spawn(
    ["docker", "exec", "-i", server.container, "psql", "-XAtq", "-U", "postgres", "-d", database],
    { env: { ...process.env }, stdin: "pipe", stdout: "pipe", stderr: "pipe" },
  );
  const name = uniqueName("stays");
  child.stdin.write(`set application_name = '${name}';\n`);
  await child.stdin.flush();
  const alive = async () =>
    (await server.psql("postgres", `select count(*) from pg_stat_activity where application_name = '${name}'`)) === "1";
  await waitFor(name, 10_000, alive, 50);
  const end = async () => {
    child.stdin.end();
    await child.exited;
  };
  return { name, alive, end };
}

describe("template and stream", () => {
  test.each(["template", "stream"] as const)("%s copies every kind of object", async (strategy) => {
    const [from, to] = [uniqueName("from"), uniqueName("to")];
    await createEveryKind(server, from);
    const before = await fingerprint(server, from);
    const answer = await copy(from, to, { strategy });
    expect(answer).toMatchObject({ strategy, database: to, servicesRestarted: 0 });
    expect(answer).not.toHaveProperty("previous");
    expect(await fingerprint(server, to)).toEqual(before);
    expect(await fingerprint(server, from)).toEqual(before);

    await server.psql(to, "drop schema app cascade");
    const again = await copy(from, to, { strategy });
    expect(again.previous).toBe(`${to}_before_restore`);
    expect(await fingerprint(server, to)).toEqual(before);
    expect(await server.psql(`${to}_before_restore`, "select to_regnamespace('app') is null")).toBe("t");
    expect(await databasesLike(server, "pgrove_scratch_")).toEqual([]);
  });

  test("auto takes the template where nobody is connected, and writes the log or copies the files by size", async () => {
    const [small, large] = [uniqueName("small"), uniqueName("large")];
    await createSmall(server, small, 10);
    await createSmall(server, large, 10);
    await server.psql(
      large,
      "alter table item alter name set storage external; insert into item (name) select repeat(md5(g::text), 8000) from generate_series(1, 220) g",
    );
    const size = Number(await server.psql(large, "select pg_database_size(current_database())"));
    expect(size).toBeGreaterThan(48 << 20);
    const log = await startLogging();
    expect((await copy(small, uniqueName("to"))).strategy).toBe("template");
    expect((await copy(large, uniqueName("to"))).strategy).toBe("template");
    const said = await log.end();
    expect(said.find((line) => line.includes(small))).toMatch(/strategy wal_log/i);
    expect(said.find((line) => line.includes(large))).toMatch(/strategy file_copy/i);
  });

  test("the schema alone comes without rows, by stream", async () => {
    const [from, to] = [uniqueName("from"), uniqueName("to")];
    await createSmall(server, from, 10);
    expect((await copy(from, to, { schemaOnly: true })).strategy).toBe("stream");
    expect(await server.psql(to, "select count(*), to_regclass('tag') is not null from item")).toBe("0|t");
  });
});

/** The server's CREATE DATABASE statements from now on, from its log. */
async function startLogging() {
  await server.psql("postgres", "alter system set log_statement = 'ddl'");
  await server.psql("postgres", "select pg_reload_conf()");
  await waitFor("the new setting", 10_000, async () => (await server.psql("postgres", "show log_statement")) === "ddl");
  return {
    end: async () => {
      await server.psql("postgres", "alter system reset log_statement");
      await server.psql("postgres", "select pg_reload_conf()");
      const logs = await run("docker", ["logs", "--since", "5m", server.container]);
      const said = logs.stderr + logs.stdout;
      return said.split("\n").filter((line) => /create database .* template/i.test(line));
    },
  };
}

describe("a source with sessions", () => {
  test("is streamed when they may not be disconnected, and they stay", async () => {
    const [from, to] = [uniqueName("from"), uniqueName("to")];
    await createSmall(server, from, 10);
    const session = await staySession(from);
    const asked: Session[] = [];
    const answer = await copy(from, to, {
      whenBusy: async (sessions) => {
        asked.push(...sessions);
        return "stream";
      },
    });
    expect(asked.map(({ user, application }) => [user, application])).toEqual([["postgres", session.name]]);
    expect(answer.strategy).toBe("stream");
    expect(await session.alive()).toBe(true);
    expect(await fingerprint(server, to)).toEqual(await fingerprint(server, from));
    await session.end();
  });

  test("is a template when they may be, or when that strategy is asked for", async () => {
    const from = uniqueName("from");
    await createSmall(server, from, 10);
    for (const request of [{ whenBusy: async () => "disconnect" as const }, { strategy: "template" as const }]) {
      const session = await staySession(from);
      const to = uniqueName("to");
      expect((await copy(from, to, request)).strategy).toBe("template");
      expect(await session.alive()).toBe(false);
      expect(await fingerprint(server, to)).toEqual(await fingerprint(server, from));
      await session.end();
    }
  });

  test("is a template as well once they have left, when they are waited for", async () => {
    const [from, to] = [uniqueName("from"), uniqueName("to")];
    await createSmall(server, from, 10);
    const session = await staySession(from);
    const asked = Promise.withResolvers<void>();
    const copying = copy(from, to, {
      whenBusy: async () => {
        asked.resolve();
        return "wait";
      },
    });
    await asked.promise;
    expect(await session.alive()).toBe(true);
    await session.end();
    expect((await copying).strategy).toBe("template");
    expect(await fingerprint(server, to)).toEqual(await fingerprint(server, from));
  });

  test("with a prepared transaction is streamed, and refused as a template", async () => {
    const [from, to] = [uniqueName("from"), uniqueName("to")];
    await createSmall(server, from, 10);
    const gid = uniqueName("gid");
    await server.psql(from, `begin; insert into tag values (1, 'not yet'); prepare transaction '${gid}'`);
    const error = await rejection(copy(from, to, { strategy: "template" }));
    expect(error).toMatchObject({ code: "not_copyable", exit: 5 });
    expect(error.message).toContain(gid);
    expect(await databasesLike(server, to)).toEqual([]);
    expect((await copy(from, to)).strategy).toBe("stream");
    expect(await server.psql(to, "select count(*) from tag")).toBe("10");
    expect(await server.psql("postgres", `select count(*) from pg_prepared_xacts where gid = '${gid}'`)).toBe("1");
    await server.psql(from, `rollback prepared '${gid}'`);
  });
});

describe("what makes no sense", () => {
  test("a database onto itself, also when it is reached by another name", async () => {
    const name = uniqueName("self");
    await createSmall(server, name, 3);
    const before = await fingerprint(server, name);
    expect(await rejection(copy(name, name))).toMatchObject({ code: "usage", exit: 2 });
    const [source, target] = [await openLive(server, name, bench), await openLive(server, name, bench)];
    const id = (await runOk("docker", ["inspect", "-f", "{{.Id}}", server.container])).trim();
    const other = await openLive({ container: id }, name, bench);
    expect(other.target.server).not.toEqual(source.target.server);
    expect(await rejection(copyDatabase(bench.tools, other, target, copyRequest()))).toMatchObject({ code: "usage" });
    expect(await fingerprint(server, name)).toEqual(before);
  });

  test("a source that does not exist, a template from another server", async () => {
    const target = uniqueName("target");
    await createSmall(server, target, 3);
    const before = await fingerprint(server, target);
    const missing = await rejection(copy(uniqueName("nothing"), target));
    expect(missing).toMatchObject({ code: "database_missing", exit: 4 });
    const elsewhere = await startServer({ major: 17, publish: false });
    try {
      const [from, to] = [await openLive(elsewhere, "postgres", bench), await openLive(server, target, bench)];
      const request = copyRequest({ strategy: "template" });
      expect(await rejection(copyDatabase(bench.tools, from, to, request))).toMatchObject({ code: "usage", exit: 2 });
      const gone = await openLive(elsewhere, "nothing", bench);
      const absent = await rejection(copyDatabase(bench.tools, gone, to, copyRequest()));
      expect(absent).toMatchObject({ code: "database_missing", exit: 4 });
    } finally {
      await elsewhere.remove();
    }
    expect(await fingerprint(server, target)).toEqual(before);
  });

  test("a refused question leaves everything as it was", async () => {
    const [from, to] = [uniqueName("from"), uniqueName("to")];
    await createSmall(server, from, 3);
    await createSmall(server, to, 7);
    const before = await fingerprint(server, to);
    const losses: string[] = [];
    const request: Partial<CopyRequest> = {
      consent: async ({ database, sizeBytes }) => {
        losses.push(`${database} ${sizeBytes > 1 << 20}`);
        throw new Error("no");
      },
    };
    await expect(copy(from, to, request)).rejects.toThrow("no");
    expect(losses).toEqual([`${to} true`]);
    expect(await fingerprint(server, to)).toEqual(before);
    expect(await databasesLike(server, to)).toEqual([to]);
  });
});
