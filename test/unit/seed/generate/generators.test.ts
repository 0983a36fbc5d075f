/** Every generator of the catalogue, with its usual options and some others. */
import { beforeAll, describe, expect, test } from "bun:test";
import type { EntityPlan, FieldSpec, SeedPlan, TypeShape } from "../../../../src/seed/entity.ts";
import { listGenerators } from "../../../../src/seed/generate/catalogue.ts";
import { compileEntity, generateRows, prepareGenerators } from "../../../../src/seed/generate/compile.ts";
import { createSink } from "../../../../src/seed/generate/copy-text.ts";
import { entityPlan, fieldPlan, generator, seedPlan, typeShape } from "../../../support/seed/plan-parts.ts";

const ROWS = 10_000;

interface Case {
  spec: FieldSpec;
  type?: TypeShape;
  /** The first digits of the SHA-256 of ten thousand rows: what pins the values of this version. */
  hash: string;
}

const INT4RANGE = typeShape("int4range", { kind: "range", of: typeShape("int4") });
const MOOD = typeShape("mood", {
  kind: "enum",
  labels: ["fine", "so so", "tab\there", 'quote"d', "back\\slash", "ünïcode"],
});

/** Named after what is written in the file. */
const CASES: Readonly<Record<string, Case>> = {
  first_name: { spec: generator("first_name"), hash: "7d80410e715a" },
  last_name: { spec: generator("last_name"), hash: "7e9073e07616" },
  name: { spec: generator("name"), hash: "7653374a84a4" },
  username: { spec: generator("username"), hash: "d2236cdbf2f6" },
  email: { spec: generator("email"), hash: "3a01d3404528" },
  phone: { spec: generator("phone"), hash: "0e8d6a4268c1" },
  company: { spec: generator("company"), hash: "7af11ddd87c5" },
  product: { spec: generator("product"), hash: "480ad92ab555" },
  job_title: { spec: generator("job_title"), hash: "bfedf2afd9c5" },
  title: { spec: generator("title"), hash: "338ce0664ea3" },
  street: { spec: generator("street"), hash: "0b88a382885c" },
  city: { spec: generator("city"), hash: "124698fa03fb" },
  state: { spec: generator("state"), hash: "7873c97c8eac" },
  country: { spec: generator("country"), hash: "55cfa236308b" },
  country_code: { spec: generator("country_code"), hash: "210ba90d5eb2" },
  postcode: { spec: generator("postcode"), hash: "8717c64ee629" },
  address: { spec: generator("address"), hash: "e15276edcc79" },
  time_zone: { spec: generator("time_zone"), hash: "71101b01cfb6" },
  locale: { spec: generator("locale"), hash: "5087082705ea" },
  currency: { spec: generator("currency"), hash: "6d41fa70b54f" },
  color: { spec: generator("color"), hash: "ffcac8fc75f8" },
  hostname: { spec: generator("hostname"), hash: "7d3f06270d42" },
  ipv4: { spec: generator("ipv4"), hash: "6fe8e25d3d20" },
  ipv6: { spec: generator("ipv6"), hash: "08c5c646f3aa" },
  mac: { spec: generator("mac"), hash: "e59930d2c38a" },
  url: { spec: generator("url"), hash: "24578ee590f9" },
  user_agent: { spec: generator("user_agent"), hash: "69f6491ac9e4" },
  shell_command: { spec: generator("shell_command"), hash: "77984d825148" },
  file_path: { spec: generator("file_path"), hash: "ea923f60e973" },
  ssh_public_key: { spec: generator("ssh_public_key"), hash: "d9ae0f25e2ff" },
  argon2_hash: { spec: generator("argon2_hash"), hash: "b5b7c0b10513" },
  bcrypt_hash: { spec: generator("bcrypt_hash"), hash: "6270440da5ee" },
  words: { spec: generator("words"), hash: "f63b34016b90" },
  heading: { spec: generator("heading"), hash: "0d5d0e9fd93c" },
  sentence: { spec: generator("sentence"), hash: "f231602eb491" },
  text: { spec: generator("text"), hash: "b038735cc34e" },
  paragraphs: { spec: generator("paragraphs"), hash: "909b454ea5df" },
  int: { spec: generator("int"), hash: "61c7c5fbb533" },
  smallint: { spec: generator("smallint"), hash: "61c7c5fbb533" },
  bigint: { spec: generator("bigint"), hash: "61c7c5fbb533" },
  port: { spec: generator("port"), hash: "4daf5b7c85a6" },
  numeric: { spec: generator("numeric"), hash: "ecd8242f6d50" },
  float: { spec: generator("float"), hash: "12db0484c805" },
  price: { spec: generator("price"), hash: "ecd8242f6d50" },
  bool: { spec: generator("bool"), hash: "3608889cafba" },
  null: { spec: generator("null"), hash: "8c318b9fe5a2" },
  time: { spec: generator("time"), hash: "fbcc9e6c7501" },
  timestamp: { spec: generator("timestamp"), hash: "fbcc9e6c7501" },
  date: { spec: generator("date"), hash: "a392ced7077c" },
  interval: { spec: generator("interval"), hash: "aacffefe6c7f" },
  sequence: { spec: generator("sequence"), hash: "8060aa0ac20a" },
  row: { spec: generator("row"), hash: "8060aa0ac20a" },
  uuid: { spec: generator("uuid"), hash: "5e955d22eca5" },
  uuid_v7: { spec: generator("uuid_v7"), hash: "0f39ae4b9b7e" },
  sha256: { spec: generator("sha256"), hash: "f49777463ee5" },
  array: {
    spec: generator("array"),
    type: typeShape("_text", { kind: "array", of: typeShape("text") }),
    hash: "a2dffaa87bb0",
  },
  json: { spec: generator("json"), type: typeShape("jsonb"), hash: "40ff7cf1a805" },
  bytes: { spec: generator("bytes"), type: typeShape("bytea"), hash: "3f8cfbe25782" },
  bits: { spec: generator("bits"), type: typeShape("varbit", { length: 40 }), hash: "f6856d6c9d2e" },
  point: { spec: generator("point"), hash: "bf07d8a0d018" },
  line: { spec: generator("line"), hash: "8f8ac6e22d23" },
  lseg: { spec: generator("lseg"), hash: "8b2c1572307b" },
  box: { spec: generator("box"), hash: "403240a852e6" },
  path: { spec: generator("path"), hash: "b269489fe681" },
  polygon: { spec: generator("polygon"), hash: "6974641acbc3" },
  circle: { spec: generator("circle"), hash: "3eac590aeb81" },
  xml: { spec: generator("xml"), hash: "258f6d033d4f" },
  tsvector: { spec: generator("tsvector"), hash: "bc7424e55fd0" },
  tsquery: { spec: generator("tsquery"), hash: "b494a96397b8" },
  macaddr8: { spec: generator("macaddr8"), hash: "2ebb7ce4ec29" },
  pg_lsn: { spec: generator("pg_lsn"), hash: "8015a92cc29d" },
  hstore: { spec: generator("hstore"), hash: "8ac3aee6b69d" },
  ltree: { spec: generator("ltree"), hash: "1112b1c98b21" },
  "email 2": { spec: generator("email", { domain: "corp.example" }), hash: "befe3abebf79" },
  "email 3": { spec: generator("email"), type: typeShape("varchar", { length: 20 }), hash: "ebc1b2185c65" },
  "ipv4 2": { spec: generator("ipv4", { network: "private" }), hash: "38cf6cf15846" },
  ssh_fingerprint: { spec: generator("ssh_fingerprint", { of: "public_key" }), hash: "459e8b805e02" },
  "int 2": { spec: generator("int", { min: -5, max: 5, distribution: "normal" }), hash: "e609e03c9a0d" },
  "int 3": {
    spec: generator("int", { min: 1, max: 100000, distribution: "zipf", exponent: 1.2 }),
    hash: "3f26178d6bff",
  },
  "int 4": { spec: generator("int", { min: 0, max: 100, distribution: "exponential", mean: 9 }), hash: "79483af99696" },
  "numeric 2": {
    spec: generator("numeric", { min: -1.5, max: 99.25 }),
    type: typeShape("numeric", { precision: 6, scale: 3 }),
    hash: "ca67bc8726a4",
  },
  one_of: {
    spec: generator("one_of", { values: ["a", 7, true, "tab\there", "back\\slash", "\\N", "line\nbreak\r"] }),
    hash: "5880cf876db2",
  },
  weighted: { spec: generator("weighted", { weights: { free: 80, pro: 15, team: 5 } }), hash: "2fadd17bd2c6" },
  enum: { spec: generator("enum"), type: MOOD, hash: "ccfa0cde8065" },
  constant: { spec: generator("constant", { value: "\\N" }), hash: "96115979dfa6" },
  "time 2": {
    spec: generator("time", { from: "-90d", to: "now", shape: "office" }),
    type: typeShape("timestamptz"),
    hash: "dcd121e4172b",
  },
  "time 3": {
    spec: generator("time", { from: "2020-01-01", to: "2025-06-01T12:00", shape: "growth" }),
    type: typeShape("timestamp"),
    hash: "98950b9f907b",
  },
  "time 4": { spec: generator("time", { shape: "weekday" }), type: typeShape("date"), hash: "d194a8fad119" },
  "time 5": { spec: generator("time"), type: typeShape("time"), hash: "0bc5435d074b" },
  "time 6": { spec: generator("time"), type: typeShape("timetz"), hash: "0882285420d1" },
  "time 7": {
    spec: generator("time", { from: "2024-01-01", to: "2025-01-01", only: { month: [6, 7], hour: [9], second: [0] } }),
    type: typeShape("timestamptz"),
    hash: "dbedf75ad9fa",
  },
  "ipv4 3": { spec: generator("ipv4", { within: "192.168.0.0/16", prefix: 24 }), hash: "fd25e226c1a9" },
  "ipv6 2": { spec: generator("ipv6", { within: "fd00::/8", prefix: 64 }), hash: "9260de341a6b" },
  "range 4": { spec: generator("range", { of: "int", within: 5 }), type: INT4RANGE, hash: "d3abdb1c4bad" },
  "sequence 2": { spec: generator("sequence", { start: 10, step: -3 }), hash: "092886377ffb" },
  regex: { spec: generator("regex", { pattern: "^[A-Z]{2}-(red|blue)[0-9]{2,}$" }), hash: "800b305acc8c" },
  "regex 2": {
    spec: generator("regex", { pattern: ["^[0-9a-f]{24}$", "f"], without: "00", min: 24 }),
    hash: "7a1e2ebd8fa2",
  },
  stretch: { spec: generator("stretch"), type: typeShape("date"), hash: "064e4a33fa64" },
  "stretch 2": { spec: generator("stretch", { of: "value" }), type: typeShape("timestamptz"), hash: "85998f88633e" },
  template: {
    spec: generator("template", {
      pattern: "{{{first_name|upper}}} \t{last_name|slug}-{entity}.{row} {public_key|lower}",
    }),
    hash: "460d39d6ffcf",
  },
  expression: {
    spec: generator("expression", { value: "row % 3 = 0 ? upper(left(public_key, 5)) || '\\' : row * 2.5 - 1" }),
    hash: "199c86f6d5f3",
  },
  "json 2": {
    spec: generator("json", {
      fields: {
        a: "city",
        b: { int: { max: 9 } },
        c: "bool",
        d: { x: 1, y: "name" },
        e: "null",
        f: { constant: "7" },
        g: { array: { of: { one_of: [1, 2] }, min: 2 } },
      },
    }),
    type: typeShape("jsonb"),
    hash: "467663721742",
  },
  "array 2": {
    spec: generator("array", { of: { one_of: ["a b", 'q"', "back\\slash", "", "NULL"] }, min: 0, max: 4 }),
    hash: "7a74f7e463e6",
  },
  range: { spec: generator("range"), type: INT4RANGE, hash: "89a21cf1b185" },
  "range 2": {
    spec: generator("range"),
    type: typeShape("tstzrange", { kind: "range", of: typeShape("timestamptz") }),
    hash: "a3f50d0505ad",
  },
  "range 3": {
    spec: generator("range", { of: { date: { from: "-9d" } } }),
    type: typeShape("datemultirange", {
      kind: "range",
      of: typeShape("daterange", { kind: "range", of: typeShape("date") }),
    }),
    hash: "f9f492d5930b",
  },
  composite: {
    spec: generator("composite"),
    type: typeShape("pair", { kind: "composite", attributes: [typeShape("int4"), typeShape("text"), MOOD] }),
    hash: "d707ec194899",
  },
  "bytes 2": { spec: generator("bytes", { count: 2 }), type: typeShape("bytea"), hash: "c818f367da63" },
  "bits 2": { spec: generator("bits"), type: typeShape("bit", { length: 5 }), hash: "dc559c405220" },
  "text 2": { spec: generator("text"), type: typeShape("varchar", { length: 12 }), hash: "fab61e80aca2" },
  "words 2": { spec: generator("words", { count: 2 }), hash: "eb37443d943d" },
  faker: { spec: generator("faker", { method: "internet.emoji" }), hash: "045905f8fce7" },
  "faker 2": {
    spec: generator("faker", { method: "helpers.fromRegExp", arguments: ["[A-Z]{3}[0-9]{2}"] }),
    hash: "e95e3456cf0a",
  },
  "person.jobTitle": { spec: generator("person.jobTitle"), hash: "3f90a00ad7f0" },
};

function planOf({ spec, type }: Case, more: Partial<EntityPlan> = {}): { plan: SeedPlan; entity: EntityPlan } {
  const key = fieldPlan("public_key", generator("ssh_public_key"));
  const entity = entityPlan("things", [fieldPlan("value", spec, type === undefined ? {} : { type }), key], {
    rows: ROWS,
    ...more,
  });
  return { plan: seedPlan([entity]), entity };
}

/** An independent reading of COPY's text format. */
function readCopy(bytes: Uint8Array): (string | null)[][] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) =>
    line.split("\t").map((cell) => {
      if (cell === "\\N") return null;
      let text = "";
      for (let at = 0; at < cell.length; at++) {
        if (cell[at] !== "\\") text += cell[at];
        else text += { n: "\n", t: "\t", r: "\r" }[cell[++at] ?? ""] ?? cell[at];
      }
      return text;
    }),
  );
}

function hashOf(plan: SeedPlan, entity: EntityPlan): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const piece of generateRows(plan, { ...entity, fields: entity.fields.slice(0, 1) }, 0, ROWS))
    hasher.update(piece);
  return hasher.digest("hex").slice(0, 12);
}

beforeAll(async () => {
  await prepareGenerators(
    seedPlan([entityPlan("people", [fieldPlan("a", generator("faker", { method: "person.bio" }))])]),
  );
});

test("each generator is among the cases", () => {
  const named = new Set(Object.values(CASES).map(({ spec }) => (spec.kind === "generator" ? spec.name : "")));
  expect(
    listGenerators()
      .map(({ name }) => name)
      .filter((name) => !named.has(name)),
  ).toEqual([]);
});

describe.each(Object.entries(CASES))("%s", (_, each) => {
  const { plan, entity } = planOf(each);

  test("its values are pinned", () => {
    expect(hashOf(plan, entity)).toBe(each.hash);
  });

  test("what is written is what the values are", () => {
    const maker = compileEntity(plan, entity);
    const rows = [0, 1, 2, 77, 9_999];
    const sink = createSink();
    for (const row of rows) maker.write(row, sink);
    expect(readCopy(sink.take())).toEqual(rows.map((row) => maker.values(row)));
  });
});
