/** What is said of a row that PostgreSQL refuses. */
import { describe, expect, test } from "bun:test";
import type { ColumnShape } from "../../../../src/seed/entity.ts";
import { explainRowError, RowsRefused } from "../../../../src/seed/load/load-error.ts";
import { entityPlan, seedPlan } from "../../../support/seed/plan-parts.ts";
import { column, typeOf } from "../plan/tables.ts";

/** What is said of PostgreSQL's error about a row of a table with these columns; undefined where it is about no row. */
function hintOf(fields: Readonly<Record<string, string>>, columns: readonly ColumnShape[] = []): string | undefined {
  const error = Object.assign(new Error("refused"), { severity: "ERROR", ...fields });
  const plain = entityPlan("things", [], { rows: 1 });
  const entity = { ...plain, table: { ...plain.table, columns } };
  const told = explainRowError(error, seedPlan([entity]), entity);
  return told instanceof RowsRefused ? told.refused[0]?.hint : undefined;
}

describe("what an error is about", () => {
  test.each(["23514", "2F002", "ZZ001", "54000", "21000", "44000", "P0001"])("%s: a row", (code) => {
    expect(hintOf({ code })).toBeDefined();
  });

  test.each(["57014", "53100", "08006", "25006", "40P01", "55P03", "XX000"])("%s: the run", (code) => {
    expect(hintOf({ code })).toBeUndefined();
  });

  test("what is no answer of PostgreSQL's is about the connection", () => {
    expect(hintOf({ code: "EPIPE", severity: "" })).toBeUndefined();
  });
});

test("of a domain's check the columns of that domain are named, with its text and a field that can be filled in", () => {
  const sum = typeOf("sum", { kind: "composite", attributes: [typeOf("bpchar"), typeOf("int8"), typeOf("jsonb")] });
  const paid = typeOf("paid", { kind: "domain", of: sum, checks: ["is_paid(VALUE)"] });
  const all = typeOf("_paid", { kind: "array", of: paid });
  const hint = hintOf({ code: "23514", "data type_name": "paid", constraint_name: "paid_check" }, [
    ...[column("name", "text"), column("total", paid), column("parts", all)],
  ]);
  expect(hint).toContain('{fields: {total: {constant: "(a,1,)"}, parts: {array: {min: 1, max: 3}}}}');
  expect(hint).toContain("the check: is_paid(VALUE)");
});

test("what a trigger raises is named with where it was raised", () => {
  const hint = hintOf({ code: "2F002", where: "PL/pgSQL function deny() line 1 at RAISE\nSQL statement" });
  expect(hint).toBe("raised by PL/pgSQL function deny() line 1 at RAISE; --skip-triggers fires no triggers");
});
