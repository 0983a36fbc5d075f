/** What is chosen together for the rows of an entity: the units of a joint, and which values go with each other. */
import type { EntityPlan, FieldPlan, JointPair, JointPlan, SeedPlan } from "../entity.ts";
import { compareValues } from "../rules.ts";
import type { CellSource, JointDigits } from "./cell-source.ts";
import { cellText } from "./cell-text.ts";
import { chooseJointly, type JointUnit, TooFewCombinations } from "./joint-keys.ts";
import { hashText, mixKeys } from "./mix.ts";
import { findReferenced, groupRows, placeBelowParent, type ReferencedRows } from "./references.ts";
import type { OfRow } from "./site.ts";
import { hasNewReference } from "./spaces.ts";
import { countSpace, isOfParent, unitOf } from "./units.ts";

/** The joint that the field is chosen in, if it is in one. */
export function findJoint(entity: EntityPlan, field: FieldPlan): JointPlan | undefined {
  const unit = unitOf(entity, field);
  const mates = entity.fields.filter((each) => unitOf(entity, each) === unit).map(({ column }) => column.name);
  return entity.joints?.find(
    ({ columns }) => columns.includes(field.column.name) || mates.some((name) => columns.includes(name)),
  );
}

/** The number that each row is given for the field. */
export function digitInJoint(
  source: CellSource,
  entity: EntityPlan,
  joint: JointPlan,
  field: FieldPlan,
): OfRow<number> {
  const { units, digits } = source.jointOf(entity, joint);
  const at = units.indexOf(unitOf(entity, field));
  return (row) => digits(row)[at] ?? 0;
}

/** Chooses for a joint. */
export function chooseJoint(source: CellSource, entity: EntityPlan, joint: JointPlan): JointDigits {
  const { plan } = source;
  const { columns } = joint;
  const members = columns.flatMap((name) => entity.fields.filter(({ column }) => column.name === name));
  const leaders = new Map(members.map((member) => [unitOf(entity, member), member]));
  // What hangs on other units is chosen behind them.
  const fields = [...leaders.values()].sort(
    (a, b) => Number(matchOf(a) !== undefined) - Number(matchOf(b) !== undefined),
  );
  const units = fields.map((field) => unitOf(entity, field));
  const place = (column: string) => {
    const field = entity.fields.find((each) => each.column.name === column);
    return field === undefined ? -1 : units.indexOf(unitOf(entity, field));
  };
  const firstRow = joint.keys.length === 0 || hasNewReference(plan, entity, columns) ? entity.firstRow : 0;
  const digits = chooseJointly(
    {
      ...{ firstRow, units: fields.map((field) => unitFor(source, entity, field, place)) },
      keys: joint.keys.map((key) => [...new Set(key.map(place))]),
      conditions: joint.pairs.map((pair) => conditionOf(source, entity, pair, place)),
      key: mixKeys(plan.seed, hashText(`${entity.entity} joint ${columns.join(" ")}`)),
    },
    (row) => new TooFewCombinations(entity.entity, Math.max(0, row - entity.firstRow), columns),
  );
  return { units, digits };
}

function conditionOf(
  source: CellSource,
  entity: EntityPlan,
  { columns, order }: JointPair,
  place: (column: string) => number,
) {
  const [one, other] = columns.map((name) => {
    const field = entity.fields.find(({ column }) => column.name === name);
    const rows = field === undefined ? undefined : rowsOf(source, field);
    const text =
      rows === undefined || field?.spec.kind !== "reference" ? () => null : cellText(rows.cell(field.spec.column));
    const at = place(name);
    return { at, text: (chosen: readonly number[]) => text((rows?.first ?? 0) + (chosen[at] ?? 0)) ?? "" };
  });
  const isRight = (compared: number) =>
    order === "different" ? compared !== 0 : order === "below" ? compared < 0 : compared <= 0;
  return {
    at: Math.max(one?.at ?? 0, other?.at ?? 0),
    holds: (chosen: readonly number[]) => isRight(compareValues(one?.text(chosen) ?? "", other?.text(chosen) ?? "")),
  };
}

function matchOf({ spec }: FieldPlan): Readonly<Record<string, unknown>> | undefined {
  const match = spec.kind === "reference" ? spec.options.match : undefined;
  return typeof match === "object" && match !== null ? { ...match } : undefined;
}

function unitFor(
  source: CellSource,
  entity: EntityPlan,
  field: FieldPlan,
  place: (column: string) => number,
): JointUnit {
  const { plan } = source;
  const parent = isOfParent(entity, field) ? placeBelowParent(plan, entity) : undefined;
  if (parent !== undefined) return { space: 1, fixed: (row) => parent.parentOf(row) - firstOfParent(plan, entity) };
  const space = countSpace(plan, entity, field);
  if (space === undefined) return { space: 1, fixed: (row) => row };
  const match = matchOf(field);
  const rows = match === undefined ? undefined : rowsOf(source, field);
  if (match === undefined || rows === undefined) return { space };
  return { space, candidates: candidatesOf(source, { entity, match, rows, place }) };
}

function firstOfParent(plan: SeedPlan, { per }: EntityPlan): number {
  return plan.entities.find(({ entity }) => entity === per?.entity)?.firstRow ?? 0;
}

function rowsOf(source: CellSource, { spec }: FieldPlan): ReferencedRows | undefined {
  if (spec.kind !== "reference") return undefined;
  return findReferenced(source.plan, spec, (other, column) => source.cellOf(other, column));
}

interface Matching {
  entity: EntityPlan;
  match: Readonly<Record<string, unknown>>;
  rows: ReferencedRows;
  place(column: string): number;
}

/** The rows that agree with what has been chosen, as numbers from 0. */
function candidatesOf(
  source: CellSource,
  { entity, match, rows, place }: Matching,
): NonNullable<JointUnit["candidates"]> {
  const pairs = Object.entries(match).map(([theirs, own]) => ({
    theirs: cellText(rows.cell(theirs)),
    own: ownValueOf(source, entity, String(own), place),
  }));
  let groups: Map<string, number[]> | undefined;
  return (chosen, row) => {
    groups ??= groupRows(rows, (each) => JSON.stringify(pairs.map(({ theirs }) => theirs(each))));
    const key = JSON.stringify(pairs.map(({ own }) => own(chosen, row)));
    return (groups.get(key) ?? []).map((each) => each - rows.first);
  };
}

/** A field's value as text: of the row that has been chosen for it, where it is chosen in the same joint. */
function ownValueOf(
  source: CellSource,
  entity: EntityPlan,
  name: string,
  place: (column: string) => number,
): (chosen: readonly number[], row: number) => string | null {
  const field = entity.fields.find(({ column }) => column.name === name);
  const at = place(name);
  const rows = field === undefined || at < 0 ? undefined : rowsOf(source, field);
  if (rows === undefined || field?.spec.kind !== "reference") {
    const text = cellText(source.cellOf(entity, name));
    return (_, row) => text(row);
  }
  const text = cellText(rows.cell(field.spec.column));
  return (chosen) => text(rows.first + (chosen[at] ?? 0));
}
