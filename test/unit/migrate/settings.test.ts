import { expect, test } from "bun:test";
import { chooseBackup, forbidsMigrating, usualSettings } from "../../../src/migrate/settings.ts";

const cases: [Parameters<typeof chooseBackup>, string][] = [
  [[{ skip: false }, {}, { usual: "dump" }], "dump"],
  [[{ skip: false }, {}, { usual: "dump", ofEnvironment: "snapshot" }], "snapshot"],
  [[{ skip: false }, { SKIP_BACKUP: "true" }, { usual: "dump" }], "none"],
  [[{ skip: false }, { SKIP_BACKUP: "1" }, { usual: "dump", ofEnvironment: "snapshot" }], "none"],
  [[{ skip: false }, { SKIP_BACKUP: "false" }, { usual: "dump" }], "dump"],
  [[{ skip: false, kind: "snapshot" }, { SKIP_BACKUP: "true" }, { usual: "dump" }], "snapshot"],
  [[{ skip: true, kind: "snapshot" }, {}, { usual: "dump" }], "none"],
];

test.each(cases)("%j saves %p", (given, kind) => {
  expect<string>(chooseBackup(...given)).toBe(kind);
});

test.each([
  [undefined, false],
  ["", false],
  ["true", false],
  ["1", false],
  ["false", true],
  ["0", true],
  [" No ", true],
])("DB_AUTO_MIGRATE=%p forbids: %p", (value, forbids) => {
  expect(forbidsMigrating({ DB_AUTO_MIGRATE: value })).toBe(forbids);
});

test("without a pgrove.yaml the files are in ./migrations, and a dump is made first", () => {
  const { dirs, backup, lock_timeout, statement_timeout } = usualSettings();
  expect([dirs, backup, lock_timeout, statement_timeout]).toEqual([["migrations"], "dump", 5_000, 0]);
});
