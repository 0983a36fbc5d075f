/** The target grammar: what was typed → which server and database. */
import { basename, resolve } from "node:path";
import {
  DATABASE_VARIABLE_NAMES,
  type Doubt,
  findDatabaseVariables,
  findDisagreements,
  readEnvFile,
} from "../config/env-file.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { didYouMean } from "../config/suggest.ts";
import { configError, missingError } from "../errors.ts";
import { type Connection, isConnection, isSocket, parseConnectionUrl } from "../postgres/url.ts";
import { connectionOfVariables } from "./connection.ts";
import { type Guard, withProtection } from "./guard.ts";
import { adoptOwnServer, isLinked, mainConfig } from "./main-server.ts";
import { linesInUsualNames } from "./other-names.ts";
import { poolOf } from "./pool.ts";
import type { Target } from "./target.ts";
import type { TargetPlace } from "./target-place.ts";
import { findOwnRow, findRow, mainTarget, requireReady, worktreeNames, worktreeTarget } from "./worktree-target.ts";

/** The target that `text` names; left out, the default one. Throws in words when there is none. */
export async function resolveTarget(text: string | undefined, place: TargetPlace): Promise<Target> {
  const target = await findTarget(text, place);
  return target.worktree === undefined ? await withProtection(target, place, await guardsOf(place)) : target;
}

/**
 * The protected environments of this checkout, of main's and of the default branch: a branch may be older than the
 * protection, or have taken it away. They are resolved without a word to people.
 */
async function guardsOf(place: TargetPlace): Promise<Guard[]> {
  const loaded = await place.config();
  const mains = loaded === undefined ? undefined : await mainConfig(loaded, place);
  const kept = await place.keptProtection?.();
  return [
    ...[loaded, mains].flatMap((each) => (each === undefined ? [] : listGuards(each, place))),
    ...(kept?.configs ?? []).flatMap((each) => listGuards(each, place, kept?.note)),
  ];
}

function listGuards(loaded: LoadedConfig, place: TargetPlace, note?: string): Guard[] {
  const quiet: TargetPlace = { ...place, config: () => Promise.resolve(loaded), note: () => undefined };
  const all = Object.entries(loaded.config.environments).filter(([, environment]) => environment.protected);
  const said = note === undefined ? {} : { note };
  return all.map(([name]) => ({ name, target: () => environmentTarget(name, quiet), ...said }));
}

async function findTarget(text: string | undefined, place: TargetPlace): Promise<Target> {
  if (text === undefined) return await defaultTarget(place);
  if (isConnection(text)) return await urlTarget(text, place);
  if (text.startsWith("@")) return await environmentTarget(text.slice(1), place);
  return await namedTarget(text, place);
}

/** The words that name a target here, for suggestions and completion. */
export async function targetWords(place: Pick<TargetPlace, "config" | "stateDir">): Promise<string[]> {
  const loaded = await place.config();
  if (loaded === undefined) return [];
  const environments = Object.keys(loaded.config.environments).map((name) => `@${name}`);
  return ["main", ...(await worktreeNames(place)), ...environments];
}

async function defaultTarget(place: TargetPlace): Promise<Target> {
  if (place.envFile !== undefined) return await envFileTarget(place.envFile, place);
  const loaded = await place.config();
  if (loaded !== undefined) return await ownTarget(loaded, place);
  const variables = findDatabaseVariables(place.environment);
  if (variables === undefined) throw noConfig();
  const connection = connectionOfVariables(variables, { variables: place.environment, isOwn: true });
  const target = plainTarget(connection, `${describe(connection)} (${variables.source})`);
  return { ...target, ...poolOf(undefined, place.environment) };
}

function noConfig() {
  return configError(
    "there is no pgrove.yaml here, no --env-file, and no DATABASE_URL in the environment",
    "pgrove init        writes a pgrove.yaml; or name a database: --target postgres://…",
  );
}

/** The database of the worktree that one stands in. */
async function ownTarget(loaded: LoadedConfig, place: TargetPlace): Promise<Target> {
  if (!(await isLinked(loaded))) return await mainTarget(loaded, place);
  const row = await findOwnRow(place);
  if (row !== undefined) return await worktreeTarget(requireReady(row), loaded, place);
  const repository = await place.repository();
  if (repository === undefined || repository.isMain) return await mainTarget(loaded, place);
  throw missingError(
    "not_provisioned",
    `this worktree has no database of its own yet: ${repository.root}`,
    "pgrove provision        makes it; or name another: --target main",
  );
}

/** The database of the worktree of that name, or on that branch. */
async function namedTarget(name: string, place: TargetPlace): Promise<Target> {
  const loaded = await place.config();
  if (loaded === undefined) {
    throw configError(`${name} is a worktree's name, and there is no pgrove.yaml here`, "pgrove init");
  }
  if (name === "main") return await mainTarget(loaded, place);
  const row = await findRow(name, place);
  if (row !== undefined) return await worktreeTarget(requireReady(row), loaded, place);
  const words = await targetWords(place);
  const nearest = didYouMean(name, words);
  throw missingError(
    "worktree_missing",
    `there is no worktree named ${name} that has a database`,
    nearest === undefined ? `targets here: ${words.join(", ")}; pgrove list` : `did you mean ${nearest}?`,
  );
}

async function urlTarget(text: string, place: TargetPlace): Promise<Target> {
  const connection = parseConnectionUrl(text, "the URL", { environment: place.environment, isOwn: true });
  const pool = poolOf(await place.config(), place.environment);
  return await adoptOwnServer({ ...plainTarget(connection, describe(connection)), ...pool }, connection, place);
}

async function environmentTarget(name: string, place: TargetPlace): Promise<Target> {
  const loaded = await place.config();
  if (loaded === undefined) {
    throw configError(`@${name} is an environment of pgrove.yaml, and there is none here`, "pgrove init");
  }
  const names = Object.keys(loaded.config.environments);
  const environment = Object.hasOwn(loaded.config.environments, name) ? loaded.config.environments[name] : undefined;
  if (environment === undefined) throw unknownEnvironment(name, names);
  const { connection, pool } = await readConnection(environment.env_file, `@${name}`, place);
  const target: Target = {
    ...pool,
    ...plainTarget(connection, `${name} (${basename(environment.env_file)})`),
    name,
    environment: name,
    protected: environment.protected,
  };
  return await adoptOwnServer(target, connection, place);
}

function unknownEnvironment(name: string, names: readonly string[]) {
  const nearest = didYouMean(name, names);
  const known =
    names.length === 0 ? "pgrove.yaml names no environments" : `known: ${names.map((n) => `@${n}`).join(", ")}`;
  return missingError(
    "environment_missing",
    `there is no environment named ${name} in pgrove.yaml`,
    nearest === undefined ? known : `did you mean @${nearest}?`,
  );
}

/** The database that `--env-file` describes; under the protection of the environment that has the same file. */
async function envFileTarget(file: string, place: TargetPlace): Promise<Target> {
  const path = resolve(place.cwd, file);
  const { connection, pool } = await readConnection(path, file, place);
  const environments = Object.entries((await place.config())?.config.environments ?? {});
  const same = environments.filter(([, { env_file }]) => env_file === path);
  const [name, environment] = same.find(([, one]) => one.protected) ?? same[0] ?? [];
  const target: Target = {
    ...pool,
    ...plainTarget(connection, `${connection.database} (${file})`),
    ...(name === undefined ? {} : { environment: name }),
    protected: environment?.protected ?? false,
  };
  return await adoptOwnServer(target, connection, place);
}

interface ReadConnection {
  connection: Connection;
  pool: ReturnType<typeof poolOf>;
}

/** The file's own variables count, whatever the shell has; where the two disagree, people are told. */
async function readConnection(path: string, shown: string, place: TargetPlace): Promise<ReadConnection> {
  const doubts: Doubt[] = [];
  const variables = await readEnvFile(path, {}, (doubt) => doubts.push(doubt));
  for (const { name, what, isMissing } of doubts.filter((each) => DATABASE_VARIABLE_NAMES.includes(each.name))) {
    if (isMissing)
      throw configError(`${name} in ${path}: ${what}`, "write it into that file; the shell's does not count there");
    place.note(`note: ${name} in ${basename(path)}: ${what}`);
  }
  const found = findDatabaseVariables(variables);
  if (found === undefined) throw nothingOfADatabase(path, shown, variables);
  const different = findDisagreements(variables, place.environment);
  if (different.length > 0) {
    place.note(`note: ${different.join(", ")} is set differently in the shell; ${basename(path)} counts`);
  }
  const pool = poolOf(await place.config(), variables, place.environment);
  return { connection: connectionOfVariables(found, { variables, isOwn: false }), pool };
}

function nothingOfADatabase(path: string, shown: string, variables: Readonly<Record<string, string>>) {
  const lines = linesInUsualNames(variables);
  const needed = "it needs DATABASE_URL, or DATABASE_HOST, DATABASE_USER, DATABASE_NAME …";
  const added = lines.length === 0 ? "" : `; by what it has, add to it:\n${lines.join("\n")}`;
  return configError(`${path} says nothing of a database (${shown})`, `${needed}${added}`);
}

function plainTarget(connection: Connection, label: string): Target {
  return { server: { kind: "url", connection }, login: {}, label, name: connection.database, protected: false };
}

function describe(connection: Connection): string {
  const { database, host, port } = connection;
  return isSocket(connection) ? `${database} on ${host}` : `${database} on ${host}:${port}`;
}
