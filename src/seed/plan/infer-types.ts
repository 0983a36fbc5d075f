/** What a column is filled with when its type alone is known. */

import type { TypeShape } from "../entity.ts";
import { findTypeGenerator } from "../generate/by-type.ts";
import type { ColumnRule } from "./infer-checks.ts";
import type { Wanted } from "./infer-names.ts";
import { numberWithin, timeWithin } from "./infer-ranges.ts";

const TEXTS: ReadonlySet<string> = new Set(["text", "varchar", "bpchar", "citext", "name"]);
const NUMBERS: ReadonlySet<string> = new Set(["int2", "int4", "int8", "oid", "numeric", "float4", "float8", "money"]);
const TIMES: ReadonlySet<string> = new Set(["date", "timestamp", "timestamptz"]);

/** The generator for a type, domains being what they stand on; undefined when nothing is known of it. */
export function wantedByType(type: TypeShape, rule: ColumnRule): Wanted | undefined {
  const { kind, name, attributes } = type;
  if (kind === "base" && NUMBERS.has(name)) return numberWithin(type, rule);
  if (kind === "base" && TIMES.has(name)) return timeWithin(type, rule);
  if (kind === "base" && TEXTS.has(name)) {
    if (rule.pattern !== undefined) return textLike(rule.pattern);
    if ((rule.minLength ?? 0) > 1) return textLike(`[a-z0-9]{${rule.minLength},${longest(type, rule)}}`);
  }
  if (kind === "base" && name === "jsonpath") return constant("$");
  const found = findTypeGenerator(type);
  if (found !== undefined || kind !== "composite") return found;
  return constant(`(${",".repeat(Math.max(0, (attributes?.length ?? 0) - 1))})`); // a row of NULLs
}

function constant(value: string): Wanted {
  return { name: "constant", options: { value } };
}

/** How many characters there may be; where nothing says it, a few more than there must be. */
function longest({ length }: TypeShape, { minLength = 0, maxLength }: ColumnRule): number {
  return Math.max(minLength, Math.min(length ?? minLength + 8, maxLength ?? minLength + 8));
}

/** Text that matches a regular expression; what anchors it is not part of it. */
function textLike(pattern: string): Wanted {
  const bare = withPlainClasses(pattern).replace(/^\^|(?<!\\)\$$/g, "");
  return { name: "faker", options: { method: "helpers.fromRegExp", arguments: [bare] } };
}

const CLASSES: Readonly<Record<string, string>> = {
  ...{ alpha: "a-zA-Z", digit: "0-9", alnum: "a-zA-Z0-9", upper: "A-Z", lower: "a-z", xdigit: "0-9a-f", space: "\\s" },
};

/** PostgreSQL's `[[:digit:]]` as JavaScript has it. */
export function withPlainClasses(pattern: string): string {
  return pattern.replace(/\[:(\w+):\]/g, (whole, name: string) => CLASSES[name] ?? whole);
}
