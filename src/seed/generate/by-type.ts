/** What a column gets by its type alone, where nothing else is known of it. */
import type { TypeShape } from "../entity.ts";

/** A generator as a factory file has it. */
export interface GeneratorUse {
  name: string;
  options: Readonly<Record<string, unknown>>;
}

const BY_NAME: Readonly<Record<string, string>> = {
  ...{ int2: "int", int4: "int", int8: "int", numeric: "numeric", float4: "float", float8: "float", money: "price" },
  ...{ text: "words", varchar: "words", bpchar: "words", char: "words", citext: "words", name: "words", oid: "int" },
  ...{ bool: "bool", date: "date", time: "time", timetz: "time", timestamp: "time", timestamptz: "time" },
  ...{ interval: "interval", uuid: "uuid", json: "json", jsonb: "json", bytea: "bytes", bit: "bits", varbit: "bits" },
  ...{ inet: "ipv4", cidr: "ipv4", macaddr: "mac", macaddr8: "macaddr8", xml: "xml", tsvector: "tsvector" },
  ...{ tsquery: "tsquery", point: "point", line: "line", lseg: "lseg", box: "box", path: "path", polygon: "polygon" },
  ...{ circle: "circle", pg_lsn: "pg_lsn", hstore: "hstore", ltree: "ltree" },
};

/** Texts that types of extensions, and PostgreSQL's seldom ones, take; for a check digit stands a question mark. */
const BY_PATTERN: Readonly<Record<string, string>> = {
  ...{
    cube: "\\([1-9][0-9]?, [1-9][0-9]?, [1-9][0-9]?\\)",
    seg: "[1-9]\\.\\.[1-9][0-9]",
    query_int: "[1-9]&[1-9][0-9]?",
  },
  ...{ lquery: "[a-z]{3,6}\\.\\*", ltxtquery: "[a-z]{3,6} & [a-z]{3,6}", pg_snapshot: "1[0-9]:2[0-9]:" },
  ...{ isbn13: "978[0-9]{9}\\?", isbn: "[0-9]{9}\\?", ean13: "40[0-9]{10}\\?", upc: "0[0-9]{10}\\?" },
  ...{ issn: "[0-9]{7}\\?", issn13: "977[0-9]{7}00\\?", ismn: "M[0-9]{8}\\?", ismn13: "9790[0-9]{8}\\?" },
  ...{ xid: "[1-9][0-9]{2,6}", xid8: "[1-9][0-9]{2,6}", cid: "[1-9]" },
  ...{ regclass: "pg_(class|type|proc)", regtype: "(text|int4|date)", regconfig: "(simple|english)" },
  ...{ regnamespace: "(pg_catalog|public)", txid_snapshot: "1[0-9]:2[0-9]:" },
};

/** Points on the globe as earthdistance has them: where its axes meet the ground. */
const EARTH = ["x", "y", "z"].flatMap((axis) =>
  [6_378_168, -6_378_168].map((radius) => `(${["x", "y", "z"].map((own) => (own === axis ? radius : 0)).join(", ")})`),
);

/** The generator for a domain of an extension whose checks no other one keeps to. */
export function findDomainGenerator({ name, kind }: TypeShape): GeneratorUse | undefined {
  return kind === "domain" && name === "earth" ? { name: "one_of", options: { values: EARTH } } : undefined;
}

/** The generator for a type; undefined where its values cannot be made up. */
export function findTypeGenerator(type: TypeShape): GeneratorUse | undefined {
  if (type.kind === "domain") return type.of === undefined ? undefined : findTypeGenerator(type.of);
  if (type.kind === "enum") return { name: "enum", options: {} };
  if (type.kind === "array" || type.kind === "range") {
    return type.of === undefined || findTypeGenerator(type.of) === undefined
      ? undefined
      : { name: type.kind, options: {} };
  }
  if (type.kind === "composite") {
    const parts = type.attributes ?? [];
    const known = parts.length > 0 && parts.every((part) => findTypeGenerator(part) !== undefined);
    return known ? { name: "composite", options: {} } : undefined;
  }
  const name = Object.hasOwn(BY_NAME, type.name) ? BY_NAME[type.name] : undefined;
  if (name !== undefined) return { name, options: {} };
  const pattern = Object.hasOwn(BY_PATTERN, type.name) ? BY_PATTERN[type.name] : undefined;
  return pattern === undefined ? undefined : { name: "regex", options: { pattern: `^${pattern}$` } };
}
