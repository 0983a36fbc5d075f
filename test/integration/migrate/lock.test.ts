/** The migration lock, on real PostgreSQL: one at a time, no waiter in anybody's way, and gone with its session. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readLedger } from "../../../src/migrate/ledger/ledger.ts";
import type { LedgerPlace } from "../../../src/migrate/ledger/ledger-place.ts";
import {
  golangMigrateLockKeys,
  type LockOptions,
  withMigrationLock,
} from "../../../src/migrate/ledger/migration-lock.ts";
import { rejection, uniqueName } from "../../support/database.ts";
import { waitFor } from "../../support/engine/run.ts";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { openSql } from "../../support/migration-ledgers.ts";
import { patiently } from "../../support/patience.ts";

const never = new AbortController().signal;
const quiet = (timeoutMs: number): LockOptions => ({ timeoutMs, abort: never, note: () => undefined });

describe.each(takingTurns([15, 18], import.meta.path))("PostgreSQL %i", (major) => {
  let server: TestServer;
  let place: LedgerPlace;
  const name = uniqueName("lock");
  const connect = async () => openSql(server, name);
  const watch = async <T>(body: (sql: ReturnType<typeof openSql>) => Promise<T>): Promise<T> => {
    const sql = openSql(server, name);
    try {
      return await body(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  };

  beforeAll(async () => {
    server = await sharedServer(major);
    await server.createDatabase(name);
    place = (await watch((sql) => readLedger(sql, { layout: "golang-migrate" }))).place;
  });
  afterAll(() => server.psql("postgres", `drop database "${name}" with (force)`));

  test("thirty at once: each has its turn, alone", async () => {
    let inside = 0;
    let most = 0;
    const turns = Array.from({ length: 30 }, () =>
      withMigrationLock(connect, place, quiet(patiently(60_000)), async () => {
        inside += 1;
        most = Math.max(most, inside);
        await watch((sql) => sql`select 1`);
        inside -= 1;
      }),
    );
    await Promise.all(turns);
    expect(most).toBe(1);
  });

  test("who waits too long is told who has it, and what to type", async () => {
    await withMigrationLock(connect, place, quiet(0), async () => {
      const error = await rejection(withMigrationLock(connect, place, quiet(300), async () => undefined));
      expect(error).toMatchObject({ code: "migrations_locked", exit: 5 });
      expect(error.message).toMatch(new RegExp(`is migrating ${name} \\(pid \\d+`));
      expect(error.hint).toContain("--lock-timeout");
    });
  });

  test("who waits says so once, and an interruption ends the wait", async () => {
    const notes: string[] = [];
    const controller = new AbortController();
    await withMigrationLock(connect, place, quiet(0), async () => {
      const options = {
        timeoutMs: patiently(60_000),
        abort: controller.signal,
        note: (text: string) => notes.push(text),
      };
      const waiting = withMigrationLock(connect, place, options, async () => "had it");
      const ended = waiting.then(String, (error: unknown) => String(error));
      await waitFor("the note", 10_000, async () => notes.length > 0, 20);
      await watch((sql) => sql`select pg_sleep(0.5)`); // more polls
      controller.abort(new Error("interrupted"));
      expect(await ended).toBe("Error: interrupted");
    });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain("waiting until it is done");
  });

  test("CREATE INDEX CONCURRENTLY is not held up by who waits", async () => {
    const controller = new AbortController();
    await withMigrationLock(connect, place, quiet(0), async () => {
      const options = { timeoutMs: patiently(60_000), abort: controller.signal, note: () => undefined };
      const waiters = [1, 2, 3].map(() =>
        withMigrationLock(connect, place, options, async () => undefined).catch(() => undefined),
      );
      await watch(async (sql) => {
        await sql`create table many as select generate_series(1, 1000) as id`;
        // Were a waiter inside pg_advisory_lock, with its snapshot, this would wait for it until the timeout.
        await sql`set lock_timeout = '20s'`;
        await sql`create index concurrently many_id on many (id)`;
        const [row] = await sql`select indisvalid from pg_index where indexrelid = 'many_id'::regclass`;
        expect(row).toEqual({ indisvalid: true });
      });
      controller.abort(new Error("enough"));
      await Promise.all(waiters);
    });
  });

  test("a session that is lost is noticed, and the lock is free", async () => {
    const error = await rejection(
      withMigrationLock(connect, place, quiet(0), async (lock) => {
        await lock.requireHeld();
        await watch(
          (sql) => sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 2
                         and database = (select oid from pg_database where datname = current_database())`,
        );
        const isHeld = () =>
          lock.requireHeld().then(
            () => true,
            () => false,
          );
        await waitFor("the loss to be noticed", 10_000, async () => !(await isHeld()), 20);
        await withMigrationLock(connect, place, quiet(0), async () => undefined);
        await lock.requireHeld();
      }),
    );
    expect(error).toMatchObject({ code: "lock_lost", exit: 1 });
  });

  test("an idle session is not ended by the server's time limit for those", async () => {
    await server.psql("postgres", `alter database "${name}" set idle_session_timeout = '300ms'`);
    try {
      await withMigrationLock(connect, place, quiet(0), async (lock) => {
        await watch((sql) => sql`select pg_sleep(0.8)`);
        await lock.requireHeld();
      });
    } finally {
      await server.psql("postgres", `alter database "${name}" reset idle_session_timeout`);
    }
  });

  test.each([0, 1])("golang-migrate's lock keeps us out, and ours keeps it out (id %i)", async (which) => {
    const key = golangMigrateLockKeys(name, "public", "schema_migrations")[which]?.key ?? 0n;
    await watch(async (other) => {
      await other.unsafe(`select pg_advisory_lock(${key})`);
      const error = await rejection(withMigrationLock(connect, place, quiet(0), async () => undefined));
      expect(error.code).toBe("migrations_locked");
      await other.unsafe(`select pg_advisory_unlock(${key})`);
      await withMigrationLock(connect, place, quiet(0), async () => {
        const [row] = await other.unsafe<{ got: boolean }[]>(`select pg_try_advisory_lock(${key}) as got`);
        expect(row).toEqual({ got: false });
      });
    });
  });

  test("another ledger of the same database has a lock of its own", async () => {
    const own = (await watch((sql) => readLedger(sql, { layout: "goose", schema: "wt" }))).place;
    await withMigrationLock(connect, place, quiet(0), async () => {
      expect(await withMigrationLock(connect, own, quiet(0), async () => "both")).toBe("both");
    });
  });
});
