/**
 * References under a check: only rows whose values the table's own checks take can be referred to. Of the vehicles it is
 * the cars that `cars (id, kind) references vehicles (id, kind), check (kind = 'car')` is about.
 */
import { type EntityPlan, type FieldPlan, type FieldSpec, isMade, type SeedPlan } from "../entity.ts";
import { cellText } from "../generate/cell-text.ts";
import { CellMaker } from "../generate/cells.ts";
import { prepareGenerators } from "../generate/compile.ts";
import { findReferenced } from "../generate/references.ts";
import { unitOf } from "../generate/units.ts";
import { type ColumnRule, meetsRule, type Rules } from "../rules.ts";
import { constantDefault, constantExpression } from "./plan-cases.ts";
import type { LeftOut } from "./plan-left.ts";
import { demandsOf } from "./plan-rules.ts";

type ReferenceSpec = Extract<FieldSpec, { kind: "reference" }>;
type ReferenceField = FieldPlan & { spec: ReferenceSpec };

/** The plan with such references narrowed; entities that then have nothing to refer to are unable. */
export async function narrowReferences<Plan extends SeedPlan>(
  plan: Plan,
): Promise<{ plan: Plan; unable: readonly LeftOut[] }> {
  const unable: LeftOut[] = [];
  let narrowed = plan;
  for (const entity of plan.entities) {
    const { rules } = await demandsOf(entity.table);
    const demands = unitsUnder(entity, rules.common);
    if (demands.size === 0) continue;
    await prepareGenerators(narrowed);
    const among = new Map([...demands].map(([unit, asked]) => [unit, rowsThatMeet(narrowed, asked)]));
    for (const [unit, rows] of among) {
      if (rows?.length === 0) unable.push(nothingToReferTo(entity, demands.get(unit) ?? []));
    }
    const narrow = <Field extends FieldPlan>(field: Field): Field => {
      const rows = field.spec.kind === "reference" ? among.get(unitOf(entity, field)) : undefined;
      return rows === undefined ? field : { ...field, spec: { ...field.spec, among: rows } };
    };
    const own = { ...entity, fields: entity.fields.map(narrow), later: entity.later.map(narrow) };
    narrowed = { ...narrowed, entities: narrowed.entities.map((each) => (each === entity ? own : each)) };
  }
  return { plan: narrowed, unable };
}

/** What the row that is referred to has to meet, by one of its columns. */
interface Asked {
  spec: ReferenceSpec;
  /** The referring column, and the one that it refers to. */
  column: string;
  references: string;
  rule: ColumnRule;
}

/** By the unit of columns that take one row: what the checks ask of them, those that PostgreSQL fills among them. */
function unitsUnder(entity: EntityPlan, rules: Rules): Map<string, Asked[]> {
  const units = new Map<string, Asked[]>();
  for (const field of [...entity.fields, ...entity.later].filter(isReference)) {
    const { spec, column } = field;
    if (spec.entity === entity.entity) continue;
    const unit = unitOf(entity, field);
    const own = ruleOf(rules.get(column.name));
    const asked = own === undefined ? [] : [{ spec, column: column.name, references: spec.column, rule: own }];
    const known = units.get(unit);
    const beside = known === undefined ? fixedMates(entity, unit, spec) : [];
    if (known !== undefined || asked.length + beside.length > 0)
      units.set(unit, [...(known ?? []), ...asked, ...beside]);
  }
  return units;
}

function isReference(field: FieldPlan): field is ReferenceField {
  return field.spec.kind === "reference" && isMade(field);
}

/** What a value is judged by alone; that it is there, or what it is compared with, says nothing of the row. */
function ruleOf(rule: ColumnRule | undefined): ColumnRule | undefined {
  const { min, max, oneOf, noneOf, patterns, antipatterns, letters, minLength, maxLength } = rule ?? {};
  const parts = { min, max, oneOf, noneOf, patterns, antipatterns, letters, minLength, maxLength };
  const given = Object.entries(parts).filter(([, part]) => part !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** Columns of the same key with one value for all rows: GENERATED ALWAYS AS ('truck'), or left to DEFAULT 'truck'. */
function fixedMates({ table, fields, later }: EntityPlan, unit: string, spec: ReferenceSpec): Asked[] {
  const key = table.foreignKeys.find(({ name }) => name === unit);
  const written = new Set([...fields, ...later].map(({ column }) => column.name));
  return (key?.columns ?? []).flatMap((name, at) => {
    const column = table.columns.find((each) => each.name === name && !written.has(name));
    const value = column && (column.generated ? constantExpression(column) : constantDefault(column));
    if (value === undefined) return [];
    return [{ spec, column: name, references: key?.references[at] ?? "", rule: { oneOf: [value] } }];
  });
}

/** The rows, from 0, that meet all of it; undefined where all do. */
function rowsThatMeet(plan: SeedPlan, asked: readonly Asked[]): number[] | undefined {
  const [first] = asked;
  const parent = plan.entities.find(({ entity }) => entity === first?.spec.entity) ?? plan.entities[0];
  if (first === undefined || parent === undefined) return undefined;
  const maker = new CellMaker(plan, parent);
  const rows = findReferenced(plan, first.spec, (entity, column) => maker.cellOf(entity, column));
  if (rows === undefined) return undefined;
  const isKnown = ({ references }: Asked) =>
    plan.entities.every(
      ({ entity, fields }) => entity !== first.spec.entity || fields.some(({ column }) => column.name === references),
    );
  const tests = asked.filter(isKnown).map(({ references, rule }) => ({ rule, text: cellText(rows.cell(references)) }));
  const numbers = Array.from({ length: rows.count }, (_, at) => at);
  const met = numbers.filter((at) => tests.every(({ rule, text }) => meetsRule(rule, text(rows.first + at))));
  return met.length === rows.count ? undefined : met;
}

function nothingToReferTo({ entity, table }: EntityPlan, asked: readonly Asked[]): LeftOut {
  const names = asked.map(({ column }) => column).join(", ");
  const [first] = asked;
  const values = first?.rule.oneOf?.slice(0, 4).join(", ");
  const field = values === undefined ? "…" : `{one_of: [${values}]}`;
  return {
    ...{ entity, table },
    why: `${entity}: its checks ask for a ${names} that no row of ${first?.spec.entity} has`,
    hint: `in seeds/factories.yaml: entities: {${first?.spec.entity}: {fields: {${first?.references}: ${field}}}}`,
  };
}
