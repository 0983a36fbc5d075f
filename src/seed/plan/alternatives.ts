/** What a column may be tried with whose planned values PostgreSQL refused for what pgrove cannot read. */
import type { ColumnShape, FieldSpec } from "../entity.ts";
import { findTypeGenerator } from "../generate/by-type.ts";
import { baseOf } from "../schema/schema-types.ts";
import { secondsOf } from "./check-nodes.ts";
import { escapeRegex } from "./check-patterns.ts";

/** The texts and numbers that stand in checks, and in the functions that they call. */
export interface Literals {
  texts: readonly string[];
  numbers: readonly number[];
}

/** More of them are not tried. */
const MOST_LITERALS = 24;

/** The literals in expressions of SQL. */
export function readLiterals(sources: readonly string[]): Literals {
  const all = sources.join("\n");
  const texts = [...all.matchAll(/'((?:[^']|'')*)'/g)].map(([, text = ""]) => text.replaceAll("''", "'"));
  const bare = all.replaceAll(/'(?:[^']|'')*'/g, " ");
  const numbers = [...bare.matchAll(/(?<![\w.$])\d+(?:\.\d+)?(?![\w.])/g)].map(([number]) => Number(number));
  const within = texts.flatMap((text) => (/^-?\d+(\.\d+)?$/.test(text) ? [Number(text)] : []));
  return {
    texts: [...new Set(texts)].slice(0, MOST_LITERALS),
    numbers: [...new Set([...numbers, ...within])].slice(0, MOST_LITERALS),
  };
}

function generator(name: string, options: Readonly<Record<string, unknown>> = {}): FieldSpec {
  return { kind: "generator", name, options };
}

const regex = (pattern: string) => generator("regex", { pattern });
const constant = (value: string | boolean) => ({ kind: "constant" as const, value });

/** Texts of the usual kinds; those that are as long as a number says, and those that begin or end as a text does. */
function textsLike({ texts, numbers }: Literals): FieldSpec[] {
  const lengths = numbers.filter((number) => Number.isInteger(number) && number > 0 && number <= 100).slice(0, 4);
  const letters = numbers.filter((number) => number > 32 && number < 127).map((code) => String.fromCharCode(code));
  const parts = texts.filter((text) => text !== "" && text.length <= 12).slice(0, 6);
  const escaped = parts.map(escapeRegex);
  const sorted = letters.toSorted(); // of ascii(letter)
  const [first, last] = [sorted[0], sorted.at(-1)];
  const patterns = texts.filter((text) => /^\^|\$$/.test(text)).slice(0, 6); // those of functions
  const made = [
    ...(first === undefined || !/^[\w]$/.test(`${first}`) || !/^\w$/.test(`${last}`) ? [] : [`[${first}-${last}]`]),
    ...["[A-Z]", "[a-z]", "[0-9]", "[a-z]{3,8}", "[A-Z]{2,3}", "[0-9]{1,4}", "[A-Z][a-z]{2,8}", "[a-z0-9]{12}"],
    ...lengths.flatMap((length) => [`[a-z0-9]{${length}}`, `[0-9]{${length}}`, `[A-Z]{${length}}`]),
    ...lengths.flatMap((length) => [`[0-9a-f]{${length}}`, `[0-9a-f]{${2 * length}}`]),
    ...escaped.flatMap((part) => [`${part}[a-z0-9]{1,6}`, `[a-z0-9]{1,6}${part}`, `[a-z]{2,4}${part}[a-z]{2,4}`]),
  ].map((pattern) => regex(`^${pattern}$`));
  return [...made, ...patterns.map(regex), ...letters.slice(0, 4).map(constant)];
}

const SPANS = [
  [0, 1],
  [0, 9],
  [1, 99],
  [0, 255],
  [1, 1_000_000],
  [-999, -1],
] as const;

/** The seconds of a day since 1970, and so many days behind it as a span of them has. */
const EPOCH_SPAN = 86_400 * 365;

function numbersLike(name: string, { texts, numbers }: Literals): FieldSpec[] {
  const near = numbers.flatMap((number) => [number - 1, number, number + 1, Math.floor(number / 2), number * 2]);
  const days = texts.flatMap((text) => (/^\d{4}-\d{2}-\d{2}/.test(text) ? [Date.parse(text.slice(0, 10))] : []));
  const spans = [
    ...numbers.flatMap((number) => [
      [0, number],
      [number, number * 2 + 1],
    ]),
    ...days.slice(0, 2).map((day) => [day / 1000 + 1, day / 1000 + EPOCH_SPAN]),
  ];
  const made = [...SPANS, ...spans].flatMap(([min = 0, max = 0]) =>
    Number.isInteger(min) && Number.isInteger(max) ? [generator(name, { min, max })] : [],
  );
  return [...made, ...(near.length === 0 ? [] : [generator("one_of", { values: [...new Set(near)] })])];
}

const TIMES: readonly FieldSpec[] = [
  ["-365d", "now"],
  ["-20d", "now"],
  ["-60y", "-18y"],
  ["now", "+1y"],
].flatMap(([from, to]) => [{}, { step: "1d" }, { step: "1h" }].map((more) => generator("time", { from, to, ...more })));
const DAYS: readonly FieldSpec[] = [{ starts: "month" }, { starts: "week" }, { starts: "year" }].map((more) =>
  generator("time", { from: "-3y", to: "now", ...more }),
);

/** As another time of the row, or a while behind it. */
function timesBeside(other: string): FieldSpec[] {
  const whiles = ["1m", "1h", "8h", "1d", "7d", "30d", "365d"];
  return [
    ...whiles.map((within) => generator("time", { after: other, from: "-70y", to: "+70y", within })),
    generator("time", { after: other, from: "-70y", to: "+70y", at_least: "1s", within: "1h" }),
    ...["1d", "30d"].map((least) =>
      generator("time", { after: other, from: "-70y", to: "+70y", at_least: least, within: "90d" }),
    ),
  ];
}

const KINDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["text", "varchar", "bpchar", "citext", "name"].map((name) => [name, "text"])),
  ...Object.fromEntries(["int2", "int4", "int8", "oid"].map((name) => [name, "int"])),
  ...Object.fromEntries(["numeric", "float4", "float8", "money"].map((name) => [name, "numeric"])),
  ...Object.fromEntries(["date", "timestamp", "timestamptz"].map((name) => [name, "time"])),
  ...Object.fromEntries(["json", "jsonb"].map((name) => [name, "json"])),
};

/** What else the column may be made of; `others` are columns of the row that it may be like. */
export function alternativesOf(
  column: ColumnShape,
  others: readonly ColumnShape[],
  literals: Literals,
): readonly FieldSpec[] {
  const kind = kindOf(column);
  const alike = others.filter((other) => !other.name.includes('"') && kindOf(other) === kind);
  const copies = alike.map(({ name }) => generator("expression", { value: `"${name}"` }));
  const values = literals.texts.length === 0 ? [] : [generator("one_of", { values: literals.texts })];
  const absent: FieldSpec[] = column.nullable ? [{ kind: "constant", value: null }] : [];
  return [...absent, ...copies, ...madeOf(kind, { column, alike, literals, values })];
}

function kindOf({ type }: ColumnShape): string {
  const base = baseOf(type);
  return base.kind === "base" ? (KINDS[base.name] ?? base.name) : base.kind;
}

interface Asked {
  column: ColumnShape;
  alike: readonly ColumnShape[];
  literals: Literals;
  values: readonly FieldSpec[];
}

function madeOf(kind: string, { column, alike, literals, values }: Asked): FieldSpec[] {
  if (kind === "text") {
    const cases = alike.flatMap(({ name }) =>
      ["lower", "upper"].map((letters) => generator("expression", { value: `${letters}("${name}")` })),
    );
    return [...values, ...values, ...cases, ...textsLike(literals), constant("")];
  }
  if (kind === "int" || kind === "numeric") {
    const beside = alike.flatMap(({ name }) =>
      ["+ 1", "- 1", "* 2"].map((step) => generator("expression", { value: `"${name}" ${step}` })),
    );
    return [...beside, ...numbersLike(kind, literals)];
  }
  if (kind === "time") return [...values, ...TIMES, ...DAYS, ...alike.flatMap(({ name }) => timesBeside(name))];
  if (kind === "bool") return [constant(true), constant(false)];
  if (kind === "json") return [...jsonsLike(literals), ...jsonsAlong(literals)];
  if (kind === "range") return rangesLike(column, literals);
  if (SHAPED[kind] !== undefined) return SHAPED[kind](literals).map(constant);
  if (kind === "array") return arraysOf(column, literals);
  if (kind === "interval") {
    return ["59s", "59m", "23h", "30d"].map((max) => generator("interval", { min: "1s", max }));
  }
  if (kind === "bytea") {
    const bytes = literals.numbers.filter((number) => number < 256).slice(0, 4);
    const first = bytes.map((byte) => constant(`\\x${byte.toString(16).padStart(2, "0")}`));
    return [...literals.numbers.slice(0, 4).map((count) => generator("bytes", { count })), ...first];
  }
  if (kind === "inet" || kind === "cidr") {
    const within = ["10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12"];
    return [generator("ipv4"), generator("ipv6"), ...within.map((net) => generator("ipv4", { within: net }))];
  }
  if (kind === "hstore") return keysIn(literals).map((key) => constant(`"${key}"=>"1"`));
  if (kind === "ltree") {
    const labels = literals.texts.flatMap((text) => text.split(/\W+/)).filter((label) => label !== "");
    return labels.slice(0, 6).map((label) => regex(`^${label}(\\.[a-z]{3,6}){0,2}$`));
  }
  return [...values];
}

const smallOf = ({ numbers }: Literals) =>
  numbers.filter((number) => Number.isInteger(number) && number > 0).slice(0, 8);

const bitsLike = (literals: Literals) =>
  smallOf(literals).flatMap((count) => (count > 64 ? [] : ["1".repeat(count), "1".padStart(count, "0")]));

/** Types whose values are made from the numbers and texts that are named. */
const SHAPED: Readonly<Record<string, (literals: Literals) => string[]>> = {
  bit: bitsLike,
  varbit: bitsLike,
  path: () => ["((0,0),(4,0),(4,3))", "[(0,0),(4,0),(4,3)]"],
  circle: (literals) => smallOf(literals).map((radius) => `<(0,0),${radius}>`),
  xml: ({ texts }) =>
    texts.flatMap((text) => (/^(\/\w+)+$/.test(text) ? [nestElements(text.split("/").slice(1))] : [])),
};

function nestElements(names: readonly string[]): string {
  return names.reduceRight((inner, name) => `<${name}>${inner}</${name}>`, "1");
}

/** Ranges around what is named, and some that are as long as a length of time that is named. */
function rangesLike({ type }: ColumnShape, { texts, numbers }: Literals): FieldSpec[] {
  const element = baseOf(type).of;
  const kind = element?.kind === "base" ? (KINDS[element.name] ?? "") : "";
  if (kind === "int" || kind === "numeric") {
    return numbers.slice(0, 6).map((number) => constant(`[${number},${number + 1})`));
  }
  const usual = element === undefined ? undefined : findTypeGenerator(element);
  if (kind !== "time" || usual === undefined) return [];
  const of = { [usual.name]: usual.options ?? {} };
  const lengths = texts.flatMap((text) => secondsOf(text) || []).map((seconds) => `${seconds}s`);
  const days = texts.filter((text) => /^\d{4}-\d{2}-\d{2}/.test(text)).slice(0, 4);
  return [
    ...lengths.slice(0, 3).map((length) => generator("range", { of, within: length, at_least: length })),
    ...days.map((day) => constant(`["${day}","${day}"]`)),
  ];
}

/** JSON with something at the end of a path: `'{address,city}'`, `'$.address.city'`, `'$.sizes[*] ? (@ > 1)'`. */
function jsonsAlong({ texts }: Literals): FieldSpec[] {
  const paths = texts.flatMap((text) => {
    if (/^\{\w+(,\w+)*\}$/.test(text)) return [text.slice(1, -1).split(",")];
    const steps = text.startsWith("$") ? [...text.matchAll(/\."?(\w+)"?/g)].map(([, key = ""]) => key) : [];
    return steps.length === 0 ? [] : [steps];
  });
  return paths
    .slice(0, 4)
    .flatMap((path) =>
      ["text", 5, [5], ["text"], true].map((end) =>
        constant(JSON.stringify(path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), end))),
      ),
    );
}

function keysIn({ texts }: Literals): string[] {
  return texts.filter((text) => /^[\w-]{1,30}$/.test(text)).slice(0, 6);
}

function arraysOf({ type }: ColumnShape, { texts }: Literals): FieldSpec[] {
  const element = baseOf(type).of;
  const usual = element === undefined ? undefined : findTypeGenerator(element);
  const elements = [
    ...(usual === undefined ? [] : [{ [usual.name]: usual.options }]),
    ...(texts.length === 0 ? [] : [{ one_of: { values: texts } }]),
  ];
  const sized = elements.flatMap((of) => [1, 2, 3, 5].map((size) => generator("array", { of, min: size, max: size })));
  return [constant("{}"), ...sized];
}

/** Objects with the keys that are named, each a text or a number, and what is no object. */
function jsonsLike(literals: Literals): FieldSpec[] {
  const { texts, numbers } = literals;
  const keys = keysIn(literals);
  const number = numbers[0] ?? 1;
  const written = texts.filter((text) => /^[[{"]/.test(text));
  const sets = [keys, keys.slice(0, 1), keys.slice(0, 2)].filter((set) => set.length > 0);
  const objects = sets.flatMap((set) =>
    ["title", number, { one_of: keys }, true].map((value) =>
      generator("json", { fields: Object.fromEntries(set.map((key) => [key, value])) }),
    ),
  );
  return [...["{}", "[]", '"text"', "1", "[1]", "true", "null"].map(constant), ...written.map(constant), ...objects];
}
