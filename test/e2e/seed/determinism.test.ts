/** The same file makes the same rows: on every version, over any number of connections, in any number of steps. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadFactories } from "../../../src/seed/factory/factory-file.ts";
import { readExistingRows } from "../../../src/seed/plan/plan-keys.ts";
import { planSeed } from "../../../src/seed/plan/plan-seed.ts";
import { readTables } from "../../../src/seed/schema/read-tables.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { families, hashFamilies, makeDevpocket } from "../../support/seed/devpocket.ts";
import { connectTo, loadPlanAtOnce } from "../../support/seed/load.ts";
import type { Grove } from "../../support/worktrees/grove.ts";

/**
 * The rows of version 1 of the generators: what changes this changes everybody's rows, and wants another
 * `generator_version`. (Another text of the example's factories changes it, too.)
 */
const VERSION_1 = {
  users: "ac1512196b0b",
  ssh_profiles: "f33d65ac6fbc",
  sessions: "06e3e364982c",
  commands: "085485bf4d6b",
  sync_data: "de0772f44240",
};

let old: Grove;
let recent: Grove;
beforeAll(async () => {
  [old, recent] = await Promise.all([makeDevpocket(await sharedServer(15)), makeDevpocket(await sharedServer(18))]);
});
afterAll(async () => {
  await old?.[Symbol.asyncDispose]();
  await recent?.[Symbol.asyncDispose]();
});

test("two versions of PostgreSQL, two machines that differ in what they may: the same rows", async () => {
  const abroad = { TZ: "Asia/Tokyo", LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8" };
  const run = ["seed", "--clean-force", "all", "40"];
  await Promise.all([old.ok(run), recent.ok(run, { env: abroad })]);
  expect(await hashFamilies(old.server, old.project)).toEqual(VERSION_1);
  expect(await hashFamilies(recent.server, recent.project)).toEqual(VERSION_1);
  await old.ok([...run, "--seed", "43"]);
  const others = await hashFamilies(old.server, old.project);
  for (const family of families) expect(others[family], family).not.toBe(VERSION_1[family]);
});

test("over four connections at once, whichever comes first: the same rows", async () => {
  await recent.ok(["seed", "--clean-force", "all", "0"]);
  const sql = connectTo(recent.server, recent.project);
  const factories = await loadFactories(join(recent.repo.folder, "seeds"), { today: new Date() });
  const wish = { counts: new Map(), firstRows: new Map(), defaultCount: 40, count: 40 };
  const plan = await planSeed(factories, await readTables(sql), wish, readExistingRows(sql), () => undefined);
  await sql.end();
  await loadPlanAtOnce(recent.server, recent.project, plan, 4);
  expect(await hashFamilies(recent.server, recent.project)).toEqual(VERSION_1);
});

test("in three runs instead of one: the same users", async () => {
  for (const words of [
    ["--clean-force", "all", "0"],
    ["users", "7"],
    ["users", "1"],
    ["users", "32"],
  ]) {
    await recent.ok(["seed", ...words]);
  }
  const users = `select md5(string_agg(u::text, ',' order by id)) from users u where id <= 40`;
  const inSteps = await recent.ask(recent.project, users);
  await recent.ok(["seed", "--clean-force", "all", "40"]);
  expect(await recent.ask(recent.project, users)).toBe(inSteps);
});

test("another field and more rows leave the other cells as they were", async () => {
  const file = join(recent.repo.folder, "seeds/factories.yaml");
  const factories = await readFile(file, "utf8");
  const fields = "full_name: name\n      motto: {sentence: {}}";
  await recent.ask(recent.project, "alter table users add motto text");
  await writeFile(file, factories.replace("full_name: name", fields));
  await recent.ok(["seed", "--clean-force", "all", "60"]);
  expect(await recent.ask(recent.project, "select count(distinct motto)::int from users")).toBeGreaterThan(50);
  const columns =
    "id, email, username, full_name, password_hash, tier, is_active, time_zone, last_login_at, created_at, updated_at";
  const where = {
    users: "id <= 40",
    ssh_profiles: "user_id <= 40",
    sessions: "user_id <= 40",
    commands: "session_id in (select id from sessions where user_id <= 40)",
    sync_data: "user_id <= 40",
  };
  expect(await hashFamilies(recent.server, recent.project, { columns: { users: columns }, where })).toEqual(VERSION_1);
});
