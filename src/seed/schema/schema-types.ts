/** PostgreSQL's types as rows of pg_type, made into what a value needs to know of them. */
import type { TypeShape } from "../entity.ts";

/** A row of pg_type, with what belongs to it. */
export interface TypeRow {
  oid: number;
  name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, r range, m multirange, p pseudo. */
  type: string;
  /** What an array holds; 0 for what is no array. */
  element: number;
  /** What a domain stands on, and with what modifier; 0 for others. */
  base: number;
  modifier: number;
  /** What a range holds, or the range that a multirange holds; 0 for others. */
  subtype: number;
  notNull: boolean;
  labels: string[];
  checks: string[];
  /** The types of a composite type's attributes, with their modifiers. */
  attributes: [type: number, modifier: number][];
}

/** Domains over domains, arrays of composites and so on end somewhere; a composite may hold an array of itself. */
const MAX_DEPTH = 12;

/** A column's type from the types' rows. `modifier` is pg_attribute.atttypmod, -1 for none. */
export function shapeType(types: ReadonlyMap<number, TypeRow>, oid: number, modifier: number, depth = 0): TypeShape {
  const row = types.get(oid);
  if (row === undefined || depth > MAX_DEPTH) {
    return { name: "unknown", kind: "base", labels: [], checks: [], notNull: false };
  }
  const within = (inner: number, innerModifier = -1) => shapeType(types, inner, innerModifier, depth + 1);
  const { name, labels, checks, notNull } = row;
  const shape: TypeShape = { name, kind: "base", labels, checks, notNull };
  if (row.type === "e") return { ...shape, kind: "enum" };
  if (row.type === "d") return { ...shape, kind: "domain", of: within(row.base, row.modifier) };
  if (row.type === "r" || row.type === "m") return { ...shape, kind: "range", of: within(row.subtype) };
  if (row.type === "c") {
    return { ...shape, kind: "composite", attributes: row.attributes.map(([type, own]) => within(type, own)) };
  }
  if (row.element !== 0) return { ...shape, kind: "array", of: within(row.element, modifier) };
  return { ...shape, ...readModifier(name, modifier) };
}

/**
 * The length or precision that a type modifier holds. The formats are those of varchartypmodin, bittypmodin and
 * numerictypmodin in PostgreSQL's sources: lengths of text count 4 bytes of header, a scale is a signed number of 11 bits.
 */
function readModifier(name: string, modifier: number): Partial<TypeShape> {
  if (modifier < 0) return name === "bpchar" || name === "bit" ? { length: 1 } : {};
  if (name === "varchar" || name === "bpchar") return { length: modifier - 4 };
  if (name === "bit" || name === "varbit") return { length: modifier };
  if (name !== "numeric") return {};
  const packed = modifier - 4;
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 };
}

/** The type that values are really of: what a domain stands on, however many there are between. */
export function baseOf(type: TypeShape): TypeShape {
  return type.kind === "domain" && type.of !== undefined ? baseOf(type.of) : type;
}

/** The checks of a domain and of those that it stands on, as PostgreSQL prints them, with VALUE. */
export function checksOf(type: TypeShape): readonly string[] {
  return type.kind === "domain" && type.of !== undefined ? [...type.checks, ...checksOf(type.of)] : [];
}
