import { describe, expect, test } from "bun:test";
import { EXIT } from "../../../../src/errors.ts";
import { matchRows, planRenumbering } from "../../../../src/migrate/files/renumber.ts";
import type { LedgerRow, Migration } from "../../../../src/migrate/migration.ts";

const NOW = new Date("2026-01-15T14:30:22Z");

/** "005_a" as a migration with both of its files; its text is its name. */
function migrationOf(written: string): Migration {
  const [digits = "", name = ""] = written.split("_");
  const half = (direction: string) => ({
    ...{
      file: `db/${written}.${direction}.sql`,
      sql: name,
      line: 1,
      transaction: true,
      checksum: `${direction} of ${name}`,
    },
  });
  return { version: BigInt(digits), digits, name, up: half("up"), down: half("down") };
}

function planOf(base: readonly string[], own: readonly string[]) {
  const baseFiles = base.map((written) => ({ ...migrationOf(written), path: `db/${written}.up.sql` }));
  return planRenumbering({ own: own.map(migrationOf), baseFiles }, NOW);
}

describe("planRenumbering", () => {
  const CASES: readonly (readonly [string[], string[], string[]])[] = [
    [[], ["1_a"], []],
    [["1_x"], ["2_a", "3_b"], []],
    [["1_x"], ["9_a"], []],
    [["4_x", "5_y"], ["5_a"], ["5 → 6"]],
    [["005_y"], ["004_a", "006_b"], ["004 → 006", "006 → 007"]],
    [["005_y"], ["004_a", "009_b"], ["004 → 006"]],
    [["005_y"], ["003_a", "004_b", "005_c"], ["003 → 006", "004 → 007", "005 → 008"]],
    [["99_y"], ["99_a"], ["99 → 100"]],
    [["000005_y"], ["5_a"], ["5 → 6"]],
    [["20260101000000_y"], ["20251231000000_a"], ["20251231000000 → 20260115143022"]],
    [
      ["20260101000000_y"],
      ["20251231000000_a", "20260102000000_b"],
      ["20251231000000 → 20260115143022", "20260102000000 → 20260115143023"],
    ],
    [["20300101000000_y"], ["20260101000000_a"], ["20260101000000 → 20300101000001"]],
    [["20260101000000_y"], ["7_a"], ["7 → 20260115143022"]],
  ];

  test.each([...CASES])("base %p, own %p: %p", (base, own, moves) => {
    expect(planOf(base, own).map(({ migration, digits }) => `${migration.digits} → ${digits}`)).toEqual(moves);
  });

  test("both files keep folder and name", () => {
    expect(planOf(["5_x"], ["5_a"])[0]?.files).toEqual([
      { from: "db/5_a.up.sql", to: "db/6_a.up.sql" },
      { from: "db/5_a.down.sql", to: "db/6_a.down.sql" },
    ]);
  });

  test("a file with both directions is one", () => {
    const migration = migrationOf("5_a");
    const section = { ...migration.up, file: "db/5_a.sql", sql: "", line: 1, transaction: true, checksum: "" };
    const own = [{ ...migration, up: section, down: section }];
    const baseFiles = [{ ...migrationOf("5_x"), path: "db/5_x.sql" }];
    expect(planRenumbering({ own, baseFiles }, NOW)[0]?.files).toEqual([{ from: "db/5_a.sql", to: "db/6_a.sql" }]);
  });
});

describe("matchRows", () => {
  const rowOf = (written: string, more: Partial<LedgerRow> = {}): LedgerRow => {
    const { version, digits, name, up } = migrationOf(written);
    return {
      ...{ version, digits, name, upChecksum: up?.checksum ?? null, downChecksum: null, downScript: null },
      ...{ downTransaction: true, appliedAt: NOW, appliedBy: "t", durationMs: 1, gitCommit: null },
      ...{ origin: "run", success: true, failed: null, ...more },
    };
  };
  const plan = planOf(["5_x"], ["5_a", "6_b"]); // to 6 and 7

  test("rows with the same text, be it in doubt, and no others", () => {
    expect(matchRows([rowOf("4_z"), rowOf("5_a"), rowOf("6_b", { success: false })], plan, "main")).toEqual([
      { from: 5n, to: 6n, digits: "6" },
      { from: 6n, to: 7n, digits: "7" },
    ]);
    expect(matchRows([rowOf("5_x")], plan, "main")).toEqual([]);
    expect(matchRows([], plan, "main")).toEqual([]);
  });

  test("a row that another tool has brought is known by its name", () => {
    expect(matchRows([rowOf("5_a", { upChecksum: null })], plan, "main")).toHaveLength(1);
    expect(matchRows([rowOf("5_x", { upChecksum: null })], plan, "main")).toEqual([]);
  });

  test("one that an interrupted run has told already is found by its text", () => {
    expect(matchRows([rowOf("6_a"), rowOf("7_b")], plan, "main")).toEqual([]);
    expect(matchRows([rowOf("8_a"), rowOf("9_b")], plan, "main")).toEqual([
      { from: 8n, to: 6n, digits: "6" },
      { from: 9n, to: 7n, digits: "7" },
    ]);
  });

  test("a number that another migration has there is refused", () => {
    const rows = [rowOf("5_a"), rowOf("6_other")];
    expect(() => matchRows(rows, plan, "feature")).toThrow(
      expect.objectContaining({
        code: "number_taken",
        exit: EXIT.refused,
        message: expect.stringContaining("feature"),
      }),
    );
  });
});
