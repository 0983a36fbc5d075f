import { expect, test } from "bun:test";
import { STRANGERS, strangerOf } from "../../../../src/migrate/ledger/strangers.ts";

test("a tool's own table shows that it was here, whatever its columns", () => {
  expect(strangerOf("databasechangelog", {})).toBe("liquibase");
  expect(strangerOf("django_migrations", { id: "N", app: "S" })).toBe("django");
  expect(strangerOf("notes", {})).toBeUndefined();
  expect(new Set(STRANGERS).size).toBe(STRANGERS.length);
});

test("a table that may be anybody's does so by its columns", () => {
  expect(strangerOf("migrations", { id: "N", migration: "S", batch: "N" })).toBe("laravel");
  expect(strangerOf("migrations", { id: "N", timestamp: "N", name: "S" })).toBe("typeorm");
  expect(strangerOf("migrations", { id: "N", label: "S" })).toBeUndefined();
});
