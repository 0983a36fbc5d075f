/** Which compose project a file belongs to, found as compose finds it, without the 100 ms that asking it costs. */
import { basename, dirname } from "node:path";
import { parseEnv } from "../config/env-file.ts";
import { configError } from "../errors.ts";
import { errorCode, pathExists, readTextIfExists } from "../sys/files.ts";
import { objectAt } from "../sys/untyped.ts";

export interface ProjectName {
  name: string;
  /** Where the name comes from. A folder's name is a guess that strangers can share. */
  from: "pgrove.yaml" | "environment" | "file" | "folder";
  /** Compose must be told it, for it would find another one. */
  given?: boolean;
}

/** A folder's or file's name as a project name: `[a-z0-9][a-z0-9_-]*`, as compose-go normalises it. */
export function normaliseProjectName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
}

export type Variables = Readonly<Record<string, string | undefined>>;

export interface ProjectSource {
  files: readonly string[];
  project?: string;
  env: Variables;
}

/**
 * The project's name: pgrove.yaml, COMPOSE_PROJECT_NAME, the last file's `name:`, the first file's folder. Undefined
 * when a `name:` is written in a way that only compose can read.
 */
export async function findProjectName({ files, project, env }: ProjectSource): Promise<ProjectName | undefined> {
  if (project !== undefined) return { name: project, from: "pgrove.yaml" };
  const first = files[0] ?? "";
  const envText = (await readComposeEnvFile(first)) ?? "";
  const fromEnv = env.COMPOSE_PROJECT_NAME ?? readVariables(envText, "COMPOSE_PROJECT_NAME").COMPOSE_PROJECT_NAME;
  if (fromEnv) return { name: fromEnv, from: "environment" };
  let name: string | undefined;
  for (const file of files) name = (await readFileName(file)) ?? name;
  if (name === undefined) return nameOfFolder(dirname(first));
  const interpolated = name.includes("$") ? interpolate(name, { ...readVariables(envText, "="), ...env }) : name;
  return interpolated === undefined ? undefined : { name: normaliseProjectName(interpolated), from: "file" };
}

/** That of a devcontainer's folder is given by what starts it, since compose would call all of them alike. */
function nameOfFolder(folder: string): ProjectName {
  const own = basename(folder);
  if (own !== ".devcontainer") return { name: normaliseProjectName(own), from: "folder" };
  return { name: normaliseProjectName(`${basename(dirname(folder))}_devcontainer`), from: "folder", given: true };
}

/** The variables of compose's env file for a project; none when its text does not hold what is looked for. */
export async function readComposeVariables(firstFile: string, looksFor: string): Promise<Variables> {
  return readVariables((await readComposeEnvFile(firstFile)) ?? "", looksFor);
}

async function readComposeEnvFile(firstFile: string): Promise<string | undefined> {
  const envFile = await findComposeEnvFile(firstFile);
  return envFile === undefined ? undefined : await readTextIfExists(envFile);
}

/** The variables of an env file, which is read only when the text holds what is looked for. */
function readVariables(text: string, looksFor: string): Variables {
  return text.includes(looksFor) ? parseEnv(text) : {};
}

/**
 * The `.env` that compose is to read: beside the first file, else the nearest one above it inside the repository,
 * since people call `docker compose -f deployment/docker-compose.yml` from the root and compose then reads the one there.
 */
export async function findComposeEnvFile(firstFile: string): Promise<string | undefined> {
  for (let folder = dirname(firstFile); ; folder = dirname(folder)) {
    const candidate = `${folder}/.env`;
    if ((await readableText(candidate)) !== undefined) return candidate;
    if (folder === dirname(folder) || (await pathExists(`${folder}/.git`))) return undefined;
  }
}

async function readableText(path: string): Promise<string | undefined> {
  try {
    return await readTextIfExists(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "EISDIR" || code === "EACCES") return undefined; // a virtual environment called .env
    throw error;
  }
}

const PLAIN_NAME = /^name:[ \t]+(["']?)([A-Za-z0-9._-]+)\1[ \t]*(?:#.*)?\r?$/m;

/** The file's top-level `name:`. The parser is loaded only where a pattern does not do. */
async function readFileName(file: string): Promise<string | undefined> {
  const text = await readTextIfExists(file);
  if (text === undefined) {
    throw configError(
      `the compose file ${file} does not exist`,
      "check server.compose.file in pgrove.yaml, and COMPOSE_FILE",
    );
  }
  const plain = PLAIN_NAME.exec(text)?.[2];
  if (plain !== undefined) return plain;
  const mayHaveName = /^["']?name["']?\s*:/m.test(text) || /^\s*\{/.test(text);
  if (!mayHaveName) return undefined;
  const { parse } = await import("yaml");
  try {
    // `merge` for anchors, `logLevel` so that compose's own tags (!reset, !override) draw no warning.
    const name = objectAt(parse(text, { merge: true, logLevel: "error" }), "name");
    return name === undefined || name === null ? undefined : String(name);
  } catch (cause) {
    throw configError(`the compose file ${file} is not valid YAML: ${String(cause).split("\n")[0]}`);
  }
}

/** `$X`, `${X}`, `${X:-default}` and `${X-default}` put in; undefined for what only compose can read. */
export function interpolate(text: string, variables: Variables): string | undefined {
  let unknown = false;
  const done = text.replace(
    /\$(?:(\$)|(\w+)|\{(\w+)(?:(:?-)([^${}]*))?\}|)/g,
    (_all, dollar?: string, bare?: string, braced?: string, operator?: string, otherwise?: string) => {
      if (dollar !== undefined) return "$";
      const variable = bare ?? braced;
      if (variable === undefined) {
        unknown = true;
        return "";
      }
      const value = variables[variable];
      const absent = operator === ":-" ? !value : value === undefined;
      return (absent ? otherwise : value) ?? "";
    },
  );
  return unknown ? undefined : done;
}
