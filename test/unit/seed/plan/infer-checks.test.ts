import { describe, expect, test } from "bun:test";
import { isUnderstood, readChecks } from "../../../../src/seed/plan/infer-checks.ts";
import { type ColumnRule, mergeRules } from "../../../../src/seed/rules.ts";
import { loadParser } from "../../../../src/sql/parser.ts";

const parser = await loadParser();

const LAST_DAY = `(date_trunc('month', "d") + interval '1 month' - interval '1 day')::date`;
const LAST_OF_MONTH: Readonly<Record<string, ColumnRule>> = {
  d: { starts: "month", computed: { expression: LAST_DAY, columns: ["d"] } },
};

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
  ["(VALUE ~ '^[A-Z]{2}$'::text)", { value: { patterns: ["^[A-Z]{2}$"] } }],
  ["(ends > starts)", { ends: { after: { column: "starts", strict: true } } }],
  ["(starts <= ends)", { ends: { after: { column: "starts", strict: false } } }],
  ["(p[0] >= ('-180'::integer)::double precision)", { "p[0]": { min: { value: "-180", inclusive: true } } }],
  ["(p[1] < (90)::double precision)", { "p[1]": { max: { value: "90", inclusive: false } } }],
  [
    "((0 <= ALL (rgb)) AND (255 >= ALL (rgb)))",
    { "rgb[]": { min: { value: "0", inclusive: true }, max: { value: "255", inclusive: true } } },
  ],
  ["(a <> 3)", { a: { noneOf: ["3"] } }],
  ["(NOT (a > 3))", { a: { max: { value: "3", inclusive: true } } }],
  ["(state <> ALL (ARRAY['x'::text, 'y'::text]))", { state: { noneOf: ["x", "y"] } }],
  ["(code ~~ 'INV-%'::text)", { code: { patterns: ["^INV-.*$"] } }],
  ["(code !~~* 'x_'::text)", { code: { antipatterns: ["(?i)^x.$"] } }],
  ["(code ~ similar_to_escape('[A-Z]{2}(1|2)%'::text))", { code: { patterns: ["^(?:[A-Z]{2}(1|2).*)$"] } }],
  ["(code !~ '[aeiou]'::text)", { code: { antipatterns: ["[aeiou]"] } }],
  ["(POSITION(('@'::text) IN (mail)) > 1)", { mail: { patterns: [".{1}@"] } }],
  ["(lower(code) = code)", { code: { letters: "lower" } }],
  ["(until > now())", { until: { min: { value: "now", inclusive: false } } }],
  ["(until >= (CURRENT_DATE - '30 days'::interval))", { until: { min: { value: "now-30d", inclusive: true } } }],
  ["(ends <= (starts + '7 days'::interval))", { ends: { after: { column: "starts", strict: false, within: "7d" } } }],
  ["((ends - starts) <= 7)", { ends: { after: { column: "starts", strict: false, within: "7d" } } }],
  ["(follower <> followed)", { follower: { differs: ["followed"] } }],
  ["(total = ((quantity)::numeric * price))", { total: { equals: '("quantity" * "price")' } }],
  ["((a + b) <= 100)", { a: { max: { value: "50", inclusive: true } }, b: { max: { value: "50", inclusive: true } } }],
  ["(cardinality(tags) > 1)", { tags: { minItems: 2 } }],
  ["(jsonb_typeof(data) = 'array'::text)", { data: { json: "array" } }],
  ["(agreed = true)", { agreed: { oneOf: ["true"] } }],
  ["(NOT locked)", { locked: { oneOf: ["false"] } }],
  ["agreed", { agreed: { oneOf: ["true"] } }],
  ["((x % 5) = 0)", { x: { multiple: { of: 5, rest: 0 } } }],
  ["((x % 2) <> 0)", { x: { multiple: { of: 2, rest: 1 } } }],
  ["((f % 0.25) = (0)::numeric)", { f: { multiple: { of: 0.25, rest: 0 } } }],
  ["(mod(m, 3) = 1)", { m: { multiple: { of: 3, rest: 1 } } }],
  ["(date_trunc('day'::text, day) = day)", { day: { step: "1d" } }],
  ["(month = date_trunc('month'::text, (month)::timestamp with time zone))", { month: { starts: "month" } }],
  ["(EXTRACT(day FROM first) = (1)::numeric)", { first: { starts: "month" } }],
  ["(date_part('isodow'::text, d) < (6)::double precision)", { d: { days: ["mon", "tue", "wed", "thu", "fri"] } }],
  [
    "((EXTRACT(dow FROM d) >= (1)::numeric) AND (EXTRACT(dow FROM d) <= (2)::numeric))",
    { d: { days: ["mon", "tue"] } },
  ],
  ["(EXTRACT(dow FROM d) = ANY (ARRAY[(0)::numeric, (6)::numeric]))", { d: { days: ["sat", "sun"] } }],
  [
    "(GREATEST(lo, hi) <= 1000)",
    { lo: { max: { value: "1000", inclusive: true } }, hi: { max: { value: "1000", inclusive: true } } },
  ],
  ["(LEAST(lo, hi) < 5)", { lo: { max: { value: "5", inclusive: false } } }],
  ["(\"left\"(path, 1) = '/'::text)", { path: { patterns: ["^/"] } }],
  ["(\"right\"(file, 4) = '.pdf'::text)", { file: { patterns: ["\\.pdf$"] } }],
  ["(SUBSTRING(vat FROM 1 FOR 2) = 'DE'::text)", { vat: { patterns: ["^DE"] } }],
  ["(POSITION((' '::text) IN (code)) = 0)", { code: { antipatterns: [" "] } }],
  ["(initcap(name) = name)", { name: { patterns: ["^[A-Z][a-z]{2,9}( [A-Z][a-z]{2,9})?$"] } }],
  [
    "((date_part('year'::text, d) >= (2010)::double precision) AND (date_part('year'::text, d) < (2020)::double precision))",
    { d: { min: { value: "2010-01-02", inclusive: true }, max: { value: "2019-12-31", inclusive: false } } },
  ],
  ["(EXTRACT(month FROM d) = ANY (ARRAY[(6)::numeric, (7)::numeric]))", { d: { parts: { month: [6, 7] } } }],
  ["(EXTRACT(quarter FROM d) = (2)::numeric)", { d: { parts: { month: [4, 5, 6] } } }],
  [
    "((EXTRACT(hour FROM (t AT TIME ZONE 'UTC'::text)) >= (9)::numeric) AND (EXTRACT(hour FROM (t AT TIME ZONE 'UTC'::text)) < (12)::numeric))",
    { t: { parts: { hour: [9, 10, 11] } } },
  ],
  ["((t)::time without time zone < '02:30:00'::time without time zone)", { t: { parts: { hour: [0, 1] } } }],
  [
    "((y)::numeric <= (EXTRACT(year FROM now()) + (1)::numeric))",
    { y: { max: { value: "2026", inclusive: true }, numeric: true } },
  ],
  ["(born <= (CURRENT_DATE - '18 years'::interval))", { born: { max: { value: "now-6588d", inclusive: true } } }],
  ["(age(born) >= '18 years'::interval)", { born: { max: { value: "now-6588d", inclusive: true } } }],
  [
    "(EXTRACT(year FROM age((born)::timestamp with time zone)) < (18)::numeric)",
    { born: { min: { value: "now-6570d", inclusive: false } } },
  ],
  [
    "((ends - starts) >= '00:15:00'::interval)",
    { ends: { after: { column: "starts", strict: false, least: "900s" } } },
  ],
  ["(ends > (starts + '01:00:00'::interval))", { ends: { after: { column: "starts", strict: true, least: "3600s" } } }],
  [
    "((ends - \"Starts\") = '00:30:00'::interval)",
    { ends: { computed: { expression: `"Starts" + interval '00:30:00'`, columns: ["Starts"] } } },
  ],
  ["((upper_no - lower_no) = 5)", { upper_no: { computed: { expression: '"lower_no" + 5', columns: ["lower_no"] } } }],
  ...[
    "(EXTRACT(day FROM (d + 1)) = (1)::numeric)",
    "(d = ((date_trunc('month'::text, (d)::timestamp with time zone) + '1 mon -1 days'::interval))::date)",
    "(d = (((date_trunc('month'::text, (d)::timestamp with time zone) + '1 mon'::interval) - '1 day'::interval))::date)",
    "(d = (((date_trunc('month'::text, (d)::timestamp with time zone) + '1 mon'::interval))::date - 1))",
  ].map((check) => [check, LAST_OF_MONTH] as const),
  ["(code ^@ 'a.b'::text)", { code: { patterns: ["^a\\.b"] } }],
  ["(NOT (code ^@ 'x'::text))", { code: { antipatterns: ["^x"] } }],
  ["(ip << '10.0.0.0/8'::inet)", { ip: { network: { within: "10.0.0.0/8" } } }],
  ["('10.0.0.0/8'::inet >>= ip)", { ip: { network: { within: "10.0.0.0/8" } } }],
  ["((net)::inet >> '10.1.2.3'::inet)", { net: { oneOf: ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24"] } }],
  [
    "((family(ip) = 6) AND (masklen(ip) > 32) AND (masklen(ip) <= 48))",
    { ip: { network: { family: 6, least: 33, most: 48 } } },
  ],
  [
    "(v <@ '[0,100)'::numrange)",
    { v: { min: { value: "0", inclusive: true }, max: { value: "100", inclusive: false } } },
  ],
  ["((upper(r) - lower(r)) < 30)", { r: { width: { value: "30", inclusive: false } } }],
  ["(n = floor(n))", { n: { multiple: { of: 1, rest: 0 } } }],
  ["(price = round(price, 1))", { price: { multiple: { of: 0.1, rest: 0 } } }],
  ["(scale(price) <= 2)", { price: {} }],
  ["(total = round(((qty)::numeric * unit), 2))", { total: { equals: 'round(("qty" * "unit"), 2)' } }],
  [
    "((a * b) <= 100)",
    {
      a: { min: { value: "0", inclusive: true }, max: { value: "10", inclusive: true } },
      b: { min: { value: "0", inclusive: true }, max: { value: "10", inclusive: true } },
    },
  ],
  ["((w)::integer > 0)", { w: { min: { value: "0", inclusive: false }, numeric: true } }],
  ["(bit_length(w) <= 80)", { w: { maxLength: 10 } }],
  ["(regexp_like(w, '^[a-z]+$'::text))", { w: { patterns: ["^[a-z]+$"] } }],
  ["((w COLLATE \"C\") ~ '^[a-z]+$'::text)", { w: { patterns: ["^[a-z]+$"] } }],
  ["(replace(w, '.'::text, ''::text) = w)", { w: { antipatterns: ["\\."] } }],
  ["(split_part(mail, '@'::text, 2) <> ''::text)", { mail: { patterns: ["^(?:[^@]*@){1}[^@]+"] } }],
  ["(char_length(w) = ANY (ARRAY[8, 11]))", { w: { minLength: 8, maxLength: 8 } }],
  ["(w = ANY (string_to_array('a,b'::text, ','::text)))", { w: { oneOf: ["a", "b"] } }],
  ["(j @> '{\"v\": 1}'::jsonb)", { j: { oneOf: ['{"v": 1}'] } }],
  ["((j ->> 'kind'::text) = ANY (ARRAY['a'::text, 'b'::text]))", { "j->kind": { oneOf: ["a", "b"] } }],
  ["((j ->> 'kind'::text) IS NOT NULL)", { j: { present: true }, "j->kind": { present: true } }],
  ["(((j ->> 'n'::text))::integer >= 1)", { "j->n": { min: { value: "1", inclusive: true }, numeric: true } }],
  ["(jsonb_typeof((j -> 'n'::text)) = 'number'::text)", { "j->n": { json: "number" } }],
  [
    "(date_trunc('century'::text, a) = a)",
    { a: { computed: { expression: "date_trunc('century'::text, a)", columns: ["a"] } } },
  ],
  [
    "(slug = app.to_slug((title || ' (é)'::text)))",
    { slug: { computed: { expression: "app.to_slug((title || ' (é)'::text))", columns: ["title"] } } },
  ],
  [
    "(EXTRACT(year FROM day) = (y)::numeric)",
    { y: { computed: { expression: "EXTRACT(year FROM day)", columns: ["day"] } } },
  ],
  [
    "((starts)::date = (ends)::date)",
    {
      starts: { near: { column: "ends", within: "1h", equal: true } },
      ends: { near: { column: "starts", within: "1h" } },
    },
  ],
  ["((high - low) <= 100)", { high: { after: { column: "low", strict: false, within: "100d" } } }],
  ["(n = n)", { n: {} }],
  ["(COALESCE(a, ''::text) <> ''::text)", { a: { present: true, minLength: 1 } }],
  ["(COALESCE(n, 0) >= 0)", { n: { min: { value: "0", inclusive: true } } }],
  ["(NULLIF(TRIM(BOTH FROM a), ''::text) IS NOT NULL)", { a: { present: true, minLength: 1 } }],
  ['("Odd ""Name"" ;" > 0)', { 'Odd "Name" ;': { min: { value: "0", inclusive: false } } }],
];

const [there, gone] = [{ present: true }, { present: false }];

/** Checks that leave a choice, and the ways in which they can be met. */
const WAYS: readonly (readonly [string, readonly Readonly<Record<string, ColumnRule>>[]])[] = [
  [
    "(num_nonnulls(a, b) = 1)",
    [
      { a: there, b: gone },
      { a: gone, b: there },
    ],
  ],
  [
    "((((a IS NOT NULL))::integer + ((b IS NOT NULL))::integer) = 1)",
    [
      { a: there, b: gone },
      { a: gone, b: there },
    ],
  ],
  [
    "((CASE WHEN (a IS NULL) THEN 0 ELSE 1 END + CASE WHEN (b IS NULL) THEN 0 ELSE 1 END) = 1)",
    [
      { a: there, b: gone },
      { a: gone, b: there },
    ],
  ],
  [
    "((a IS NULL) = (b IS NULL))",
    [
      { a: there, b: there },
      { a: gone, b: gone },
    ],
  ],
  [
    "((a IS NULL) <> (b IS NULL))",
    [
      { a: gone, b: there },
      { a: there, b: gone },
    ],
  ],
  ["(COALESCE(a, b) IS NOT NULL)", [{ a: there }, { b: there }]],
  [
    "(((kind = 'link'::text) AND (url IS NOT NULL)) OR ((kind = 'text'::text) AND (body IS NOT NULL)))",
    [
      { kind: { oneOf: ["link"] }, url: there },
      { kind: { oneOf: ["text"] }, body: there },
    ],
  ],
  ["((state <> 'sent'::text) OR (sent_at IS NOT NULL))", [{ state: { noneOf: ["sent"] } }, { sent_at: there }]],
  [
    "CASE kind WHEN 'a'::text THEN (n > 3) ELSE (n IS NULL) END",
    [
      { kind: { oneOf: ["a"] }, n: { min: { value: "3", inclusive: false } } },
      { kind: { noneOf: ["a"] }, n: gone },
    ],
  ],
  ["(NOT (paid AND (paid_at IS NULL)))", [{ paid: { oneOf: ["false"] } }, { paid_at: there }]],
];

describe("check constraints", () => {
  test.each(CASES)("%s", (expression, expected) => {
    expect(Object.fromEntries(readChecks(parser, [expression]).common)).toEqual(expected);
  });

  test.each(["(is_right(a))", "((a % b) = 0)", "(a = random())"])(
    "%s demands nothing that can be read",
    (expression) => {
      expect(readChecks(parser, [expression])).toEqual({ common: new Map(), cases: [] });
      expect(isUnderstood(parser, expression)).toBe(false);
    },
  );

  test.each(WAYS)("%s is met in several ways", (expression, expected) => {
    const { cases } = readChecks(parser, [expression]);
    expect(cases.map((rules) => Object.fromEntries(rules))).toEqual([...expected]);
  });

  test("ways of several checks are joined, without those that contradict each other", () => {
    const { common, cases } = readChecks(parser, [
      "(kind = ANY (ARRAY['a'::text, 'b'::text]))",
      "((kind = 'a'::text) = (url IS NOT NULL))",
      "(num_nonnulls(url, body) = 1)",
    ]);
    expect(common.get("kind")).toEqual({ oneOf: ["a", "b"] });
    expect(cases.map((rules) => Object.fromEntries(rules))).toEqual([
      { kind: { oneOf: ["a"] }, url: { present: true }, body: { present: false } },
      { kind: { oneOf: ["a", "b"], noneOf: ["a"] }, url: { present: false }, body: { present: true } },
    ]);
  });

  test("several of one column hold together", () => {
    expect(readChecks(parser, ["(n > 3)", "(n >= 4)", "(n <= 9)", "(n = ANY (ARRAY[4, 12]))"]).common.get("n")).toEqual(
      {
        min: { value: "4", inclusive: true },
        max: { value: "9", inclusive: true },
        oneOf: ["4", "12"],
      },
    );
  });

  test("of two equal bounds the narrower one holds, and lists are cut to what both have", () => {
    const open: ColumnRule = { min: { value: "1", inclusive: false }, oneOf: ["a", "b"] };
    const closed: ColumnRule = { min: { value: "1", inclusive: true }, oneOf: ["b", "c"] };
    for (const merged of [mergeRules(open, closed), mergeRules(closed, open)]) {
      expect(merged).toEqual({ min: { value: "1", inclusive: false }, oneOf: ["b"] });
    }
  });
});
