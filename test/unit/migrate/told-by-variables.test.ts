import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Layout } from "../../../src/config/schema-migrations.ts";
import { readToolVariables, tableByVariables } from "../../../src/migrate/told-by-variables.ts";

async function tell(
  variables: Record<string, string>,
  layout: Layout,
  { table, dir = "db/migrations" }: { table?: string; dir?: string } = {},
) {
  const notes: string[] = [];
  const set = {
    ...{ settings: { command: undefined, table }, root: "/r", source: { dirs: [`/r/${dir}`] } },
    files: async () => ({ layout }),
  };
  return [await tableByVariables(set, variables, (text) => notes.push(text)), ...notes];
}

const TOLD = { GOOSE_TABLE: "app.changes", DBMATE_MIGRATIONS_TABLE: "changes" };

test("the table that a layout's own tool is told is the one, where pgrove.yaml names none", async () => {
  expect(await tell(TOLD, "goose")).toEqual(["app.changes"]);
  expect(await tell(TOLD, "dbmate")).toEqual(["changes"]);
  expect(await tell(TOLD, "golang-migrate")).toEqual([undefined]);
  expect(await tell({ GOOSE_TABLE: "" }, "goose")).toEqual([undefined]);
});

test("what pgrove.yaml says otherwise counts, and is said", async () => {
  expect(await tell(TOLD, "dbmate", { table: '"changes"' })).toEqual(['"changes"']);
  const [table, note, ...others] = await tell(TOLD, "goose", { table: "changes" });
  expect([table, others]).toEqual(["changes", []]);
  expect(note).toMatch(/GOOSE_TABLE says app\.changes.* changes/);
});

test("another folder than the one that is read is said, to those whose tool it is", async () => {
  const told = { GOOSE_MIGRATION_DIR: "./store/changes/" };
  expect((await tell(told, "goose"))[1]).toMatch(/store\/changes.*db\/migrations/);
  expect(await tell(told, "goose", { dir: "store/changes" })).toEqual([undefined]);
  expect(await tell(told, "dbmate")).toEqual([undefined]);
});

test("the environment comes before the folder's .env", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pgrove-told-"));
  expect(await readToolVariables({ A: "1" }, folder)).toEqual({ A: "1" });
  await writeFile(join(folder, ".env"), "GOOSE_TABLE=in_file\nOTHER=2\n");
  expect(await readToolVariables({ GOOSE_TABLE: "given", NONE: undefined }, folder)).toEqual({
    GOOSE_TABLE: "given",
    OTHER: "2",
  });
  await rm(folder, { recursive: true });
});
