import * as v from "valibot";
import { type Config, configSchema } from "./config-schema.ts";
import { describeIssues, findShapeMistakes, flattenIssues, mistakeAt, pathOf } from "./mistakes.ts";
import { type PathPlace, resolvePaths } from "./paths.ts";
import { type Mistake, type Path, placeKey, showPath, type YamlSource } from "./yaml-source.ts";

/** The configuration, or everything that is wrong with it. */
export async function validate(
  source: YamlSource,
  place: PathPlace,
): Promise<{ config: Config | undefined; mistakes: Mistake[] }> {
  const mistakes = [...source.mistakes];
  if (source.value === undefined && mistakes.length > 0) return { config: undefined, mistakes };
  const value = source.value ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    return {
      config: undefined,
      mistakes: [...mistakes, { offset: 0, message: "must be a mapping of keys to values" }],
    };
  }
  const shape = findShapeMistakes(configSchema, value, source);
  mistakes.push(...shape);
  const first = v.safeParse(configSchema, value);
  const result =
    first.success || !convertScalars(first.issues, value, source) ? first : v.safeParse(configSchema, value);
  if (!result.success) {
    mistakes.push(...describeIssues(result.issues, source, shape));
    return { config: undefined, mistakes };
  }
  const config = await resolvePaths(result.output, place, (path, message) =>
    mistakes.push(mistakeAt(source, path, "value", `${showPath(path)} ${message}`)),
  );
  return { config, mistakes };
}

/**
 * Takes scalars as the schema wants them where only YAML's guess differs: a password of digits is text, and a number
 * that came out of a variable is a number. True when something was changed.
 */
function convertScalars(issues: readonly v.BaseIssue<unknown>[], value: object, source: YamlSource): boolean {
  let changed = false;
  for (const issue of flattenIssues(issues)) {
    const path = pathOf(issue);
    const place = source.places.get(placeKey(path));
    const better =
      takesText(issue) && typeof issue.input !== "object"
        ? place?.written
        : place?.interpolated === undefined
          ? undefined
          : readScalar(issue.type, issue.input);
    if (better === undefined) continue;
    replaceAt(value, path, better);
    changed = true;
  }
  return changed;
}

/** Whether text would do, alone or beside something else. */
function takesText({ type, issues }: v.BaseIssue<unknown>): boolean {
  return type === "string" || (type === "union" && (issues?.some((each) => each.type === "string") ?? false));
}

function readScalar(type: string, text: unknown): number | boolean | undefined {
  if (type === "number" && typeof text === "string" && /^-?[0-9]{1,15}$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return undefined;
}

function replaceAt(root: object, path: Path, value: unknown): void {
  let parent: unknown = root;
  for (const part of path.slice(0, -1)) {
    if (typeof parent !== "object" || parent === null) return;
    parent = Reflect.get(parent, part);
  }
  const last = path.at(-1);
  if (typeof parent === "object" && parent !== null && last !== undefined) Reflect.set(parent, last, value);
}
