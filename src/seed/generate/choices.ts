/** One of several values: one_of, weighted, bool, constants, and the labels of an enum. */
import * as v from "valibot";
import { appendByte } from "./append.ts";
import { drawWeighted } from "./distribution.ts";
import { drawFraction } from "./mix.ts";
import { type Cell, type CellSite, defineGenerator, type GeneratorDefinition, NO_OPTIONS, type OfRow } from "./site.ts";
import { appendWord, createWordTable } from "./word-table.ts";

const SCALAR = v.union([v.string(), v.number(), v.boolean()]);

const ONE_OF = v.strictObject({ values: v.pipe(v.array(SCALAR), v.minLength(1)) });

const WEIGHTED = v.pipe(
  v.strictObject({ weights: v.record(v.string(), v.pipe(v.number(), v.minValue(0))) }),
  v.check(({ weights }) => Object.values(weights).some((weight) => weight > 0), "needs a weight above 0"),
);

const BOOL = v.strictObject({ p: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.5) });

/** Cells out of a list of texts. */
function chooseText(site: CellSite, values: readonly string[], choose?: OfRow<number>): Cell {
  requireLabels(site, values);
  const table = createWordTable(values);
  const index = choose ?? site.pick(values.length);
  return { write: (row, out) => appendWord(out, table, index(row)) };
}

function requireLabels(site: CellSite, values: readonly string[]): void {
  if (site.type.kind !== "enum") return;
  const wrong = values.find((value) => !site.type.labels.includes(value));
  if (wrong === undefined) return;
  const known = site.type.labels.join(", ");
  throw site.mistake(`the enum ${site.type.name} has no label ${JSON.stringify(wrong)}`, `its labels: ${known}`);
}

function likelyWeights(weights: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(weights).filter(([, weight]) => weight > 0);
}

export const CHOICES: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "one_of",
    about: "one of the values, each as likely as the others",
    options: ONE_OF,
    shorthand: "values",
    space: ({ values }) => new Set(values.map(String)).size,
    compile: ({ values }, site) =>
      chooseText(site, site.distinct ? [...new Set(values.map(String))] : values.map(String)),
  }),
  defineGenerator({
    name: "weighted",
    about: "one of the values by weight: {free: 80, pro: 15, team: 5}",
    options: WEIGHTED,
    shorthand: "weights",
    space: ({ weights }) => likelyWeights(weights).length,
    compile({ weights }, site) {
      const likely = likelyWeights(weights);
      const values = likely.map(([value]) => value);
      if (site.distinct) return chooseText(site, values);
      const byWeight = likely.map(([, weight]) => weight);
      return chooseText(site, values, drawWeighted(site.key, byWeight));
    },
  }),
  defineGenerator({
    name: "enum",
    about: "one of the labels of the column's enum type",
    options: NO_OPTIONS,
    space: (_, type) => type.labels.length,
    compile(_, site) {
      if (site.type.labels.length === 0)
        throw site.mistake(`${site.type.name} is no enum`, "give the values: {one_of: […]}");
      return chooseText(site, site.type.labels);
    },
  }),
  defineGenerator({
    name: "bool",
    about: "true with probability p (0.5)",
    options: BOOL,
    shorthand: "p",
    fits: ["bool"],
    space: () => 2,
    compile({ p }, site) {
      const index = site.pick(2);
      const isTrue: OfRow<boolean> = site.distinct
        ? (row) => index(row) === 1
        : (row) => drawFraction(site.key, row) < p;
      return { write: (row, out) => appendByte(out, isTrue(row) ? 116 : 102) };
    },
  }),
  defineGenerator({
    name: "constant",
    about: "always the same value",
    options: v.strictObject({ value: SCALAR }),
    shorthand: "value",
    space: () => 1,
    compile: ({ value }, site) => chooseText(site, [String(value)]),
  }),
  defineGenerator({
    name: "null",
    about: "NULL",
    options: NO_OPTIONS,
    compile: () => ({
      write(_, out) {
        appendByte(out, 92);
        appendByte(out, 78);
      },
    }),
  }),
];
