/** The files that a compose project is made of: those that are named, and those that they include or extend. */
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
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

function namedIn(text: string): string[] {
  let whole: unknown;
  try {
    whole = parse(text, { logLevel: "silent", merge: true });
  } catch {
    return []; // compose refuses it, too
  }
  const services = Object.values(objectAt(whole, "services") ?? {});
  const extended = services.map((service: unknown) => objectAt(objectAt(service, "extends"), "file"));
  return [objectAt(whole, "include"), ...extended].flatMap(pathsOf);
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
