import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { ColumnShape, FieldSpec } from "../../../../src/seed/entity.ts";
import { findGenerator } from "../../../../src/seed/generate/catalogue.ts";
import { inferField, isTelling } from "../../../../src/seed/plan/infer.ts";
import type { ColumnRule } from "../../../../src/seed/rules.ts";
import { column, typeOf } from "./tables.ts";

function infer(
  own: ColumnShape,
  rules: Readonly<Record<string, ColumnRule>> = {},
  others: readonly ColumnShape[] = [],
  version = 1,
) {
  const site = { written: [own, ...others], rules: new Map(Object.entries(rules)), decided: new Set<string>() };
  return inferField(own, { ...site, version })?.spec;
}

/** What a generator makes of it, when its options are right. */
function requireValid(spec: FieldSpec | undefined): FieldSpec {
  if (spec === undefined) throw new Error("nothing was inferred");
  if (spec.kind !== "generator") return spec;
  const definition = findGenerator(spec.name);
  if (definition === undefined) throw new Error(`there is no generator ${spec.name}`);
  expect(v.safeParse(definition.options, spec.options).issues).toBeUndefined();
  return spec;
}

describe("numbers of unusual sizes", () => {
  const above = (value: string) => ({ n: { min: { value, inclusive: false } } });

  test.each([
    ["int8", "9000000000000000000"],
    ["numeric", "1e50"],
    ["float8", "1e300"],
  ])("%s above %s: numbers beyond it", (type, bound) => {
    const spec = requireValid(infer(column("n", type), above(bound)));
    const values = spec.kind === "generator" ? Object.values(spec.options).flat().map(String) : [];
    expect(values.length).toBeGreaterThan(10);
    expect(values.filter((value) => Number(value) > Number(bound))).toEqual(values);
    expect(type === "int8" && values.some((value) => BigInt(value) > 2n ** 63n - 1n)).toBe(false);
  });

  test("below a great negative number: numbers beyond it", () => {
    const rule = { n: { max: { value: "-9000000000000000000", inclusive: true } } };
    expect(requireValid(infer(column("n", "int8"), rule))).toMatchObject({
      ...{ name: "one_of", options: { values: expect.arrayContaining(["-9002211604325294809"]) } },
    });
  });

  test("of many digits behind the point fewer are made", () => {
    const wei = column("n", typeOf("numeric", { precision: 38, scale: 18 }));
    expect(requireValid(infer(wei))).toMatchObject({ options: { min: 1, max: 1000, scale: 6 } });
    const fine = column("n", typeOf("numeric", { precision: 40, scale: 38 }));
    expect(requireValid(infer(fine))).toMatchObject({ options: { max: 99.999999, scale: 6 } });
  });
});

test("keys that an hstore has to have", () => {
  expect(requireValid(infer(column("h", "hstore"), { h: { json: "object", jsonKeys: ["a", "b"] } }))).toMatchObject({
    ...{ name: "hstore", options: { keys: ["a", "b"] } },
  });
});

describe("by the column's name", () => {
  test.each([
    ["email", "email"],
    ["contactEmail", "email"],
    ["User-Name", "username"],
    ["first_name", "first_name"],
    ["password_hash", "argon2_hash"],
    ["mobile", "phone"],
    ["billing_address", "address"],
    ["country", "country"],
    ["country_code", "country_code"],
    ["website", "url"],
    ["client_ip", "ipv4"],
    ["working_directory", "file_path"],
    ["description", "text"],
    ["currency", "currency"],
    ["title", "heading"],
  ])("%s is made by %s", (name, generator) => {
    expect(requireValid(infer(column(name, "text")))).toMatchObject({ name: generator });
  });

  test.each(["text", "int4", "numeric", "timestamptz", "bool"])("nothing tells of stuff, a %s", (type) => {
    expect(isTelling(column("stuff", type))).toBe(false);
  });

  test("a name tells nothing of another kind of value", () => {
    expect(infer(column("email", "bool"))).toMatchObject({ name: "bool" });
    expect(infer(column("price", typeOf("numeric", { precision: 5, scale: 2 })))).toMatchObject({
      ...{ name: "numeric", options: { min: 1, max: 999.99 } },
    });
    expect(infer(column("country", typeOf("bpchar", { length: 2 })))).toMatchObject({ name: "country_code" });
    expect(infer(column("password", typeOf("varchar", { length: 20 })))).toMatchObject({ name: "words" });
  });

  test("a later time comes after an earlier one of the row", () => {
    const created = column("created_at", "timestamptz");
    expect(infer(column("updatedAt", "timestamptz"), {}, [created])).toMatchObject({
      options: { after: "created_at" },
    });
    expect(infer(created, {}, [column("updated_at", "timestamptz")])).toMatchObject({ options: { to: "now" } });
  });
});

describe("by checks", () => {
  const numbers = (rule: ColumnRule, type = typeOf("int4")) => {
    const spec = requireValid(infer(column("n", type), { n: rule }));
    return spec.kind === "generator" ? spec.options : {};
  };

  test.each([
    [
      { min: { value: "18", inclusive: true }, max: { value: "120", inclusive: false } },
      { min: 18, max: 119 },
    ],
    [{ min: { value: "0", inclusive: false } }, { min: 1, max: 1000 }],
    [{ max: { value: "-5", inclusive: true } }, { min: -1005, max: -5 }],
    [{ min: { value: "5000", inclusive: false } }, { min: 5001, max: 6001 }],
  ] as const)("%p", (rule, ends) => {
    expect(numbers(rule)).toEqual(ends);
  });

  test("decimals keep a step away from what is excluded, and within their precision", () => {
    const type = typeOf("numeric", { precision: 4, scale: 2 });
    expect(numbers({ min: { value: "1", inclusive: false }, max: { value: "500", inclusive: true } }, type)).toEqual({
      min: 1.01,
      max: 99.99,
    });
    expect(numbers({}, typeOf("numeric", { precision: 3, scale: 3 }))).toEqual({ min: 0, max: 0.999 });
  });

  test("a list, a pattern and a length", () => {
    expect(infer(column("s", "text"), { s: { oneOf: ["a", "b"] } })).toMatchObject({
      name: "one_of",
      options: { values: ["a", "b"] },
    });
    expect(
      requireValid(infer(column("code", "text"), { code: { patterns: ["^[A-Z]{2}[[:digit:]]$"] } })),
    ).toMatchObject({
      options: { arguments: ["[A-Z]{2}[0-9]"] },
    });
    expect(requireValid(infer(column("pin", "text"), { pin: { minLength: 4, maxLength: 6 } }))).toMatchObject({
      options: { arguments: ["[a-z0-9]{4,6}"] },
    });
    expect(infer(column("email", "text"), { email: { patterns: ["^[^@[:space:]]+@[^@]+$"] } })).toMatchObject({
      name: "email",
    });
  });

  test("times within a partition, the end left out", () => {
    const rule = {
      min: { value: "2025-01-01 00:00:00+00", inclusive: true },
      max: { value: "2026-01-01 00:00:00+01", inclusive: false },
    };
    expect(requireValid(infer(column("at", "timestamptz"), { at: rule }))).toMatchObject({
      options: { from: "2025-01-01T00:00:00.000Z", to: "2025-12-31T22:59:59.000Z" },
    });
    expect(infer(column("at", "date"), { at: { max: { value: "2026-01-01", inclusive: false } } })).toMatchObject({
      options: { to: "2025-12-31T00:00:00.000Z" },
    });
  });

  test("columns in an order have slices that never touch", () => {
    const [low, high] = [column("low", "int4"), column("high", "int4")];
    const rules = { high: { after: { column: "low", strict: true } } };
    expect(requireValid(infer(low, rules, [high]))).toMatchObject({ options: { min: 1, max: 499 } });
    expect(requireValid(infer(high, rules, [low]))).toMatchObject({ options: { min: 500, max: 998 } });
    const days = [column("starts", "date"), column("ends", "date")] as const;
    const order = { ends: { after: { column: "starts", strict: true } } };
    expect(requireValid(infer(days[0], order, days))).toMatchObject({ options: { from: "-360d", to: "-181d" } });
    expect(requireValid(infer(days[1], order, days))).toMatchObject({ options: { from: "-180d", to: "-1d" } });
  });
});

describe("by type", () => {
  test.each([
    "bool",
    "uuid",
    "bytea",
    "json",
    "inet",
    "macaddr",
    "interval",
    "time",
    "bit",
    "xml",
    "tsvector",
    "point",
    "money",
  ])("%s", (name) => {
    requireValid(infer(column("stuff", name)));
  });

  test("what holds others is made of what they are", () => {
    const grade = typeOf("grade", { kind: "domain", of: typeOf("int4") });
    const elements = { "marks[]": { min: { value: "1", inclusive: true }, max: { value: "6", inclusive: true } } };
    expect(requireValid(infer(column("marks", typeOf("_grade", { kind: "array", of: grade })), elements))).toEqual({
      ...{ kind: "generator" as const, name: "array", options: { of: { int: { min: 1, max: 6 } } } },
    });
    expect(
      infer(column("c", typeOf("pair", { kind: "composite", attributes: [typeOf("tid"), typeOf("tid")] }))),
    ).toEqual({
      ...{ kind: "constant" as const, value: "(,)" },
    });
  });

  test("of a type that nobody knows nothing is made", () => {
    expect(infer(column("stuff", "tid"))).toBeUndefined();
    expect(infer(column("stuff", typeOf("_tid", { kind: "array", of: typeOf("tid") })))).toBeUndefined();
  });
});

test("a day before the present one is yesterday at the latest", () => {
  const past: ColumnRule = { max: { value: "now", inclusive: false } };
  expect(infer(column("held", "date"), { held: past })).toMatchObject({ options: { to: "-1d" } });
  expect(infer(column("held", "timestamptz"), { held: past })).toMatchObject({ options: { to: "now" } });
});

describe("times of the day", () => {
  const opens = column("opens", "time");
  const closes = column("closes", "time");
  const after = { column: "opens", strict: true };

  test("in an order have a part of the day each", () => {
    const rules = { closes: { after } };
    expect(requireValid(infer(opens, rules, [closes]))).toMatchObject({
      options: { from: "2025-01-01T00:00:00.000Z", to: "2025-01-01T11:59:59.000Z" },
    });
    expect(requireValid(infer(closes, rules, [opens]))).toMatchObject({
      options: { from: "2025-01-01T12:00:00.000Z", to: "2025-01-01T23:59:59.000Z" },
    });
  });

  test("keep to their bounds; without any they are any", () => {
    const rule = { min: { value: "08:30:00", inclusive: true }, max: { value: "18:00:00", inclusive: false } };
    expect(requireValid(infer(opens, { opens: rule }))).toMatchObject({
      options: { from: "2025-01-01T08:30:00.000Z", to: "2025-01-01T17:59:59.000Z" },
    });
    expect(infer(opens)).toMatchObject({ name: "time", options: {} });
  });
});
