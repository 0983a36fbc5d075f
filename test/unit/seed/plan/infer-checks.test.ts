import { describe, expect, test } from "bun:test";
import { type ColumnRule, mergeRules, readChecks } from "../../../../src/seed/plan/infer-checks.ts";
import { loadParser } from "../../../../src/sql/parser.ts";

const parser = await loadParser();

/** Expressions as pg_get_expr prints them, and what they demand. */
const CASES: readonly (readonly [string, Readonly<Record<string, ColumnRule>>])[] = [
  ["(price > (0)::numeric)", { price: { min: { value: "0", inclusive: false } } }],
  [
    "((age >= 18) AND (age < 120))",
    { age: { min: { value: "18", inclusive: true }, max: { value: "120", inclusive: false } } },
  ],
  ["(100 <= budget)", { budget: { min: { value: "100", inclusive: true } } }],
  ["(offset_c >= ('-5'::integer)::numeric)", { offset_c: { min: { value: "-5", inclusive: true } } }],
  ["(at >= '2020-01-01'::date)", { at: { min: { value: "2020-01-01", inclusive: true } } }],
  [
    "((status)::text = ANY ((ARRAY['new'::character varying, 'it''s'::character varying])::text[]))",
    { status: { oneOf: ["new", "it's"] } },
  ],
  ["(n = ANY (ARRAY[1, 2]))", { n: { oneOf: ["1", "2"] } }],
  ["((a = 'x'::text) OR (a = 'y'::text))", { a: { oneOf: ["x", "y"] } }],
  ["((a IS NULL) OR (a > 3))", { a: { min: { value: "3", inclusive: false } } }],
  ["(length((code)::text) <= 5)", { code: { maxLength: 5 } }],
  ["((char_length(code) >= 2) AND (char_length(code) < 9))", { code: { minLength: 2, maxLength: 8 } }],
  ["(length(TRIM(BOTH FROM name)) > 0)", { name: { minLength: 1 } }],
  ["(VALUE ~ '^[A-Z]{2}$'::text)", { value: { pattern: "^[A-Z]{2}$" } }],
  ["(ends > starts)", { ends: { after: { column: "starts", strict: true } } }],
  ["(starts <= ends)", { ends: { after: { column: "starts", strict: false } } }],
  ["(agreed = true)", { agreed: { oneOf: ["true"] } }],
  ["(NOT locked)", { locked: { oneOf: ["false"] } }],
  ["agreed", { agreed: { oneOf: ["true"] } }],
  ['("Odd ""Name"" ;" > 0)', { 'Odd "Name" ;': { min: { value: "0", inclusive: false } } }],
];

describe("check constraints", () => {
  test.each(CASES)("%s", (expression, expected) => {
    expect(Object.fromEntries(readChecks(parser, [expression]))).toEqual(expected);
  });

  test.each([
    "(lower(a) = a)",
    "((a + b) > 3)",
    "(a <> 3)",
    "(a > now())",
    "((a IS NULL) = (b IS NULL))",
    "(NOT (a > 3))",
  ])("%s demands nothing that can be read", (expression) => {
    expect([...readChecks(parser, [expression]).values()].every((rule) => Object.keys(rule).length === 0)).toBe(true);
  });

  test("several of one column hold together", () => {
    expect(readChecks(parser, ["(n > 3)", "(n >= 4)", "(n <= 9)", "(n = ANY (ARRAY[4, 12]))"]).get("n")).toEqual({
      min: { value: "4", inclusive: true },
      max: { value: "9", inclusive: true },
      oneOf: ["4", "12"],
    });
  });

  test("of two equal bounds the narrower one holds, and lists are cut to what both have", () => {
    const open: ColumnRule = { min: { value: "1", inclusive: false }, oneOf: ["a", "b"] };
    const closed: ColumnRule = { min: { value: "1", inclusive: true }, oneOf: ["b", "c"] };
    for (const merged of [mergeRules(open, closed), mergeRules(closed, open)]) {
      expect(merged).toEqual({ min: { value: "1", inclusive: false }, oneOf: ["b"] });
    }
  });
});
