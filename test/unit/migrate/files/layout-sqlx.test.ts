import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { MigrationFolder } from "../../../support/migration-folder.ts";

const sha384 = (text: string) => createHash("sha384").update(text).digest("hex");

test("one file or two, each with sqlx's own checksum of its bytes", async () => {
  const [plain, up, down] = ["create table a ();\r\n", "create table b ();\n", "drop table b;\n"];
  await using folder = await MigrationFolder.create({
    ...{ "1_add_a.sql": plain, "2_add_b.up.sql": up, "2_add_b.down.sql": down },
    "3_index.sql": "-- no-transaction\ncreate index concurrently i on a (id);",
  });
  const { migrations, findings } = await folder.read({ layout: "sqlx" });
  expect(findings).toEqual([]);
  expect(migrations.map(({ digits, name, down }) => [digits, name, down?.file])).toEqual([
    ["1", "add_a", undefined],
    ["2", "add_b", "migrations/2_add_b.down.sql"],
    ["3", "index", undefined],
  ]);
  expect(migrations.slice(0, 2).map((each) => each.up?.checksum)).toEqual([sha384(plain), sha384(up)]);
  expect(migrations[2]?.up?.transaction).toBe(false);
});
