import { expect, test } from "bun:test";
import { parseTableName } from "../../../src/migrate/ledger/table-name.ts";
import { tableOfUrl } from "../../../src/migrate/url-table.ts";
import { parseConnectionUrl } from "../../../src/postgres/url.ts";

/** The table of a target whose server is the URL's, and of one whose server is the repository's own. */
function tablesOf(query: string) {
  const connection = parseConnectionUrl(`postgres://u:p@h:1/d?sslmode=disable${query}`);
  const { extras = {}, scheme } = connection;
  const written = [
    tableOfUrl({ server: { kind: "url", connection } }),
    tableOfUrl({ server: { kind: "container", container: "c" }, programs: { extras, scheme } }),
  ];
  return written.map((each) => (each === undefined ? undefined : parseTableName(each)));
}

test.each([
  ["&x-migrations-table=moved", { name: "moved", schema: undefined }],
  ["&x-migrations-table=odd.name", { name: "odd.name", schema: undefined }],
  ["&x-migrations-table=%22app%22.%22moved%22&x-migrations-table-quoted=1", { name: "moved", schema: "app" }],
])("the table of golang-migrate's URL %s is the one that counts", (query, table) => {
  expect(tablesOf(query)).toEqual([table, table]);
});

test("a URL without it names none", () => {
  expect(tablesOf("")).toEqual([undefined, undefined]);
  expect(tablesOf("&x-migrations-table=")).toEqual([undefined, undefined]);
});
