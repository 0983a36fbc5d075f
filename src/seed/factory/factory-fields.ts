/** How one field's values are written in a factory file: a generator's name, one key with its options, or a reference. */
import * as v from "valibot";
import { describeIssues, findShapeMistakes, mistakeAt } from "../../config/mistakes.ts";
import { didYouMean } from "../../config/suggest.ts";
import { type Mistake, type Path, placeKey, type YamlSource } from "../../config/yaml-source.ts";
import type { FanOut, FieldSpec } from "../entity.ts";
import { findGenerator, listGenerators } from "../generate/catalogue.ts";
import { REFERENCE_OPTIONS } from "../generate/references.ts";
import type { FactoryField } from "./factory.ts";

/** What is read, and everything that is wrong with it. */
export interface FieldReader {
  source: YamlSource;
  mistakes: Mistake[];
  /** "seeds/users.yaml:12:7" */
  showPlace(path: Path): string;
}

/** Beside a generator: the share of rows that are NULL. */
const NULL_SHARE = "null_share";

/** Reads one field; what is wrong goes to the reader's mistakes, and nothing comes back. */
export function readField(reader: FieldReader, path: Path, written: unknown): FactoryField | undefined {
  const source = reader.showPlace(path);
  if (holdsNul(written)) return complain(reader, path, "holds a NUL character, which PostgreSQL does not store");
  if (typeof written === "string") return withSource(readName(reader, path, written, {}), 0, source);
  if (typeof written === "number" || typeof written === "boolean") {
    return withSource({ kind: "constant", value: written }, 0, source);
  }
  if (!isMapping(written)) return complain(reader, path, "must be a generator's name, or one key with its options");
  const { [NULL_SHARE]: share = 0, ...rest } = written;
  if (typeof share !== "number" || share < 0 || share > 1) {
    return complain(reader, [...path, NULL_SHARE], "must be a number from 0 to 1");
  }
  const [first, ...others] = Object.entries(rest);
  if (first === undefined || others.length > 0) {
    const keys = Object.keys(rest).join(", ");
    return complain(reader, path, `must be one generator with its options, not ${keys === "" ? "none" : keys}`);
  }
  const [name, options] = first;
  return withSource(readKeyed(reader, [...path, name], name, options), share, source);
}

/** Written as an escape ("\\0"): a file with the byte itself is not read at all. */
function holdsNul(written: unknown): boolean {
  return JSON.stringify(written ?? null).includes("\\u0000");
}

function withSource(spec: FieldSpec | undefined, nullShare: number, source: string): FactoryField | undefined {
  return spec === undefined ? undefined : { spec, nullShare, source };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function complain(reader: FieldReader, path: Path, message: string): undefined {
  reader.mistakes.push(mistakeAt(reader.source, path, "value", `${String(path.at(-1))} ${message}`));
  return undefined;
}

/** `{int: {min: 1}}`, `{template: "…"}`, `{"@users.id": {distribution: zipf}}`, `{constant: x}`, `{sql: "now()"}`. */
function readKeyed(reader: FieldReader, path: Path, name: string, options: unknown): FieldSpec | undefined {
  if (name === "constant") {
    const plain = typeof options === "string" || typeof options === "number" || typeof options === "boolean";
    return plain
      ? { kind: "constant", value: options }
      : complain(reader, path, "must be text, a number, true or false");
  }
  if (name === "sql") {
    const usable = typeof options === "string" && options.trim() !== "";
    return usable ? { kind: "sql", expression: options } : complain(reader, path, "must be an SQL expression");
  }
  if (name.startsWith("@") || findGenerator(name) === undefined) {
    return isMapping(options) ? readName(reader, path, name, options) : readName(reader, path, name, {});
  }
  const form = chooseForm(name, options);
  return form === undefined
    ? complain(reader, path, "takes its options as a mapping")
    : readName(reader, path, name, form);
}

/** The options, or what they are short for, as in `{weighted: {free: 80, pro: 20}}`: the form that the generator takes. */
function chooseForm(name: string, written: unknown): Readonly<Record<string, unknown>> | undefined {
  const definition = findGenerator(name);
  const short = definition?.shorthand === undefined ? undefined : { [definition.shorthand]: written };
  if (!isMapping(written)) return short;
  if (short === undefined || definition === undefined || v.is(definition.options, written)) return written;
  const entries: unknown = Reflect.get(definition.options, "entries");
  const known = isMapping(entries) ? Object.keys(entries) : [];
  if (Object.keys(written).some((key) => known.includes(key))) return v.is(definition.options, short) ? short : written;
  const { issues = [] } = v.safeParse(definition.options, short);
  return issues.some(({ path }) => path?.length === 1) ? written : short; // what it is short for is no mapping
}

function readName(
  reader: FieldReader,
  path: Path,
  name: string,
  options: Readonly<Record<string, unknown>>,
): FieldSpec | undefined {
  if (name.startsWith("@")) return readReference(reader, path, name, options);
  const definition = findGenerator(name);
  if (definition === undefined) {
    const known = listGenerators().map((each) => each.name);
    const meant = didYouMean(name, [...known, "constant", "sql"]);
    const help = meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`;
    reader.mistakes.push(
      mistakeAt(reader.source, path, "value", `there is no generator ${JSON.stringify(name)}${help}`),
    );
    return undefined;
  }
  const isRight = checkOptions(reader, path, name, definition.options, options);
  return isRight ? { kind: "generator", name: definition.name, options } : undefined;
}

/** Reports what is wrong with a generator's options, each at its own place. */
function checkOptions(
  { source, mistakes }: FieldReader,
  path: Path,
  name: string,
  schema: v.GenericSchema,
  options: object,
): boolean {
  const { issues = [] } = v.safeParse(schema, options);
  const below = sourceBelow(source, path);
  const shape = findShapeMistakes(schema, options, below);
  const inside = issues.filter((issue) => issue.path !== undefined);
  const whole = issues.length > inside.length ? [mistakeAt(source, path, "value", `${name} ${messageOf(issues)}`)] : [];
  const found = [...shape, ...describeIssues(inside, below, shape), ...(shape.length > 0 ? [] : whole)];
  const own = mistakeAt(source, path, "value", "").offset;
  mistakes.push(...found.map(({ offset, message }) => ({ message, offset: offset === 0 ? own : offset })));
  return found.length === 0;
}

function messageOf(issues: readonly v.BaseIssue<unknown>[]): string {
  const [issue] = issues.filter(({ path }) => path === undefined);
  return issue?.kind === "schema" ? "does not take these options" : (issue?.message ?? "");
}

/** The same text seen from a key in it, so that what is said names the option and not the whole path to it. */
function sourceBelow(source: YamlSource, path: Path): YamlSource {
  const prefix = `${placeKey(path)}\u0000`;
  const places = [...source.places].flatMap(([key, place]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), place] as const] : [],
  );
  return { ...source, places: new Map(places) };
}

const REFERENCE = /^@(.+)\.([^.]+)$/;

function readReference(
  reader: FieldReader,
  path: Path,
  written: string,
  options: Readonly<Record<string, unknown>>,
): FieldSpec | undefined {
  const [, entity, column] = REFERENCE.exec(written) ?? [];
  if (entity === undefined || column === undefined) {
    return complain(reader, path, `must name an entity and a column, such as "@users.id"`);
  }
  if (!checkOptions(reader, path, written, REFERENCE_OPTIONS, options)) return undefined;
  return { kind: "reference", entity, column, options };
}

const COUNT_FORMS = "a whole number up to a billion, {weighted: {1: 20, 3: 80}} or {min: 0, max: 5}";

/** Reads how many rows there are, or how many for each row of the parent. */
export function readFanOut(reader: FieldReader, path: Path, written: unknown): FanOut | undefined {
  if (isCount(written)) return { kind: "fixed", count: written };
  const wrong = () => complain(reader, path, `must be ${COUNT_FORMS}`);
  if (!isMapping(written)) return wrong();
  const { weighted, min, max, ...rest } = written;
  if (Object.keys(rest).length > 0) return wrong();
  if (isMapping(weighted) && min === undefined && max === undefined) {
    const weights = Object.entries(weighted).map(([count, weight]) => [Number(count), weight] as const);
    const read = weights.flatMap(([count, weight]) =>
      isCount(count) && typeof weight === "number" && weight > 0 ? [[count, weight] as const] : [],
    );
    const whole = read.length > 0 && read.length === weights.length;
    return whole ? { kind: "weighted", weights: new Map(read) } : wrong();
  }
  if (weighted !== undefined || !isCount(min) || !isCount(max) || min > max) return wrong();
  return { kind: "random", min, max };
}

const MOST_ROWS = 1_000_000_000;

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MOST_ROWS;
}
