/**
 * Files in which Spring, Quarkus, Micronaut and .NET configure their database, and the variables of the environment by
 * which each setting is overridden there.
 */
import { basename } from "node:path";
import { loadTextFile } from "../config/text-file.ts";

/** A setting whose value is text. */
export interface Setting {
  /** As the file has it: `spring.datasource.url`, `ConnectionStrings:Default`. */
  key: string;
  /** What the environment calls it: SPRING_DATASOURCE_URL, ConnectionStrings__Default. */
  variable: string;
  value: string;
}

const SETTINGS_FILE = /^(?:application(?:-[\w-]+)?\.(?:properties|ya?ml)|appsettings(?:\.\w+)?\.json)$/;

/** Not a developer's own: each says which stage it is for. */
const OTHER_STAGE = /[.-](?:test|tests|it|ci|stag\w*|prod\w*|example|template)(?=[.-])/i;

/** Whether the file is one of those. */
export function isSettingsFile(name: string): boolean {
  return SETTINGS_FILE.test(name) && !OTHER_STAGE.test(name);
}

/** All settings of a file that are text; none of a file that is broken. `${NAME:default}` are put in from the variables. */
export async function readSettings(path: string, variables: Readonly<Record<string, string>>): Promise<Setting[]> {
  try {
    const text = await loadTextFile(path, "the settings");
    const name = basename(path);
    if (name.endsWith(".json")) return flatten(Bun.JSONC.parse(text), []).map(asDotnet);
    const found = name.endsWith(".properties") ? readProperties(text) : flatten(await readYaml(text), []);
    return found.map((each) => asSpring(each, variables));
  } catch {
    return [];
  }
}

type Leaf = [path: string[], value: string];

/** A file may hold several documents; what comes later goes before. */
async function readYaml(text: string): Promise<unknown[]> {
  const { parseAllDocuments } = await import("yaml");
  const documents = parseAllDocuments(text);
  return Array.isArray(documents) ? documents.map((each) => each.toJS() as unknown) : [];
}

function flatten(value: unknown, path: string[]): Leaf[] {
  if (typeof value === "string") return [[path, value]];
  if (Array.isArray(value)) return path.length === 0 ? value.flatMap((each) => flatten(each, path)) : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]: [string, unknown]) => flatten(each, [...path, key]));
}

function readProperties(text: string): Leaf[] {
  const lines = text.replace(/\\\r?\n\s*/g, "").split(/\r?\n/);
  return lines.flatMap((line): Leaf[] => {
    const [, key, value] = /^\s*([^#!\s=:](?:\\.|[^\s=:\\])*)\s*[=:\s]\s*(.*?)\s*$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[[key], value.replace(/\\(.)/g, "$1")]];
  });
}

function asDotnet([path, value]: Leaf): Setting {
  return { key: path.join(":"), variable: path.join("__"), value };
}

function asSpring([path, written]: Leaf, variables: Readonly<Record<string, string>>): Setting {
  const key = path.join(".");
  const value = written.replace(/\$\{([^}:]+)(?::([^}]*))?\}/g, (whole, name: string, usual?: string) => {
    return variables[name] ?? variables[relaxed(name)] ?? usual?.replace(/^`|`$/g, "") ?? whole;
  });
  return { key, variable: relaxed(key), value };
}

/** How Spring and its kin look for a setting among the environment's variables. */
function relaxed(key: string): string {
  return key
    .replaceAll("-", "")
    .replaceAll(/[^A-Za-z0-9]/g, "_")
    .toUpperCase();
}
