/** What a repository says about itself, for `pgrove init`. Reads only; runs nothing; follows no links. */

import { basename, delimiter, join, normalize } from "node:path";
import { findDatabaseVariables, readEnvFile } from "../config/env-file.ts";
import { isConnectionString, isUrl } from "../postgres/conninfo.ts";
import { interpolate } from "../server/compose-project.ts";
import { pathExists } from "../sys/files.ts";
import { readComposeList, readComposeTexts } from "./compose-text.ts";
import { type DetectedCompose, type DetectedService, findServices } from "./detect-compose.ts";
import { type AskIgnored, type FoundEntry, listEntries } from "./detect-entries.ts";
import { type DetectedMigrations, findMigrations } from "./detect-migrations.ts";
import { listConfigNames } from "./detect-readers.ts";
import { findComposeCalls } from "./detect-scripts.ts";
import { type DetectedSet, type FixedDatabase, findFixed, findSets, isPostgresFamily } from "./detect-variables.ts";

export interface DetectedEnvFile {
  /** Relative to the root. */
  file: string;
  /** `staging` of `.env.staging`; undefined for `.env`. */
  stage: string | undefined;
  /** A pattern for people to copy: `.env.example`. */
  isExample: boolean;
  /** Which variables say where the database is ("DATABASE_URL", "DATABASE_*", "PG*"). */
  database: string | undefined;
}

export interface Detected {
  root: string;
  /** Fit for `project:`. */
  project: string;
  /** Compose services that look like PostgreSQL, the likeliest first. */
  services: readonly DetectedService[];
  envFiles: readonly DetectedEnvFile[];
  migrations: DetectedMigrations | undefined;
  /** What the repository's programs read, by env file; left out, what is usual. */
  sets?: readonly DetectedSet[];
  /** The programs whose database no variable changes. */
  fixed?: readonly FixedDatabase[];
  /** What git ignores and a new worktree needs: env files, node_modules. */
  share?: readonly string[];
}

const COMPOSE_FILE = /^(?:docker-)?compose(?:\.[\w-]+)*\.ya?ml$/;
const ENV_FILE = /^\.env(?:\.([\w-]+))?$/;
const EXAMPLES = new Set(["example", "sample", "template", "dist", "defaults"]);

export interface DetectOptions {
  /** The repository's own; left out, its folder's. */
  name?: string;
  /** Left out, nothing is. */
  askIgnored?: AskIgnored;
}

/** Looks through a repository's first three levels of folders. What cannot be read is passed over. */
export async function detectProject(root: string, options: DetectOptions = {}): Promise<Detected> {
  const { name = basename(root), askIgnored = async () => [] } = options;
  const entries = await listEntries(root);
  const files = entries.filter(({ isFolder }) => !isFolder);
  const composeFiles = files.filter(({ name }) => COMPOSE_FILE.test(name)).map(({ path }) => path);
  const called = [...(await findMeant(root, files)), ...(await findCalled(root, entries))];
  const configs = await listConfigNames(root, entries);
  const sets = await findSets(root, entries, configs, askIgnored);
  const texts = await readComposeTexts(root, composeFiles);
  const compose = [...called, ...texts.map(findServices)].filter(({ services }) => services.length > 0);
  const named = compose.find((each) => each.name !== undefined)?.name;
  return {
    root,
    project: toProjectName(defaultOf(named) ?? name),
    services: compose
      .flatMap(({ services }) => services)
      .sort(byLikelihood(sets))
      .filter(isFirst),
    envFiles: await readEnvFiles(root, files),
    migrations: await findMigrations(root, entries),
    sets,
    fixed: findFixed(configs),
    share: await findShared(root, files, sets, askIgnored),
  };
}

/** A compose project's name by what the files themselves say; undefined where that is nothing. */
function defaultOf(name: string | undefined): string | undefined {
  return name === undefined ? undefined : interpolate(name, {}) || undefined;
}

/** The folders of packages, whose copies spare a new worktree their installation. */
const PACKAGES = ["node_modules", "vendor/bundle"];

/** An env file that is written has variables of its own, too, wherever it lies. */
async function findShared(
  root: string,
  files: readonly FoundEntry[],
  sets: readonly DetectedSet[],
  askIgnored: AskIgnored,
): Promise<string[]> {
  const names = files.filter(
    ({ path, name }) =>
      sets.some(({ file }) => file === path) ||
      (path === name && /^\.env(?:\.local|\.development\.local)?$/.test(name)),
  );
  const folders = await Promise.all(PACKAGES.map(async (path) => ((await pathExists(join(root, path))) ? [path] : [])));
  const candidates = [...names.map(({ path }) => path), ...folders.flat()];
  const ignored = candidates.length === 0 ? [] : await askIgnored(candidates);
  return candidates.filter((path) => ignored.includes(path));
}

/** The projects that the repository's own scripts start. */
async function findCalled(root: string, entries: readonly FoundEntry[]): Promise<DetectedCompose[]> {
  const calls = await findComposeCalls(root, entries);
  const found = await Promise.all(
    calls.map(async ({ files, project, envFiles }) => {
      const text = await readComposeList(root, files);
      if (text === undefined) return [];
      const { name, services } = findServices(text);
      const given = {
        files,
        ...(project === undefined ? {} : { composeProject: project }),
        ...(envFiles === undefined ? {} : { composeEnvFiles: envFiles }),
      };
      return [{ name, services: services.map((each) => ({ ...each, ...given })) }];
    }),
  );
  return found.flat();
}

/** The project that COMPOSE_FILE of an env file at the root names: plain `docker compose` there reads these files. */
async function findMeant(root: string, files: readonly FoundEntry[]): Promise<DetectedCompose[]> {
  const names = [".env", ".env.example"].filter((name) => files.some(({ path }) => path === name));
  const read = await Promise.all(names.map((name) => readEnvFile(join(root, name)).catch(() => ({}))));
  const variables: Readonly<Record<string, string>> = Object.assign({}, ...read.reverse());
  const listed = variables.COMPOSE_FILE?.split(variables.COMPOSE_PATH_SEPARATOR || delimiter) ?? [];
  const named = listed.filter((file) => file !== "").map((file) => normalize(file));
  if (named.length === 0 || named.some((file) => /^(?:\.\.|\/)/.test(file))) return [];
  const text = await readComposeList(root, named);
  if (text === undefined) return [];
  const { name, services } = findServices(text);
  return [{ name, services: services.map((each) => ({ ...each, isMeant: true as const })) }];
}

/** Whether the same service of the same file was not there before. */
function isFirst({ file, service }: DetectedService, index: number, all: readonly DetectedService[]): boolean {
  return all.findIndex((each) => each.file === file && each.service === service) === index;
}

/**
 * What the scripts call before the rest, the plain name before variants such as docker-compose.prod.yml, near the root
 * before deep; the database that the env files lead to before another one, what is always started before what a profile
 * starts, much used before little.
 */
function byLikelihood(sets: readonly DetectedSet[]): (a: DetectedService, b: DetectedService) => number {
  const meant = (service: DetectedService) => sets.map((set) => likeness(service, set)).find((each) => each > 0) ?? 0;
  return (a, b) =>
    unlikelihood(a) - unlikelihood(b) ||
    meant(b) - meant(a) ||
    Number(a.isOptional ?? false) - Number(b.isOptional ?? false) ||
    b.dependents.length - a.dependents.length ||
    (a.file < b.file ? -1 : Number(a.file > b.file));
}

/** How much of what an env file says of its database is so of the service. */
function likeness({ database, ports = [] }: DetectedService, set: DetectedSet): number {
  const sameDatabase = set.database !== undefined && set.database === database;
  return Number(sameDatabase) + (set.port !== undefined && ports.includes(set.port) ? 2 : 0);
}

function unlikelihood({ file, files, isMeant }: DetectedService): number {
  const called = isMeant ? -10 : files === undefined ? 0 : -5;
  const variant = /^(?:docker-)?compose\.ya?ml$/.test(basename(file)) ? 0 : 1;
  const production = /prod|test|ci\b/i.test(file) ? 10 : 0;
  return called + variant * 2 + production + file.split("/").length;
}

async function readEnvFiles(root: string, files: readonly FoundEntry[]): Promise<DetectedEnvFile[]> {
  const atRoot = files.filter(({ path, name }) => path === name && ENV_FILE.test(name));
  return await Promise.all(
    atRoot.map(async ({ path }) => {
      const stage = ENV_FILE.exec(path)?.[1];
      return {
        file: path,
        stage,
        isExample: stage !== undefined && EXAMPLES.has(stage),
        database: await findDatabaseSource(join(root, path)),
      };
    }),
  );
}

/** A file that is broken, or speaks of another kind of database, says nothing. */
async function findDatabaseSource(path: string): Promise<string | undefined> {
  try {
    const variables = await readEnvFile(path);
    const found = findDatabaseVariables(variables);
    if (found?.source === "DATABASE_*" && !isPostgresFamily("DATABASE_", variables)) return undefined;
    if (found === undefined || ("url" in found && !isUrl(found.url) && !isConnectionString(found.url)))
      return undefined;
    return found.source;
  } catch {
    return undefined;
  }
}

/** A name that pgrove.yaml takes as `project`: letters, digits, dots, _ and -, at most 63. */
export function toProjectName(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
    .slice(0, 63);
  return plain === "" ? "project" : plain;
}
