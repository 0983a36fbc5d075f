import { expect, test } from "bun:test";
import { describePlan, renderPlan } from "../../../../src/cli/seed/seed-plan.ts";
import type { EntityPlan, FieldPlan, FieldSpec, SeedPlan } from "../../../../src/seed/entity.ts";
import { column, id, table } from "../../seed/plan/tables.ts";

function field(name: string, spec: FieldSpec, more: Partial<FieldPlan> = {}): FieldPlan {
  return { column: column(name, "text"), spec, source: "the column's name", unique: false, nullShare: 0, ...more };
}

const long = "twenty-nine letters and more of them";
const fields = [
  { ...field("id", { kind: "generator", name: "sequence", options: {} }, { unique: true }), column: id },
  field("note", { kind: "constant", value: long }),
  field("none", { kind: "constant", value: null }),
  field("at", { kind: "sql", expression: "now()" }),
];
const users = table(
  "users",
  fields.map((each) => each.column),
);

function planOf(rows: number): SeedPlan {
  const entity: EntityPlan = {
    entity: "users",
    table: users,
    firstRow: 40,
    rows,
    fields,
    later: [],
    firstKeys: new Map([["id", 7n]]),
  };
  return { entities: [entity], seed: 3, now: new Date("2026-01-01"), generatorVersion: 1, existing: new Map() };
}

test("a plan is told with ten rows as they will be, whole for programs and short for people", async () => {
  const document = await describePlan(planOf(1234));
  const [described] = document.entities;
  expect(document).toMatchObject({ seed: 3, now: "2026-01-01T00:00:00.000Z", generator_version: 1, rows: 1234 });
  expect(described).toMatchObject({ entity: "users", table: "public.users", rows: 1234, first_row: 40, per: null });
  expect(described?.fields.map(({ column: name, made_by, unique }) => [name, made_by, unique])).toEqual([
    ["id", "sequence", true],
    ["note", `constant: ${long}`, false],
    ["none", "constant: NULL", false],
    ["at", "sql: now()", false],
  ]);
  expect(described?.sample).toEqual(
    Array.from({ length: 10 }, (_, index) => ({ id: `${index + 7}`, note: long, none: null })),
  );
  const lines = renderPlan(document).split("\n");
  expect(lines[0]).toBe("users  public.users  1,234 rows");
  expect(lines[2]).toMatch(/^ {2}7 +twenty-nine letters and mor… +NULL$/);
  expect(lines.at(-1)).toBe("would make 1,234 rows of 1 entity (seed 3, now 2026-01-01T00:00:00.000Z)");
});

test("fewer rows than ten are all shown, and none as none", async () => {
  expect((await describePlan(planOf(3))).entities[0]?.sample).toHaveLength(3);
  expect(renderPlan(await describePlan(planOf(0))).split("\n")[0]).toBe("users  public.users  0 rows");
});
