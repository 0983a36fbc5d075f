/**
 * Conditions of `checks:`: `pending_migrations > 0`, `last_dump_age > 24h and dumps > 0`, `database_unreachable`. A measure is
 * compared with a value of its kind; `and` binds closer than `or`; there are no brackets.
 */
import { durationMs } from "./duration.ts";
import { findMeasure, MEASURE_WORDS, MEASURES, type Measure, type MeasureKind } from "./measures.ts";
import { didYouMean } from "./suggest.ts";

export const OPERATORS = [">=", "<=", "==", "!=", ">", "<"] as const;
export type Operator = (typeof OPERATORS)[number];

/** One measure against one value: ms, bytes, a share of 1, a number; of a flag 1 for yes. */
export interface Comparison {
  measure: Measure;
  operator: Operator;
  limit: number;
}

export interface Condition {
  /** As it stands in pgrove.yaml. */
  written: string;
  /** It holds where all comparisons of one of these hold. */
  anyOf: readonly (readonly Comparison[])[];
}

/** A condition that is none, in words. */
export class ConditionMistake extends Error {}

/** Reads a condition. Throws ConditionMistake. */
export function parseCondition(written: string): Condition {
  const anyOf = written.split(/\s+or\s+/).map((part) => part.split(/\s+and\s+/).map(parseComparison));
  return { written, anyOf };
}

/** The measures that it asks for. */
export function measuresOf({ anyOf }: Condition): Measure[] {
  return [...new Set(anyOf.flat().map(({ measure }) => measure))];
}

const COMPARISON = /^\s*(\w+)\s*(?:(>=|<=|==|!=|=|>|<)\s*(\S+)\s*)?$/;

function parseComparison(text: string): Comparison {
  const [, word, sign, value] = COMPARISON.exec(text) ?? [];
  if (word === undefined) {
    throw new ConditionMistake(`is no condition such as "pending_migrations > 0": ${text.trim()}`);
  }
  const measure = findMeasure(word);
  if (measure === undefined) throw new ConditionMistake(describeUnknown(word));
  const { kind } = MEASURES[measure];
  const operator = findOperator(sign);
  if (operator === undefined || value === undefined) {
    if (kind === "flag") return { measure, operator: "==", limit: 1 };
    throw new ConditionMistake(`compares ${word} with nothing; write such as "${word} > ${EXAMPLES[kind]}"`);
  }
  const limit = LITERALS[kind](value);
  if (limit === undefined) throw new ConditionMistake(`compares ${word} with ${value}, not with ${FORMS[kind]}`);
  return { measure, operator, limit };
}

function findOperator(sign: string | undefined): Operator | undefined {
  return sign === "=" ? "==" : OPERATORS.find((each) => each === sign);
}

function describeUnknown(word: string): string {
  const nearest = didYouMean(word, [...MEASURE_WORDS]);
  const known = nearest === undefined ? `known: ${MEASURE_WORDS.join(", ")}` : `did you mean ${nearest}?`;
  return `asks for ${word}, which nothing measures; ${known}`;
}

const EXAMPLES: Readonly<Record<MeasureKind, string>> = {
  ...{ duration: "24h", bytes: "10GB", ratio: "80%", count: "0", flag: "true" },
};

const FORMS: Readonly<Record<MeasureKind, string>> = {
  duration: "a time such as 90s, 24h or 7d",
  bytes: "a size such as 500MB or 10GB",
  ratio: "a share such as 80% or 0.8",
  count: "a number",
  flag: "true or false",
};

const LITERALS: Readonly<Record<MeasureKind, (value: string) => number | undefined>> = {
  duration: durationMs,
  bytes: parseBytes,
  ratio: parseRatio,
  count: (value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined),
  flag: (value) => (value === "true" ? 1 : value === "false" ? 0 : undefined),
};

const BYTE_UNITS: Readonly<Record<string, number>> = {
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
};

/** "1.5GB" as bytes; kB, MB and so on are decimal, KiB and MiB are not. */
function parseBytes(value: string): number | undefined {
  const [, amount, unit] = /^(\d{1,12}(?:\.\d+)?)([kmgt]?i?b)?$/i.exec(value) ?? [];
  const factor = BYTE_UNITS[(unit ?? "b").toLowerCase()];
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
}

function parseRatio(value: string): number | undefined {
  const [, amount, percent] = /^(\d{1,6}(?:\.\d+)?)(%?)$/.exec(value) ?? [];
  if (amount === undefined) return undefined;
  return percent === "%" ? Number(amount) / 100 : Number(amount);
}
