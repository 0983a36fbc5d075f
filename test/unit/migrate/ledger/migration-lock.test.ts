import { expect, test } from "bun:test";
import {
  golangMigrateLockKeys,
  MIGRATION_CLASS,
  migrationLockKey,
} from "../../../../src/migrate/ledger/migration-lock.ts";

test("golang-migrate's lock ids: of a URL with its slash, and of a name alone", () => {
  const [byUrl, byName] = golangMigrateLockKeys("gm", "public", "schema_migrations");
  // What golang-migrate 4.19.1 was seen to lock for postgres://…/gm.
  expect(byUrl).toEqual({ classKey: null, key: 3596941855n });
  expect(byName?.key).not.toBe(byUrl?.key);
});

test("pgrove's own keys are two int4, and each ledger has its own", () => {
  expect(new TextDecoder().decode(new Uint8Array(new Uint32Array([MIGRATION_CLASS]).buffer).reverse())).toBe("pgmg");
  const keys = ['"pgrove"."migrations"', '"wt"."pgrove_migrations"'].map((table) => migrationLockKey({ table }));
  expect(keys[0]).not.toEqual(keys[1]);
  for (const { key } of keys) expect(key >= -(2n ** 31n) && key < 2n ** 31n).toBeTrue();
});
