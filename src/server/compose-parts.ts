/** The files that a compose project is made of: those that are named, and those that they include or extend. */
import { dirname, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { readTextIfExists } from "../sys/files.ts";
import { objectAt } from "../sys/untyped.ts";
import { interpolate, type Variables } from "./compose-project.ts";

/** Each of them once, as far as they are there. What lies on another machine is named in one of them. */
export async function listComposeParts(files: readonly string[], variables: Variables = {}): Promise<string[]> {
  const found = new Set<string>();
  const left = [...files];
  for (let file = left.shift(); file !== undefined; file = left.shift()) {
    if (found.has(file)) continue;
    const text = await readTextIfExists(file).catch(() => undefined);
    if (text === undefined) continue;
    found.add(file);
    const folder = dirname(file);
    left.push(...namedIn(text).flatMap((path) => readingsOf(path, variables).map((each) => resolve(folder, each))));
  }
  return [...found];
}

/** What the documents of a compose file say; nothing where they are no YAML: compose refuses that, too. */
export function readDocuments(text: string): unknown[] {
  const documents = parseAllDocuments(text, { logLevel: "silent", merge: true });
  return documents.flatMap((each) => (each.errors.length > 0 ? [] : [each.toJS() as unknown]));
}

function namedIn(text: string): string[] {
  return readDocuments(text).flatMap((whole) => {
    const services = Object.values(Object(objectAt(whole, "services")));
    const extended = services.map((service: unknown) => objectAt(objectAt(service, "extends"), "file"));
    return [objectAt(whole, "include"), ...extended].flatMap(pathsOf);
  });
}

/** Where compose reads an included part: the folder that its paths begin in, and the env files of its variables. */
export interface Inclusion {
  folder: string;
  envFiles: readonly string[];
}

/** Of all parts that are included, as far as each part's own folder and the project's tell. */
export async function listInclusions(parts: readonly string[], variables: Variables = {}): Promise<Inclusion[]> {
  const project = dirname(parts[0] ?? ".");
  const all = parts.map(async (file) => {
    const text = (await readTextIfExists(file).catch(() => undefined)) ?? "";
    const entries = readDocuments(text).flatMap((whole) => entriesOf(objectAt(whole, "include")));
    return [...new Set([dirname(file), project])].flatMap((base) =>
      entries.flatMap((entry) => inclusionsOf(entry, base, variables)),
    );
  });
  return (await Promise.all(all)).flat();
}

function entriesOf(include: unknown): unknown[] {
  return Array.isArray(include) ? include : [include];
}

function inclusionsOf(entry: unknown, base: string, variables: Variables): Inclusion[] {
  const read = (path: string, from = base) => readingsOf(path, variables).map((each) => resolve(from, each));
  const [first] = pathsOf(entry);
  if (first === undefined) return [];
  const named = objectAt(entry, "project_directory");
  const folders = typeof named === "string" ? read(named) : read(first).map((each) => dirname(each));
  const files = stringsOf(...[objectAt(entry, "env_file")].flat());
  return folders.map((folder) => ({
    folder,
    envFiles: files.length === 0 ? [resolve(folder, ".env")] : files.flatMap((each) => read(each)),
  }));
}

export function stringsOf(...values: unknown[]): string[] {
  return values.filter((each) => typeof each === "string");
}

/** A path, a list of them, or what has it under `path`. */
function pathsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(pathsOf);
  const path = objectAt(value, "path");
  return path === undefined ? [] : pathsOf(path);
}

/**
 * What a path may stand for: with the values that its variables have here, and as it is without any, since compose may be
 * started elsewhere and `${PWD}` be another.
 */
export function readingsOf(path: string, variables: Variables): string[] {
  const known = interpolate(path, variables);
  return [...new Set([known ?? path, withDefaults(path)])].filter((each) => each !== "");
}

/** A path whose variables have their defaults. One without, at its beginning, is taken for the folder, as `${PWD}` is. */
function withDefaults(path: string): string {
  return path.replace(/\$\{\w+:?-([^{}]*)\}/g, "$1").replace(/^\$(?:\w+|\{\w+[^{}]*\})(?=$|[/:])/, ".");
}
