import { expect, test } from "bun:test";
import { parseTableName } from "../../../../src/migrate/ledger/table-name.ts";

test.each([
  ["schema_migrations", { name: "schema_migrations" }],
  ["Mixed_Case", { name: "Mixed_Case" }],
  ["app.versions", { schema: "app", name: "versions" }],
  ['"a.b"', { name: "a.b" }],
  ['"a.b"."c ""d"""', { schema: "a.b", name: 'c "d"' }],
  ["app.'; drop table x", { schema: "app", name: "'; drop table x" }],
])("%s", (written, expected) => {
  expect(parseTableName(written)).toEqual(expected);
});

test.each(["", ".", "a.", ".a", "a.b.c", '"a', '""', 'a"b'])("%p is no name", (written) => {
  expect(() => parseTableName(written)).toThrow("no table's name");
});
