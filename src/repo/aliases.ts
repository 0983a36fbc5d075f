/** Short names for repositories, for `-C`: one small file per user. */
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import type { Environment } from "../config/env-vars.ts";
import { didYouMean } from "../config/suggest.ts";
import { loadTextFile } from "../config/text-file.ts";
import { missingError, refusal, usageError } from "../errors.ts";
import { ensureDir, expandHome, pathExists, writeFileAtomic } from "../sys/files.ts";
import { damagedError, parseOwnFile } from "./own-file.ts";
import { xdgFolder } from "./state.ts";

export interface Alias {
  name: string;
  /** Absolute. */
  path: string;
}

const VERSION = 1;
const NAME = /^[a-z0-9][a-z0-9._-]*$/;

const reposForm = v.record(v.pipe(v.string(), v.regex(NAME)), v.string());

/** The file that holds the aliases: `pgrove/repos.json` below XDG_CONFIG_HOME. */
export function aliasFile(environment: Environment, home: string): string {
  return join(xdgFolder(environment.XDG_CONFIG_HOME, join(home, ".config")), "pgrove", "repos.json");
}

/** All aliases, by name. Throws a configError (exit 3) when the file is damaged or a newer pgrove's. */
export async function listAliases(file: string): Promise<Alias[]> {
  if (!(await pathExists(file))) return [];
  const written = parseAliases(await loadTextFile(file, "the list of repositories"), file);
  return Object.entries(written)
    .map(([name, path]) => ({ name, path }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function parseAliases(text: string, file: string): Record<string, string> {
  const own = {
    file,
    what: "the list of repositories",
    version: VERSION,
    repair: `repair it, or delete it: rm ${file}`,
  };
  const repos = parseOwnFile(text, own, "repos");
  if (!v.is(reposForm, repos)) throw damagedError(own);
  return repos;
}

async function writeAliases(file: string, aliases: readonly Alias[]): Promise<void> {
  const repos = Object.fromEntries(aliases.map(({ name, path }) => [name, path]));
  await ensureDir(dirname(file));
  await writeFileAtomic(file, `${JSON.stringify({ version: VERSION, repos }, undefined, 2)}\n`);
}

/**
 * Remembers a folder under a name; the same pair again changes nothing. Throws for a name that is none (exit 2), a
 * folder that is none (exit 4), and a name that stands for another folder (exit 5).
 */
export async function addAlias(file: string, name: string, path: string): Promise<Alias> {
  if (!NAME.test(name)) {
    throw usageError(
      `${JSON.stringify(name)} cannot be an alias`,
      "use a-z, 0-9, dots, _ and -, beginning with a letter or digit",
    );
  }
  const alias = { name, path: resolve(path) };
  if (!(await isFolder(alias.path))) throw missingError("folder_missing", `there is no folder ${alias.path}`);
  const aliases = await listAliases(file);
  const existing = aliases.find((each) => each.name === name);
  if (existing?.path === alias.path) return existing;
  if (existing !== undefined) {
    throw refusal("alias_exists", `${name} already stands for ${existing.path}`, `pgrove repos remove ${name}`);
  }
  await writeAliases(file, [...aliases, alias]);
  return alias;
}

/** Forgets a name; the folder stays. Throws a missingError (exit 4) when there is no such name. */
export async function removeAlias(file: string, name: string): Promise<Alias> {
  const aliases = await listAliases(file);
  const found = aliases.find((each) => each.name === name);
  if (found === undefined) throw unknownAlias(name, aliases, "no repository is called");
  await writeAliases(
    file,
    aliases.filter((each) => each !== found),
  );
  return found;
}

function unknownAlias(name: string, aliases: readonly Alias[], complaint: string) {
  const meant = didYouMean(
    name,
    aliases.map((each) => each.name),
  );
  const question = meant === undefined ? "" : `; did you mean ${meant}?`;
  return missingError("alias_missing", `${complaint} ${JSON.stringify(name)}${question}`, "pgrove repos list");
}

/**
 * The folder that `-C` means: one that exists, else an alias. Absolute. Throws a missingError (exit 4) for neither, and
 * for an alias whose folder has gone.
 */
export async function resolveRepoArgument(
  argument: string,
  place: { cwd: string; home: string; file: string },
): Promise<string> {
  const path = resolve(place.cwd, expandHome(argument, place.home));
  if (await isFolder(path)) return path;
  if (!NAME.test(argument)) throw missingError("folder_missing", `there is no folder ${path}`, "pgrove repos list");
  const aliases = await listAliases(place.file);
  const found = aliases.find((each) => each.name === argument);
  if (found === undefined) throw unknownAlias(argument, aliases, "no folder and no repository is called");
  if (await isFolder(found.path)) return found.path;
  throw missingError(
    "folder_missing",
    `${argument} stands for ${found.path}, which is gone`,
    `pgrove repos remove ${argument}`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
