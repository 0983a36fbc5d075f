/** The server's roles beside a dump: made where they are missing, and never changed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import type { RolesPlan } from "../../../src/archive/globals-sql.ts";
import { globalsPath } from "../../../src/dump/manifest.ts";
import { removeDump } from "../../../src/dump/remove-dumps.ts";
import { listDumps } from "../../../src/dump/store.ts";
import {
  type Bench,
  dump,
  filesBelow,
  makeBench,
  openLive,
  pathOf,
  rejection,
  restore,
  uniqueName,
} from "../../support/database.ts";
import { startServer, type TestServer } from "../../support/engine/server.ts";

let server: TestServer;
let bench: Bench;
beforeAll(async () => {
  server = await startServer({ major: 17 }); // its roles are its own
  bench = await makeBench();
});
afterAll(async () => {
  await server.remove();
  await bench.remove();
});

const roleFacts = () =>
  server.psql(
    "postgres",
    `select string_agg(concat_ws(' ', rolname, rolsuper, rolcanlogin, rolcreatedb, rolconfig, rolpassword is not null,
              (select string_agg(roleid::regrole::text, ',') from pg_auth_members m where m.member = a.oid)), '; ' order by rolname)
       from pg_authid a left join lateral (select setconfig as rolconfig from pg_db_role_setting s where s.setrole = a.oid) c on true
      where rolname ~ '^(shop|odd)'`,
  );

const SHOP = `create role shop_owner login createdb password 'the secret of a role'; alter role shop_owner set work_mem = '8MB';
  create role shop_readers; create role "odd; 'role"; grant shop_readers to shop_owner, "odd; 'role"; comment on role shop_owner is 'it; owns'`;

test("roles that are missing are made first, and those that are there stay as they are", async () => {
  const database = uniqueName("globals");
  await server.psql("postgres", SHOP);
  await server.psql("postgres", `create database ${database} owner shop_owner`);
  await server.psql(
    database,
    'create table item (id int); alter table item owner to shop_owner; grant select on item to shop_readers, "odd; \'role"',
  );
  const live = await openLive(server, database, bench);
  const path = pathOf(await dump(bench, live, { globals: { passwords: false } }));
  const withPasswords = pathOf(await dump(bench, live, { globals: { passwords: true } }));
  const before = await roleFacts();
  const beside = globalsPath(path, undefined);
  expect(statSync(beside).mode & 0o777).toBe(0o600);
  expect(readFileSync(beside, "utf8")).not.toContain("SCRAM-SHA-256");
  expect(readFileSync(globalsPath(withPasswords, undefined), "utf8")).toContain("SCRAM-SHA-256");
  expect((await listDumps(bench.store)).map(({ name }) => name)).toHaveLength(2);

  await server.psql("postgres", `drop database ${database}`);
  await server.psql("postgres", `drop role shop_owner, "odd; 'role"; alter role shop_readers createrole`);
  expect(await rejection(restore(bench, live, path))).toMatchObject({ code: "server_lacks", exit: 4 });
  const planned: RolesPlan[] = [];
  const refusing = restore(bench, live, path, { approveRoles: () => Promise.reject(new Error("no")) });
  await expect(refusing).rejects.toThrow("no");
  expect(await server.psql("postgres", "select count(*) from pg_roles where rolname = 'shop_owner'")).toBe("0");
  await restore(bench, live, withPasswords, { approveRoles: async (plan) => void planned.push(plan) });
  expect(planned[0]?.roles.map(({ name }) => name).sort()).toEqual(["odd; 'role", "shop_owner"]);
  expect(planned[0]?.kept).toContain("shop_readers");
  expect(await roleFacts()).toBe(before); // of shop_readers, createrole is not among the facts
  expect(await server.psql("postgres", "select rolcreaterole from pg_roles where rolname = 'shop_readers'")).toBe("t");
  expect(
    await server.psql(database, "select relowner::regrole, relacl from pg_class where relname = 'item'"),
  ).toContain("shop_owner");
});

test("roles that are not those that were written are refused, and go with their dump", async () => {
  const database = uniqueName("globals");
  await server.createDatabase(database);
  const live = await openLive(server, database, bench);
  const path = pathOf(await dump(bench, live, { globals: { passwords: false } }));
  const approveRoles = async () => undefined;
  writeFileSync(globalsPath(path, undefined), "create role intruder superuser;\n");
  expect(await rejection(restore(bench, live, path, { approveRoles }))).toMatchObject({
    code: "globals_damaged",
    exit: 1,
  });
  const bare = pathOf(await dump(bench, live));
  expect(await rejection(restore(bench, live, bare, { approveRoles }))).toMatchObject({
    code: "globals_missing",
    exit: 4,
  });
  for (const each of await listDumps(bench.store)) await removeDump(each);
  expect((await filesBelow(bench.store)).filter((file) => file.includes("globals"))).toEqual([]);
});
