import { describe, expect, test } from "bun:test";
import { LAYOUTS } from "../../../../src/config/schema-migrations.ts";
import { formatVersions, parseVersions } from "../../../../src/migrate/schema/schema-versions.ts";

const HELD = [
  { version: 1n, digits: "001", name: "users" },
  { version: 20n, digits: "020", name: "" },
  { version: 20260115143022n, digits: "20260115143022", name: "odd\u001b name -- ; '" },
];

describe.each([...LAYOUTS])("%s", (kind) => {
  const text = (held: typeof HELD) => formatVersions({ kind, table: '"public"."ledger"' }, held);

  test("what was written is read again", () => {
    expect(parseVersions(`select 1;\n${text(HELD)}`)).toEqual(
      HELD.map(({ version, name }) => ({ version, name: name.replace("\u001b", "?") })),
    );
    expect(parseVersions(text([]))).toEqual([]);
  });

  test("one more migration is one more line, and no other changes", () => {
    const [before, after] = [text(HELD.slice(0, 2)).split("\n"), text(HELD).split("\n")];
    expect(after.filter((line) => !before.includes(line))).toHaveLength(1);
    expect(before.filter((line) => !after.includes(line))).toEqual([]);
  });
});

test("a file that does not say what it holds is not read as one that holds nothing", () => {
  expect(parseVersions("CREATE TABLE t (id int);\n    (1),\n")).toBeUndefined();
});
