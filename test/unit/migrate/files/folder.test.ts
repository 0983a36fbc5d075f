import { expect, test } from "bun:test";
import { isInFolders, showFolders } from "../../../../src/migrate/files/folder.ts";

test.each([
  ["/r/migrations", "migrations/1.sql", true],
  ["/r/migrations", "migrations/deep/1.sql", false],
  ["/r/migrations", "other/1.sql", false],
  ["/r/migrations", "migrations-old/1.sql", false],
  ["/r/migrations", "1.sql", false],
  ["/r/migrations/**", "migrations/1.sql", true],
  ["/r/migrations/**", "migrations/a/b/1.sql", true],
  ["/r/migrations/**", "migrations-old/1.sql", false],
  ["/r", "1.sql", true],
  ["/r", "a/1.sql", false],
  ["/r/**", "a/1.sql", true],
])("%p has %p: %p", (dir, path, expected) => {
  expect(isInFolders(showFolders([dir], "/r"), path)).toBe(expected);
});
