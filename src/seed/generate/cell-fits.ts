/** Which generators go with which types, and how what they make stands in arrays and JSON. */
import type { TypeShape } from "../entity.ts";
import type { GeneratorUse } from "./by-type.ts";
import { type CellSite, type GeneratorDefinition, isTextType } from "./site.ts";
import { plainType } from "./types.ts";

const TEXT: TypeShape = { name: "text", kind: "base", labels: [], checks: [], notNull: false };

const JSON_TYPES: ReadonlySet<string> = new Set(["json", "jsonb"]);
/** Values of these types stand in JSON without quotes. */
const BARE: ReadonlySet<string> = new Set(["numeric", "bool", "jsonb"]);

/** Within JSON, only what makes arrays of it needs to know of it. */
export function typeOfPart(type: TypeShape | undefined, { name }: GeneratorDefinition): TypeShape {
  return type === undefined || (JSON_TYPES.has(type.name) && name !== "array") ? TEXT : plainType(type);
}

/** Whether the values stand in JSON without quotes: numbers, truth values, and what is JSON itself. */
export function isBare(
  { fits = [], name }: GeneratorDefinition,
  { options }: GeneratorUse,
  { type }: CellSite,
): boolean {
  if (name === "array") return JSON_TYPES.has(type.name);
  const values = Array.isArray(options.values) ? options.values : [options.value];
  return fits.some((fit) => BARE.has(fit)) || values.every((value) => ["number", "boolean"].includes(typeof value));
}

/** A column of an array gets arrays of what the generator makes, but for those that make the whole. */
const WHOLES: ReadonlySet<string> = new Set(["array", "null", "constant", "expression", "template"]);

export function wantsElements({ name }: GeneratorDefinition, type: TypeShape): boolean {
  return type.kind === "array" && !WHOLES.has(name);
}

/** Throws where the generator makes nothing that the column's type takes. */
export function requireFit({ name, fits }: GeneratorDefinition, site: CellSite): void {
  if (fits === undefined || site.type.kind !== "base" || isTextType(site.type) || fits.includes(site.type.name)) return;
  throw site.mistake(
    `${name} makes nothing that a ${site.type.name} takes`,
    `${name} is for: text, ${fits.join(", ")}`,
  );
}
