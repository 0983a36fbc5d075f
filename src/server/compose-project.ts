/** Which compose project a file belongs to, found as compose finds it, without the 100 ms that asking it costs. */
import { basename, dirname, resolve } from "node:path";
import { parseEnvBehind } from "../config/env-file.ts";
import { expandParts, readReferences } from "../config/expansion.ts";
import { configError } from "../errors.ts";
import { errorCode, pathExists, readTextIfExists } from "../sys/files.ts";
import { objectAt } from "../sys/untyped.ts";

export interface ProjectName {
  name: string;
  /** Where the name comes from: a compose file's or an env file's, too. A folder's is a guess that strangers can share. */
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
  if (env.COMPOSE_PROJECT_NAME) return { name: env.COMPOSE_PROJECT_NAME, from: "environment" };
  const written = await readComposeVariables(first, env, "COMPOSE_PROJECT_NAME");
  if (written.COMPOSE_PROJECT_NAME) {
    // Whether compose reads an env file above the first file depends on its version, and on where it is called.
    const isSure = env.COMPOSE_ENV_FILES || (await pathExists(resolve(dirname(first), ".env")));
    return { name: written.COMPOSE_PROJECT_NAME, from: isSure ? "environment" : "file" };
  }
  let name: string | undefined;
  for (const file of files) {
    const own = await readFileName(file);
    if (own === ONLY_COMPOSE) return undefined;
    name = own ?? name;
  }
  if (name === undefined) return nameOfFolder(dirname(first));
  const expanded = name.includes("$")
    ? interpolate(name, { ...(await readComposeVariables(first, env)), ...env })
    : name;
  return expanded === undefined ? undefined : { name: normaliseProjectName(expanded), from: "file" };
}

/** That of a devcontainer's folder is given by what starts it, since compose would call all of them alike. */
function nameOfFolder(folder: string): ProjectName {
  const own = basename(folder);
  if (own !== ".devcontainer") return { name: normaliseProjectName(own), from: "folder" };
  return { name: normaliseProjectName(`${basename(dirname(folder))}_devcontainer`), from: "folder", given: true };
}

/** The variables of compose's env files for a project; none when their text does not hold what is looked for. */
export async function readComposeVariables(firstFile: string, env: Variables, looksFor = "="): Promise<Variables> {
  return await readVariablesOf(await findComposeEnvFiles(firstFile, env), env, looksFor);
}

/** The same of these files. */
export async function readVariablesOf(files: readonly string[], env: Variables, looksFor = "="): Promise<Variables> {
  const text = (await Promise.all(files.map(readableText))).join("\n");
  return text.includes(looksFor) ? parseEnvBehind(text, env) : {};
}

/**
 * The env files that compose is to read, the last one first in rank: those of COMPOSE_ENV_FILES, else one `.env`. Each is
 * looked for beside the first file, then above it inside the repository, since people call
 * `docker compose -f deployment/docker-compose.yml` from the root and compose then reads what lies there.
 */
export async function findComposeEnvFiles(firstFile: string, env: Variables): Promise<string[]> {
  const named = env.COMPOSE_ENV_FILES?.split(",").filter((file) => file !== "") ?? [];
  if (named.length === 0 && /^(1|t|true)$/i.test(env.COMPOSE_DISABLE_ENV_FILE ?? "")) return [];
  const wanted = named.length === 0 ? [".env"] : named;
  for (let folder = dirname(firstFile); ; folder = dirname(folder)) {
    const files = wanted.map((file) => resolve(folder, file));
    const texts = await Promise.all(files.map(readableText));
    if (!texts.includes(undefined)) return files;
    // What is named and not there is compose's to complain of.
    if (folder === dirname(folder) || (await pathExists(`${folder}/.git`))) return named.length === 0 ? [] : files;
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

/** What a `name:` is that is not written in a way that can be read without compose. */
const ONLY_COMPOSE = Symbol("only compose");

/** Of several documents in a file the last name counts, and a name may carry compose's own `!reset`. */
function isComposesOwn(text: string): boolean {
  const documents = text.includes("\n---")
    ? text.split(/^---(?=\s|$)/m).filter((part) => /^[ \t]*[^#\s]/m.test(part))
    : [];
  return documents.length > 1 || /^["']?name["']?[ \t]*:[ \t]*!/m.test(text);
}

/** The file's top-level `name:`. The parser is loaded only where a pattern does not do. */
async function readFileName(file: string): Promise<string | typeof ONLY_COMPOSE | undefined> {
  const text = await readTextIfExists(file);
  if (text === undefined) {
    throw configError(
      `the compose file ${file} does not exist`,
      "check server.compose.file in pgrove.yaml, and COMPOSE_FILE",
    );
  }
  if (isComposesOwn(text)) return ONLY_COMPOSE;
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

/** A text with compose's variables put in; undefined for what only compose can read, or would refuse. */
export function interpolate(text: string, variables: Variables): string | undefined {
  const { parts, isMalformed } = readReferences(text, { bare: true, doubled: "anywhere" });
  let isRefused = isMalformed || /\$(?![A-Za-z_{])/.test(text.replaceAll("$$", ""));
  const done = expandParts(parts, {
    find: (name, emptyCounts) => (emptyCounts || variables[name] !== "" ? variables[name] : undefined),
    missing: () => "",
    required: () => {
      isRefused = true;
    },
  });
  return isRefused ? undefined : done;
}
