/** What a refusal of rows means for the entity. */
import { expect, test } from "bun:test";
import { RowsRefused } from "../../../../src/seed/load/load-error.ts";
import { findFilled, withMost } from "../../../../src/seed/load/refusals.ts";
import { entityPlan, seedPlan } from "../../../support/seed/plan-parts.ts";

const [log, orders] = [entityPlan("log", [], { rows: 1 }), entityPlan("orders", [], { rows: 1 })];
const refusal = (code: string, table: string) =>
  new RowsRefused([{ entity: "orders", table: orders.table, why: "refused", hint: "try" }], {
    ...{ code, schema_name: log.table.schema, table_name: table },
  });

test("a key that repeats in another table of the run is one that triggers have taken", () => {
  const plan = seedPlan([log, orders]);
  expect(findFilled(refusal("23505", log.table.name), orders, plan)).toBe(log);
  expect(findFilled(refusal("23505", orders.table.name), orders, plan)).toBeUndefined();
  expect(findFilled(refusal("23514", log.table.name), orders, plan)).toBeUndefined();
});

test("of fewer rows the hint stays, but not one of other values where keys repeat", () => {
  expect(withMost(refusal("P0001", "orders"), 3).refused).toMatchObject([{ most: 3, hint: "try" }]);
  expect(withMost(refusal("23505", "orders"), 3).refused[0]).not.toHaveProperty("hint");
});
