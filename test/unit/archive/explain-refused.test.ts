import { expect, test } from "bun:test";
import { explainRefused } from "../../../src/archive/explain-refused.ts";

const RESTORE = "pg_restore failed (exit 1):\n  pg_restore: error: could not execute query: ";

test.each([
  [
    'ERROR:  could not resize shared memory segment "/PostgreSQL.1" to 8388608 bytes: No space left on device',
    "server_shm_full",
    /shm.*not its disk/,
  ],
  ['ERROR:  could not extend file "base/5/1": No space left on device', "server_disk_full", /disk is full/],
  [
    'ERROR:  new row for relation "a_items" violates check constraint "within_limit"',
    "load_order",
    /within_limit.*another table/,
  ],
  ['ERROR:  relation "documents" does not exist', "load_search_path", /documents.*search_path/],
  ["ERROR:  function doc_count() does not exist", "load_search_path", /doc_count.*search_path/],
  ["ERROR:  operator does not exist: public.ltree ~ public.lquery", "load_search_path", /operator.*search_path/],
  ['ERROR:  type "citext" does not exist', "load_search_path", /citext/],
  ['ERROR:  type "public.geometry" does not exist', "load_part", /needs public\.geometry.*only a part/],
  ['ERROR:  relation "public.t" does not exist', "load_part", /needs public\.t,/],
  ["ERROR:  function app.f(integer, text) does not exist", "load_part", /needs app\.f,/],
  ['ERROR:  schema "app" does not exist', "load_part", /needs app,/],
  ["ERROR:  must be owner of extension plpgsql", "load_forbidden", /login/],
  ['ERROR:  permission denied to create event trigger "e"', "load_forbidden", /login/],
  ['ERROR:  role "ghost" does not exist', "load_role", /ghost/],
  ['ERROR:  could not create locale "de_DE.UTF-8": No such file or directory', "load_locale", /de_DE/],
  [
    "ERROR:  cannot drop constraint a_pkey on table a because other objects depend on it",
    "load_needed",
    /others need constraint a_pkey on table a/,
  ],
  ['ERROR:  syntax error at or near "pg_dump"', "load_mixed", /stderr/],
  ['ERROR:  security label provider "anon" is not loaded', "load_label", /labels of anon/],
  ['ERROR:  duplicate key value violates unique constraint "t_pkey"', "load_duplicate", /t_pkey.*already/],
  ['DETAIL:  Table access method "columnar" does not exist.', "load_access_method", /columnar/],
  ['ERROR:  unrecognized configuration parameter "cloud_mode"', "load_setting", /cloud_mode/],
  ["ERROR:  canceling statement due to statement timeout", "load_time_limit", /time limit/],
])("%s", (said, code, words) => {
  const found = explainRefused(RESTORE + said);
  expect(found?.code).toBe(code);
  expect(found?.why).toMatch(words);
  expect(found?.hint).not.toContain("dumps verify");
});

test("a tar that ends too early is damaged", () => {
  expect(explainRefused("sh failed (exit 2):\n  tar: Error is not recoverable: exiting now")?.code).toBe(
    "dump_damaged",
  );
});

test("what pg_restore cannot read is damaged; what a server refuses is not", () => {
  for (const said of [
    "could not read from input file: end of file",
    "found unexpected block ID (1) when reading data -- expected 2",
    'could not open input file "/tmp/x/dump/3423.dat": No such file or directory',
  ])
    expect(explainRefused(`pg_restore failed (exit 1):\n  pg_restore: error: ${said}`)?.code).toBe("dump_damaged");
  for (const said of ["syntax error at end of file", "invalid byte sequence"])
    expect(explainRefused(`${RESTORE}ERROR:  ${said}`)).toBeUndefined();
});
