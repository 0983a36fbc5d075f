import { expect, test } from "bun:test";
import { explainLoadError } from "../../../src/dump/explain-load.ts";
import { ToolError } from "../../../src/sys/tool-error.ts";

const ENDED = { program: "psql", argv: [], exitCode: 3, signal: undefined, aborted: false, lost: false };
const skipping = { owners: false, grants: false, objects: new Set<string>() };

/** What is said of a load that ended with those words. */
function explain(said: string, without = skipping): unknown {
  const dump = { name: "x.sql", path: "/x.sql", sizeBytes: 1, modifiedAt: new Date(0) };
  const failed = new ToolError({ ...ENDED, stderr: [said] });
  return explainLoadError(failed, { dump, checked: "read" }, { target: { label: "main" } }, without);
}

test.each([
  'ERROR:  could not create locale "xx_XX.utf8": No such file or directory',
  'DETAIL:  Table access method "columnar" does not exist.',
  'ERROR:  unrecognized configuration parameter "cloud_mode"',
  'ERROR:  role "ghost" does not exist',
  'ERROR:  language "plv8" does not exist',
  'ERROR:  foreign-data wrapper "oracle_fdw" does not exist',
  'ERROR:  security label provider "anon" is not loaded',
])("what the server lacks is exit 4: %s", (said) => {
  expect(explain(said)).toMatchObject({ exit: 4 });
});

test.each([
  'ERROR:  new row for relation "t" violates check constraint "c"',
  'ERROR:  relation "items" does not exist',
  "ERROR:  something else",
])("what it does not take is exit 1: %s", (said) => {
  expect(explain(said)).toMatchObject({ exit: 1, message: expect.stringContaining("main was not touched") });
});

test.each(['ERROR:  role "ghost" does not exist', "ERROR:  permission denied for table t"])(
  "what was left out already is no way out: %s",
  (said) => {
    expect(explain(said)).toMatchObject({ hint: expect.stringContaining("--no-owner") });
    const without = { ...skipping, owners: true, grants: true };
    expect(explain(said, without)).toMatchObject({ hint: expect.not.stringContaining("--no-owner") });
  },
);
