import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load-config.ts";
import { checkEnvFile } from "../../../src/monitor/env-check.ts";
import type { Connection } from "../../../src/postgres/url.ts";
import type { Target } from "../../../src/resolve/target.ts";

const folder = mkdtempSync(join(tmpdir(), "pgrove-env-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const connection: Connection = {
  ...{ host: "127.0.0.1", port: 5433, user: "app", password: "pw", database: "shop_x", parameters: {} },
};
const target: Target = { server: { kind: "url", connection }, login: {}, label: "x", name: "x", protected: false };

async function check(env: string, yaml = "", reached: Connection = connection) {
  writeFileSync(join(folder, "pgrove.yaml"), `project: shop\nserver: {local: {}}\n${yaml}`);
  writeFileSync(join(folder, ".env"), env);
  const loaded = await loadConfig(join(folder, "pgrove.yaml"), { environment: {} });
  return (await checkEnvFile(target, folder, reached, loaded))?.wrong;
}

test("its own database is right, by whatever name the host is called, and whoever logs in", async () => {
  expect(await check("DATABASE_URL=postgres://app:pw@127.0.0.1:5433/shop_x\n")).toEqual([]);
  expect(await check("DATABASE_URL=postgresql://other@localhost:5433/shop_x\n")).toEqual([]);
});

test("main's database in a copied file is found, and named without its password", async () => {
  const copied = "DATABASE_URL=postgres://app:secret@127.0.0.1:5433/shop\n";
  expect(await check(copied)).toEqual(["DATABASE_URL names shop on 127.0.0.1:5433"]);
});

test("the last line counts, as for dotenv and shells", async () => {
  const [own, mains] = ["DATABASE_URL=postgres://127.0.0.1:5433/shop_x", "DATABASE_URL=postgres://127.0.0.1:5433/shop"];
  expect(await check(`${mains}\n${own}\n`)).toEqual([]);
  expect(await check(`${own}\n${mains}\n`)).toHaveLength(1);
});

test("another port and another schema are other databases", async () => {
  expect(await check("DATABASE_URL=postgres://127.0.0.1:5432/shop_x\n")).toHaveLength(1);
  const inSchema = { ...connection, parameters: { options: "-csearch_path=x" } };
  expect(await check("DATABASE_URL=postgres://127.0.0.1:5433/shop_x\n", "", inSchema)).toEqual([
    "DATABASE_URL names shop_x on 127.0.0.1:5433, another schema of it",
  ]);
});

test("every variable of env.set that is a URL is looked at, and what is not there says nothing", async () => {
  const yaml = `env: {set: {DB: "{url}", PORT: "{port}"}}\n`;
  expect(await check("DB=postgres://127.0.0.1:5433/shop\nPORT=1\n", yaml)).toEqual(["DB names shop on 127.0.0.1:5433"]);
  expect(await check("DATABASE_URL=postgres://127.0.0.1:5433/shop\n", yaml)).toEqual([]);
});
