import { expect, test } from "bun:test";
import { renderStatus, statusDocument } from "../../../../src/cli/migrate/migration-status.ts";
import type { MigrationFiles } from "../../../../src/migrate/files/read-migrations.ts";
import { recordedRow } from "../../../../src/migrate/ledger/foreign-changes.ts";
import { compareLedger } from "../../../../src/migrate/ledger/status.ts";
import type { LedgerRow } from "../../../../src/migrate/migration.ts";
import { filesOf } from "../../../support/migration-ledgers.ts";

const now = new Date("2026-01-15T12:00:00Z");
const files = filesOf(["1_a", "2_b", "3_c"]);

function row(version: number, name: string, more: Partial<LedgerRow> = {}): LedgerRow {
  const made = { by: "ann", origin: "baseline" as const, now };
  return { ...recordedRow({ version: BigInt(version), digits: String(version), name }, made), ...more };
}

function statusOf(rows: readonly LedgerRow[], doubt?: bigint, found: MigrationFiles = files) {
  const place = {
    ...{ database: "app", schema: "public", ledgerSchema: "pgrove", table: "l", history: "h" },
    companion: { kind: "golang-migrate" as const, table: "c", schemaName: "public", tableName: "c" },
  };
  const ledger = { place, exists: true, schemaExists: true, rows, companion: undefined };
  const changes = { add: [], remove: [], sentences: [], ...(doubt === undefined ? {} : { doubt }) };
  return compareLedger(ledger, changes, found);
}

const mistake = { rule: "wrong_name", level: "error" as const, file: "1_x.sql", line: 1, column: 1, message: "odd" };
const failed = { direction: "up" as const, statement: 2, error: "no such table" };

test.each([
  ["all applied", statusOf([row(1, "a"), row(2, "b"), row(3, "c")]), true, /up to date$/],
  ["some pending", statusOf([row(1, "a")]), false, /2 b +pending\n +3 c +pending\nnext: pgrove migrate up/],
  [
    "out of order",
    statusOf([row(1, "a"), row(3, "c")]),
    false,
    /2 b +pending, older .*\nnext: pgrove migrate renumber/,
  ],
  [
    "not in this branch",
    statusOf([row(1, "a"), row(9, "x")]),
    false,
    /9 x +applied, not in this branch; it has no down/,
  ],
  [
    "wrong files, which up would refuse",
    statusOf([row(1, "a")], undefined, { ...files, findings: [mistake] }),
    false,
    /1_x\.sql:1: error: odd\nnext: pgrove migrate check/,
  ],
  [
    "edited, which up would refuse",
    statusOf([row(1, "a", { upChecksum: "another" })]),
    false,
    /1 a +edited since it was applied[\s\S]*next: git checkout/,
  ],
  [
    "newer than this branch",
    statusOf([1, 2, 3, 9].map((version) => row(version, "x"))),
    false,
    /next: pgrove migrate down/,
  ],
  [
    "in doubt",
    statusOf([row(1, "a"), row(2, "b", { success: false, failed })]),
    false,
    /2 b is in doubt: .*statement 2 of migrations\/2_b.up.sql: no such table\n {2}pgrove migrate up.*\n {2}pgrove migrate force/,
  ],
  ["left by golang-migrate", statusOf([row(1, "a")], 2n), false, /failed at version 2\n {2}pgrove migrate force/],
  ["left on the last way down", statusOf([row(1, "a")], -1n), false, /while it took the first migration back/],
] as const)("%s", (_, status, isUpToDate, text) => {
  expect(renderStatus(status, { label: "main", files: files.migrations, now })).toMatch(text);
  expect(statusDocument(status).up_to_date).toBe(isUpToDate);
});

test("the age is said of what pgrove has run itself", () => {
  const about = { label: "main", files: files.migrations, now: new Date("2026-01-15T15:00:00Z") };
  expect(renderStatus(statusOf([row(1, "a", { origin: "run" })]), about)).toContain("1 a, 3 hours ago");
  expect(renderStatus(statusOf([row(1, "a")]), about)).not.toContain("ago");
});

test("versions beyond what a number holds stay exact", () => {
  const document = statusDocument(statusOf([row(1, "a", { version: 9223372036854775807n })]));
  expect(JSON.parse(JSON.stringify(document)).current).toBe("9223372036854775807");
});
