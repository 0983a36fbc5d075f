/** What is chosen together, row by row: keys that share columns, references that agree, and pairs in an order. */
import type { FieldPlan, JointPair, JointPlan } from "../entity.ts";
import type { Rules } from "../rules.ts";
import type { Inference } from "./infer.ts";

/** A field that is planned, with what it is instead where its values may not repeat. */
export type PlannedField = FieldPlan & Pick<Inference, "distinct">;

/** Fields by their columns' names. */
export type Marked = Map<string, PlannedField>;

/** Groups of the keys that are left, and what is chosen together, row by row. */
export function markJoints(keys: readonly (readonly string[])[], marked: Marked, rules: Rules): JointPlan[] {
  const needed = keys.filter((key) => !membersOf(key, marked).some(({ unique }) => unique) && !isImplied(key, keys));
  const isNeeded = ({ column, inCases = [] }: PlannedField) =>
    !column.nullable || inCases.some(({ presence }) => presence === "present");
  const matched = [...marked.values()].filter((field) => isMatched(field) && isNeeded(field));
  const agreeing = matched.map((field) =>
    [...matchedWith(field), field.column.name].filter((name) => marked.has(name)),
  );
  const pairs = pairsOf(marked, rules);
  const joints: JointPlan[] = [];
  const ordered = pairs.flatMap(({ columns, order }) => (order === "different" ? [] : [columns]));
  for (const [group, joined] of connect([...needed, ...agreeing, ...ordered]).entries()) {
    const columns = [...new Set(joined.flat())];
    const own = joined.filter((each) => needed.includes(each));
    for (const member of membersOf(own.flat(), marked)) {
      marked.set(member.column.name, { ...member, uniqueGroup: group });
    }
    const inside = pairs.filter((pair) => isWithin(pair.columns, columns));
    const isAlone = joined.length === 1 && inside.length === 0 && !membersOf(columns, marked).some(isMatched);
    if (!isAlone) joints.push({ columns, keys: own, pairs: inside });
  }
  return joints;
}

/** Two references to the same rows that a check wants to be different ones, or in an order. */
function pairsOf(marked: Marked, rules: Rules): JointPair[] {
  const isPair = (one: string, other: string) => {
    const [first, second] = [marked.get(one)?.spec, marked.get(other)?.spec];
    return first?.kind === "reference" && second?.kind === "reference" && first.entity === second.entity;
  };
  return [...marked.keys()].flatMap((name) => {
    const { after, differs = [] } = rules.get(name) ?? {};
    const different = differs.filter((other) => isPair(name, other));
    const order = after?.strict === true ? "below" : "not above";
    return [
      ...different.map((other): JointPair => ({ columns: [name, other], order: "different" })),
      ...(after !== undefined && isPair(after.column, name) ? [{ columns: [after.column, name], order } as const] : []),
    ];
  });
}

/** The columns of the row that a reference has to agree with. */
function matchedWith({ spec }: FieldPlan): string[] {
  const match = spec.kind === "reference" ? spec.options.match : undefined;
  return typeof match === "object" && match !== null ? Object.values(match).map(String) : [];
}

/** Another key is narrower, or the same and comes first: where that one does not repeat, this one does not. */
function isImplied(key: readonly string[], keys: readonly (readonly string[])[]): boolean {
  return keys.some((other, at) => {
    const isBefore = other.length < key.length || at < keys.indexOf(key);
    return other !== key && isBefore && isWithin(other, key);
  });
}

/** A reference that hangs on other columns of the row. */
export function isMatched({ spec }: FieldPlan): boolean {
  return spec.kind === "reference" && spec.options.match !== undefined;
}

/** Whether all columns of a key are among those of another one. */
export function isWithin(key: readonly string[], other: readonly string[]): boolean {
  return key.every((name) => other.includes(name));
}

/** The keys in sets that share no column. */
function connect(keys: readonly (readonly string[])[]): (readonly string[])[][] {
  const sets: (readonly string[])[][] = [];
  for (const key of keys) {
    const touching = sets.filter((set) => set.some((other) => other.some((name) => key.includes(name))));
    for (const set of touching) sets.splice(sets.indexOf(set), 1);
    sets.push([...touching.flat(), key]);
  }
  return sets;
}

/** The fields of these columns. */
export function membersOf(columns: readonly string[], marked: Marked): PlannedField[] {
  return columns.flatMap((name) => marked.get(name) ?? []);
}
