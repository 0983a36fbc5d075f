/** What is wrong with a configuration, in words, each at its place in the text. */
import type { BaseIssue } from "valibot";
import { objectAt } from "../sys/untyped.ts";
import { ONE_OF_ITS_KEYS } from "./schema-parts.ts";
import { didYouMean } from "./suggest.ts";
import { type Mistake, type Path, type Place, placeKey, showPath, type YamlSource } from "./yaml-source.ts";

/** The schema itself (valibot's say what keys there are), without what makes it optional. (A pipe has its first schema's members.) */
function innermost(schema: unknown): unknown {
  const wrapped = objectAt(schema, "wrapped");
  return wrapped === undefined ? schema : innermost(wrapped);
}

/** Of one mapping or several the form that was written. */
function chooseOption(schema: unknown, value: unknown): unknown {
  const options = objectAt(schema, "options");
  if (objectAt(schema, "type") !== "union" || !Array.isArray(options)) return schema;
  const wanted = Array.isArray(value) ? "array" : "strict_object";
  return options.map(innermost).find((option) => objectAt(option, "type") === wanted) ?? schema;
}

/** The issues, those of several forms as what is wrong with the form that was written. */
export function flattenIssues(issues: readonly BaseIssue<unknown>[]): BaseIssue<unknown>[] {
  return issues.flatMap((issue) => {
    const inner = issue.type === "union" ? (issue.issues ?? []) : [];
    const other = Array.isArray(issue.input) ? "strict_object" : "array";
    const meant = inner.filter(({ type, path }) => path !== undefined || type !== other);
    if (typeof issue.input !== "object" || issue.input === null || meant.length === 0) return [issue];
    return flattenIssues(meant).map((each): BaseIssue<unknown> => {
      const [first, ...rest] = [...(issue.path ?? []), ...(each.path ?? [])];
      return first === undefined ? each : { ...each, path: [first, ...rest] };
    });
  });
}

/** One that the shape of what is written has, so that nothing else needs to be said of the same place. */
export interface ShapeMistake extends Mistake {
  path: Path;
  /** It is a list where a mapping belongs: what is in it is not judged. */
  isList: boolean;
}

/** Unknown keys, all of them (valibot names only the first of each mapping), and lists where a mapping belongs. */
export function findShapeMistakes(
  schema: unknown,
  value: unknown,
  source: YamlSource,
  path: Path = [],
): ShapeMistake[] {
  const inner = chooseOption(innermost(schema), value);
  const type = objectAt(inner, "type");
  if (typeof value !== "object" || value === null) return [];
  if (type === "array") {
    if (!Array.isArray(value)) return [];
    return value.flatMap((item, at) => findShapeMistakes(objectAt(inner, "item"), item, source, [...path, at]));
  }
  if (type !== "strict_object" && type !== "record") return [];
  if (Array.isArray(value)) {
    const mistake = mistakeAt(source, path, "value", `${nameOf(path)} must be a mapping, not a list`);
    return [{ ...mistake, path, isList: true }];
  }
  return Object.entries(value).flatMap(([key, child]) => {
    const at = [...path, key];
    if (type === "record") return findShapeMistakes(objectAt(inner, "value"), child, source, at);
    const entries = objectAt(inner, "entries");
    const known = typeof entries === "object" && entries !== null ? Object.keys(entries) : [];
    if (known.includes(key)) return findShapeMistakes(objectAt(entries, key), child, source, at);
    return [{ ...mistakeAt(source, at, "key", describeUnknown(key, path, known)), path: at, isList: false }];
  });
}

function describeUnknown(key: string, parent: Path, known: string[]): string {
  const meant = didYouMean(key, known);
  const place = parent.length === 0 ? "" : ` in ${showPath(parent)}`;
  const help = meant === undefined ? ` (known: ${known.join(", ")})` : `; did you mean ${JSON.stringify(meant)}?`;
  return `unknown key ${shorten(key)}${place}${help}`;
}

/** What valibot found, without what findShapeMistakes says better. */
export function describeIssues(
  issues: readonly BaseIssue<unknown>[],
  source: YamlSource,
  shapeMistakes: readonly ShapeMistake[],
): Mistake[] {
  const mistakes: Mistake[] = [];
  for (const issue of flattenIssues(issues)) {
    const path = pathOf(issue);
    if (issue.type === "strict_object" && issue.expected === "never") continue;
    const place = source.places.get(placeKey(path));
    const complained =
      issue.input === undefined && !isMissingKey(issue) && place !== undefined && place.interpolated === undefined;
    if (complained || shapeMistakes.some((mistake) => mistake.isList && isBelow(path, mistake.path))) continue;
    const isOfKeys = issue.expected === ONE_OF_ITS_KEYS;
    if (isOfKeys && shapeMistakes.some((mistake) => !mistake.isList && isBelow(mistake.path, path))) continue;
    mistakes.push(describeIssue(issue, path, source));
  }
  return mistakes;
}

function isBelow(path: Path, above: Path): boolean {
  return path.length > above.length && above.every((part, index) => path[index] === part);
}

function isMissingKey({ type, expected }: BaseIssue<unknown>): boolean {
  return type === "strict_object" && expected?.startsWith('"') === true;
}

export function pathOf(issue: BaseIssue<unknown>): Path {
  return (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
}

function describeIssue(issue: BaseIssue<unknown>, path: Path, source: YamlSource): Mistake {
  const unset = source.places.get(placeKey(path))?.interpolated?.missing;
  if (issue.input === undefined && unset !== undefined && unset.length > 0) {
    return mistakeAt(
      source,
      path,
      "value",
      `${nameOf(path)} needs ${unset.map(({ name }) => name).join(", ")}: set neither in the environment nor in the env file`,
    );
  }
  if (isMissingKey(issue)) {
    return mistakeAt(
      source,
      path.slice(0, -1),
      "key",
      `${nameOf(path.slice(0, -1))} needs the key ${JSON.stringify(path.at(-1))}`,
    );
  }
  const side = issue.path?.at(-1)?.origin === "key" || issue.type === "raw_check" ? "key" : "value";
  if (side === "key" && issue.type === "regex") {
    return mistakeAt(
      source,
      path,
      side,
      `${shorten(String(path.at(-1)))} in ${nameOf(path.slice(0, -1))} ${issue.message}`,
    );
  }
  const wanted = issue.kind === "schema" ? describeWanted(issue, source.places.get(placeKey(path))) : issue.message;
  return mistakeAt(source, path, side, `${nameOf(path)} ${wanted}`);
}

const WANTED: Record<string, string> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  strict_object: "a mapping",
  record: "a mapping",
};

function describeWanted(issue: BaseIssue<unknown>, place: Place | undefined): string {
  if (issue.type !== "picklist")
    return `must be ${WANTED[issue.type] ?? issue.expected}, not ${describeKind(issue.input)}`;
  const options = (issue.expected ?? "").replace(/[()"]/g, "").split(" | ");
  const list = options.length < 2 ? options.join() : `${options.slice(0, -1).join(", ")} or ${options.at(-1)}`;
  if (typeof issue.input !== "string") return `must be ${list}, not ${describeKind(issue.input)}`;
  if (place?.interpolated !== undefined) return `must be ${list}, which its variable's value is not`; // may be a secret
  const meant = didYouMean(issue.input, options);
  return `must be ${list}, not ${shorten(issue.input)}${meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`}`;
}

function describeKind(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "boolean") return "true or false";
  return typeof value === "string" ? "text" : "a number";
}

function nameOf(path: Path): string {
  return path.length === 0 ? "pgrove.yaml" : showPath(path);
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** A mistake at the deepest part of the path that stands in the file. */
export function mistakeAt(source: YamlSource, path: Path, side: "key" | "value", message: string): Mistake {
  for (let length = path.length; length > 0; length--) {
    const place = source.places.get(placeKey(path.slice(0, length)));
    if (place === undefined) continue;
    const exact = length === path.length;
    return { offset: exact && side === "value" ? place.valueOffset : place.keyOffset, message };
  }
  return { offset: 0, message };
}
