import { describe, expect, test } from "bun:test";
import { ConditionMistake, measuresOf, parseCondition } from "../../../src/config/condition.ts";
import { MEASURES } from "../../../src/config/measures.ts";

describe("a condition", () => {
  test.each([
    ["pending_migrations > 0", "pending_migrations", ">", 0],
    ["last_backup_age > 24h", "last_dump_age", ">", 24 * 3_600_000],
    ["seeding_error_rate > 0.1", "seeding_error_rate", ">", 0.1],
    ["connections_used>=80%", "connections_used", ">=", 0.8],
    ["database_size < 1.5GB", "database_size", "<", 1.5e9],
    ["store_disk_free <= 512MiB", "store_disk_free", "<=", 512 * 2 ** 20],
    ["last_dump_failed", "last_dump_failed", "==", 1],
    ["last_dump_failed = false", "last_dump_failed", "==", 0],
    ["dumps != 3", "dumps", "!=", 3],
  ] as const)("%s", (written, measure, operator, limit) => {
    expect(parseCondition(written).anyOf).toEqual([[{ measure, operator, limit }]]);
  });

  test("`and` binds closer than `or`", () => {
    const { anyOf } = parseCondition("dumps == 0 or last_dump_age > 1d and dumps > 2");
    expect(anyOf.map((all) => all.map(({ measure }) => measure))).toEqual([["dumps"], ["last_dump_age", "dumps"]]);
    expect(measuresOf(parseCondition("dumps > 0 and dumps < 9"))).toEqual(["dumps"]);
  });

  test.each([
    ["", "is no condition"],
    ["dumps >", "is no condition"],
    ["(dumps > 0)", "is no condition"],
    ["dumps > 0; drop", "is no condition"],
    ["pending_migration > 0", "did you mean pending_migrations?"],
    ["toString > 0", "nothing measures"],
    ["dumps", "with nothing"],
    ["last_dump_age > 24", "a time such as"],
    ["dumps > 5m", "a number"],
    ["database_size > 10XB", "a size such as"],
    ["connections_used > 80 %", "is no condition"],
    ["last_dump_failed == 2", "true or false"],
  ])("%j is refused: %s", (written, why) => {
    expect(() => parseCondition(written)).toThrow(ConditionMistake);
    expect(() => parseCondition(written)).toThrow(why);
  });

  test("every measure can be compared with the example that its own mistake gives", () => {
    for (const name of Object.keys(MEASURES)) {
      const kind = MEASURES[name as keyof typeof MEASURES].kind;
      if (kind === "flag") continue;
      let said = "";
      try {
        parseCondition(name);
      } catch (error) {
        said = /write such as "(.*)"/.exec(String(error))?.[1] ?? "";
      }
      expect(measuresOf(parseCondition(said))).toEqual([name as keyof typeof MEASURES]);
    }
  });
});
