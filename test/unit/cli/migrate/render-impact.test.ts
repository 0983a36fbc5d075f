import { describe, expect, test } from "bun:test";
import { describeLoss, renderImpact, toImpactDocument, whoWaits } from "../../../../src/cli/migrate/render-impact.ts";
import type { Loss, StatementImpact, StepImpact } from "../../../../src/migrate/impact/impact-model.ts";

function statementOf(sql: string, losses: readonly Loss[] = []): StatementImpact {
  const tables = [
    { table: "users", lock: "AccessExclusive", work: "rewrite", rows: 1_204_332, sizeBytes: 45_300_000 },
  ] as const;
  return {
    sql,
    summary: "drops the column users.legacy_id",
    tables,
    losses,
    destructive: losses.length > 0,
    runsCode: false,
  };
}

function stepOf(
  version: bigint,
  statements: readonly StatementImpact[],
  runner: StepImpact["runner"] = "sql",
): StepImpact {
  const digits = String(version);
  const script = { file: `migrations/${digits}_x.up.sql`, sql: "\\echo hi", line: 1, transaction: true, checksum: "" };
  const step = { direction: "up" as const, version, name: "x", digits, script, fromStatement: 1 };
  return { step, runner, statements, destructive: statements.some(({ destructive }) => destructive) };
}

const LOST: Loss = { verb: "drops", what: "column users.legacy_id", count: 1_204_332, unit: "values", exact: true };

describe("the plan", () => {
  test("order, file, SQL, sizes, locks and losses", () => {
    const text = renderImpact([stepOf(7n, [statementOf("alter table users\n  drop column legacy_id", [LOST])])]);
    for (const part of [
      "up 7 x  (migrations/7_x.up.sql)",
      "  alter table users\n    drop column legacy_id",
      "1,204,332 rows, 45.3 MB",
      "stops reads and writes",
      "lost: it drops column users.legacy_id (1,204,332 values)",
    ]) {
      expect(text).toContain(part);
    }
  });

  test("long SQL is cut, with a count of what is left out; control characters are spelt out", () => {
    const text = renderImpact([stepOf(1n, [statementOf(`select\n${"1,\n".repeat(30)}'\u001b]0;x'`)])]);
    expect(text).toContain("… 20 more lines");
    expect(renderImpact([stepOf(1n, [statementOf("select '\u001b]0;x'")])])).not.toContain("\u001b");
  });

  test("a psql script is shown, and what is known of it", () => {
    const text = renderImpact([stepOf(1n, [statementOf("drop", [LOST])], "psql")]);
    expect(text).toContain("\\echo hi");
    expect(text).toContain("run by psql");
    expect(text).toContain("drops column users.legacy_id");
  });
});

describe("the sentence that asks for consent", () => {
  const harmless = stepOf(1n, [statementOf("select 1")]);
  const lossy = stepOf(2n, [statementOf("x", [LOST])]);
  test.each([
    [[harmless], undefined],
    [[lossy], "1 migration would run, it drops column users.legacy_id (1,204,332 values)"],
    [
      [{ ...lossy, step: { ...lossy.step, direction: "down" as const } }],
      "it drops column users.legacy_id (1,204,332 values)",
    ],
    [[harmless, lossy], "2 migrations would run, one drops column users.legacy_id (1,204,332 values)"],
    [
      [
        lossy,
        stepOf(3n, [
          statementOf("x", [{ verb: "drops", what: "sequence s", count: undefined, unit: "rows", exact: false }]),
        ]),
      ],
      "2 migrations would run, 2 of them destructive: drops column users.legacy_id (1,204,332 values), drops sequence s",
    ],
    [
      [stepOf(3n, [statementOf("x", [{ verb: "empties", what: "table t", count: 1, unit: "rows", exact: false }])])],
      "1 migration would run, it empties table t (about 1 row)",
    ],
  ])("%#", (impacts, sentence) => {
    expect(describeLoss(impacts)).toBe(sentence);
  });
});

test.each([
  ["AccessShare", "stops nobody"],
  ["RowExclusive", "stops nobody"],
  ["ShareUpdateExclusive", "stops only changes of the schema"],
  ["Share", "stops writes"],
  ["ShareRowExclusive", "stops writes"],
  ["Exclusive", "stops writes"],
  ["AccessExclusive", "stops reads and writes"],
] as const)("%s %s", (lock, words) => {
  expect(whoWaits(lock)).toBe(words);
});

test("under --json versions are texts, sizes bytes, keys snake_case", () => {
  const [document] = toImpactDocument([stepOf(2n ** 62n, [statementOf("x", [LOST])])]);
  expect(document).toMatchObject({ version: String(2n ** 62n), destructive: true });
  expect(document?.statements[0]?.tables[0]?.size_bytes).toBe(45_300_000);
});
