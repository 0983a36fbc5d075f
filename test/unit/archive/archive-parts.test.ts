import { expect, test } from "bun:test";
import { join } from "node:path";
import { readArchive } from "../../../src/archive/archive.ts";
import { chooseEntries, type PartOfDump } from "../../../src/archive/archive-parts.ts";

const { entries } = await readArchive(join(import.meta.dir, "../../support/fixtures/archive-18.dump"));
const choose = (part: Partial<PartOfDump>) =>
  chooseEntries(entries, { ...{ tables: [], schemas: [], content: "all" }, ...part });
const said = (part: Partial<PartOfDump>) => choose(part).entries.map(({ kind, schema, tag }) => [kind, schema, tag]);

test("a table comes with what is its own, whatever it is called", () => {
  const odd = "odd ; schema";
  const own = [
    ["TABLE", odd, 'ta"ble'],
    ["ACL", odd, 'TABLE "ta""ble"'],
    ["TABLE DATA", odd, 'ta"ble'],
    ["CONSTRAINT", odd, 'ta"ble ta"ble_pkey'],
  ];
  expect(said({ tables: ['ta"ble'] })).toEqual(own);
  expect(said({ tables: [`${odd}.ta"ble`] })).toEqual(own);
  expect(said({ tables: ['ta"ble'], content: "data" })).toEqual(own.slice(2, 3));
  expect(said({ tables: ['ta"ble'], content: "schema" })).toEqual([...own.slice(0, 2), ...own.slice(3)]);
  expect(said({ schemas: [odd] })).toEqual([["SCHEMA", "", odd], ...own]);
  for (const quoted of ['"ta""ble"', `"${odd}"."ta""ble"`, `${odd}."ta""ble"`])
    expect(said({ tables: [quoted] })).toEqual(own);
  expect(choose({ tables: [`"public"."ta""ble"`] }).missing).toHaveLength(1);
  expect(said({ schemas: [`"${odd}"`] })).toEqual(said({ schemas: [odd] }));
});

test("without names it is all of the dump, or all of its rows", () => {
  expect(choose({}).entries).toEqual(entries);
  expect(said({ content: "data" }).map(([kind]) => kind)).toEqual(["TABLE DATA", "TABLE DATA"]);
  expect(said({ content: "schema" })).toHaveLength(entries.length - 2);
});

test("what the dump does not have, and what several schemas have, is named", () => {
  expect(choose({ tables: ["nowhere", "plain"], schemas: ["gone"] }).missing).toEqual(["table nowhere", "schema gone"]);
  const [plain] = entries.filter(({ kind, tag }) => kind === "TABLE" && tag === "plain");
  if (plain === undefined) throw new Error("no table");
  const twice = [...entries, { ...plain, id: 9999, schema: "other" }];
  const part = { schemas: [], content: "all" as const };
  expect(chooseEntries(twice, { ...part, tables: ["plain"] }).unclear).toEqual(["plain"]);
  expect(chooseEntries(twice, { ...part, tables: ["other.plain"] })).toMatchObject({ unclear: [], missing: [] });
});
