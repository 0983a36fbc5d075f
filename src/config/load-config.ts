import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { configError, missingError, PgroveError } from "../errors.ts";
import { passwordsIn } from "../sys/redact.ts";
import type { Config } from "./config-schema.ts";
import type { Environment } from "./env-vars.ts";
import type { PathPlace } from "./paths.ts";
import { loadTextFile } from "./text-file.ts";
import { type Interpolated, interpolate, type ValueSource } from "./variable-references.ts";
import type { Mistake, Path, Reader, YamlSource } from "./yaml-source.ts";

/** A `${NAME}` without a value and without a default. */
export interface MissingVariable {
  /** Dotted, such as "database.password". */
  path: string;
  name: string;
  /** What `${NAME:?message}` has to say. */
  message?: string;
  /** Both from 1. */
  line: number;
  column: number;
}

/** A `${NAME}` that was replaced, and where its value came from. */
export interface Interpolation {
  path: string;
  name: string;
  from: ValueSource;
}

export interface LoadedConfig {
  /** Paths for reading (compose files, env files, migrations, seeds) are absolute. */
  config: Config;
  /** Absolute. */
  file: string;
  /** The folder of the file. */
  dir: string;
  /** The repository folder that paths must stay in: the nearest one with a `.git`, else `dir`. */
  root: string;
  /** Never to be shown: the values of database.password and server.url, and the URLs of whoever is told of something. */
  secrets: readonly string[];
  /** Their keys count as not given. */
  missing: readonly MissingVariable[];
  interpolated: readonly Interpolation[];
  /** What the env files say, and which of them says it. */
  envFile: EnvFileValues;
}

/** Values of env files, and the file that each is from. */
export interface EnvFileValues {
  values: Readonly<Record<string, string>>;
  fileOf(name: string): string | undefined;
}

export interface LoadOptions {
  environment: Environment;
  /** What the repository's env files say; the environment comes first. */
  envFile?: Readonly<Record<string, string>>;
  /** The file that says it. */
  envFileOf?: EnvFileValues["fileOf"];
}

const FILE_NAMES = ["pgrove.yaml", "pgrove.yml"];
const MOST_SHOWN = 50;

/**
 * The pgrove.yaml that holds for a folder: its own, or the nearest one above it in the same git worktree. Outside git
 * only the folder itself counts, since anybody may write into a folder such as /tmp.
 */
export function findConfigFile(dir: string): string | undefined {
  const start = resolve(dir);
  const top = findGitRoot(start) ?? start;
  for (let folder = start; ; folder = dirname(folder)) {
    const found = FILE_NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined || folder === top) return found;
  }
}

function findGitRoot(dir: string): string | undefined {
  for (let folder = dir; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * Reads pgrove.yaml whole. Throws one configError (exit 3) with every mistake, each as `pgrove.yaml:LINE:COL  message`,
 * or a missingError (exit 4) when there is no such file.
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<LoadedConfig> {
  const path = resolve(file);
  const name = basename(path);
  const text = await loadTextFile(path, name).catch((error: unknown) => {
    if (error instanceof PgroveError && error.code === "file_missing") throw noConfig(path);
    throw error;
  });
  const [{ readYaml }, { validate }] = await Promise.all([import("./yaml-source.ts"), import("./validate-config.ts")]);
  const source = await readYaml(text, readerFor(options));
  const dir = dirname(path);
  const place: PathPlace = { dir, root: findGitRoot(dir) ?? dir };
  const { config, mistakes } = await validate(source, place);
  if (config === undefined || mistakes.length > 0) throw describeMistakes(mistakes, source, name);
  return {
    config,
    file: path,
    ...place,
    secrets: findSecrets(config),
    missing: listMissing(source),
    interpolated: listInterpolated(source),
    envFile: { values: options.envFile ?? {}, fileOf: options.envFileOf ?? (() => undefined) },
  };
}

/** The configuration that a text holds, as another commit has it in that place; undefined where it is none, or full of mistakes. */
export async function readConfigText(
  text: string,
  place: PathPlace,
  options: LoadOptions,
): Promise<Config | undefined> {
  const [{ readYaml }, { validate }] = await Promise.all([import("./yaml-source.ts"), import("./validate-config.ts")]);
  const { config } = await validate(await readYaml(text, readerFor(options)), place);
  return config;
}

function noConfig(path: string): PgroveError {
  return missingError("config_missing", `there is no ${basename(path)} in ${dirname(path)}`, "pgrove init");
}

/** Shell commands keep their `${…}`: the shell that runs them, once approved, has the worktree's own values. */
function isCommand([first, second, third]: Path): boolean {
  if (first === "database") return second === "password" && third === "command";
  if (first === "worktrees") return second === "setup" || second === "teardown";
  if (first === "notify") return third === "command";
  return first === "migrations" && second === "command";
}

/** Keys that renderTemplate reads later: braces that come from a variable must not become placeholders. */
function isTemplate([first, second, third]: Path): boolean {
  if (first === "env" && third === "set") return true; // of one env file among several
  const key = `${first}.${second ?? ""}`;
  return key === "env.set" || key === "worktrees.dir" || key === "dumps.dir" || key === "client_image.";
}

function readerFor({ environment, envFile }: LoadOptions): Reader {
  const sources = { environment, envFile: envFile ?? {} };
  const doubleBraces = (value: string) => value.replace(/[{}]/g, "$&$&");
  return {
    interpolateAt(path: Path, text: string): Interpolated | undefined {
      if (isCommand(path)) return undefined;
      return isTemplate(path) ? interpolate(text, sources, doubleBraces) : interpolate(text, sources);
    },
    emptyIsMapping: (path) => path.join(".") === "server.local",
  };
}

function describeMistakes(mistakes: readonly Mistake[], source: YamlSource, name: string): PgroveError {
  const lines = [...mistakes]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => {
      const { line, column } = source.lineAndColumn(offset);
      return `${name}:${line}:${column}  ${message}`;
    });
  const unique = [...new Set(lines)];
  if (unique.length === 1) return configError(unique.join());
  const shown = unique.slice(0, MOST_SHOWN).map((line) => `  ${line}`);
  return configError([`${name} has ${unique.length} mistakes`, ...shown].join("\n"));
}

function places(source: YamlSource): { path: string; offset: number; interpolated: Interpolated }[] {
  return [...source.places].flatMap(([key, { valueOffset: offset, interpolated }]) =>
    interpolated === undefined ? [] : [{ path: key.replaceAll("\u0000", "."), offset, interpolated }],
  );
}

function listMissing(source: YamlSource): MissingVariable[] {
  return places(source).flatMap(({ path, offset, interpolated }) =>
    interpolated.missing.map((each) => ({ path, ...each, ...source.lineAndColumn(offset) })),
  );
}

function listInterpolated(source: YamlSource): Interpolation[] {
  return places(source).flatMap(({ path, interpolated }) => interpolated.used.map((used) => ({ path, ...used })));
}

function findSecrets({ database, server, dumps, notify }: Config): string[] {
  const told = notify.flatMap(({ webhook, ping }) => [webhook ?? "", ping ?? ""]); // who has one may post there
  const password = typeof database.password === "string" ? database.password : "";
  const found = [password, dumps.after_success?.ping ?? "", ...told];
  if (server.kind === "url" && server.url !== undefined) found.push(server.url, ...passwordsIn(server.url));
  return [...new Set(found.filter((each) => each !== ""))];
}

/**
 * Throws a configError (exit 3) with the line when a variable that the key, or a key below it, needs has no value.
 * Called by whoever cannot do without: `password: ${POSTGRES_PASSWORD}` is no mistake while the container has its own.
 */
export function requireNoMissing(loaded: Pick<LoadedConfig, "missing" | "file">, pathPrefix: string): void {
  const first = loaded.missing.find(({ path }) => path === pathPrefix || path.startsWith(`${pathPrefix}.`));
  if (first === undefined) return;
  throw configError(
    `${basename(loaded.file)}:${first.line}:${first.column}  ${first.path} needs ${first.name}, which is set neither in the environment nor in the env file${first.message === undefined ? "" : `: ${first.message}`}`,
    `set ${first.name}, or write \${${first.name}:-default}`,
  );
}

/** The same path in another worktree of the repository: configuration is read in one, and holds for all. */
export function pathInWorktree(loaded: Pick<LoadedConfig, "root">, path: string, worktreeRoot: string): string {
  return resolve(worktreeRoot, relative(loaded.root, path));
}
