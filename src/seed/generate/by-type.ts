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
  return name === undefined ? undefined : { name, options: {} };
}
