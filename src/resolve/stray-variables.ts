/** Variables of a worktree's env files that lead to main's database, though the worktree has one of its own. */
import { resolve } from "node:path";
import { readEnvFile } from "../config/env-file.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { PgroveError } from "../errors.ts";
import { type AdoString, readAdoString, writeAdoString } from "../postgres/ado-string.ts";
import {
  type Connection,
  formatConnectionUrl,
  isConnectionString,
  isUrl,
  parseConnectionUrl,
} from "../postgres/url.ts";
import { findProjectName } from "../server/compose-project.ts";
import type { ServerSpec, ServerTools } from "../server/server.ts";
import { listSourceFiles } from "./env-files.ts";
import { innerNames, innerWay } from "./inner-way.ts";
import { readSettings } from "./settings-files.ts";
import { type LiveTarget, reachTarget, type Target } from "./target.ts";

/** How the worktree's own programs reach their database, and how main's reach main's. */
export interface Ways {
  own: Connection;
  main: Connection;
  /** What main's server is called where containers reach it: its service, its container. */
  names: readonly string[];
  /** The compose projects, where the worktree has one of its own. */
  projects?: { own: string; main: string };
}

export interface StrayVariable {
  /** What the environment calls it. */
  name: string;
  /** What a file of settings calls it. */
  key?: string;
  /** What it would have to say. May hold a password. */
  own: string;
}

export interface StrayFile {
  /** Absolute. */
  file: string;
  variables: readonly StrayVariable[];
}

/**
 * Both ways for a worktree's target; undefined for any other one, and where main's server cannot be told. `reached` is
 * undefined where no port of this machine leads to the worktree's.
 */
export async function findWays(
  target: Target,
  reached: Connection | undefined,
  place: WaysPlace,
): Promise<Ways | undefined> {
  if (target.worktree === undefined) return undefined;
  try {
    const mains = await place.main();
    const tools = await place.serverTools();
    const main = (await reachTarget(mains, tools, place.opened)) ?? (await innerWay(mains, tools));
    const own = reached ?? (await innerWay(target, tools));
    if (main === undefined || own === undefined) return undefined;
    const projects = await findProjects(target.worktree.project, mains.server);
    return { own, main, names: innerNames(mains.server), ...(projects === undefined ? {} : { projects }) };
  } catch (error) {
    if (error instanceof PgroveError) return undefined;
    throw error;
  }
}

export interface WaysPlace {
  main(): Promise<Target>;
  /** The worktree's own, where its server is open: often it is main's, too. */
  opened?: LiveTarget;
  serverTools(): Promise<ServerTools>;
}

async function findProjects(own: string | undefined, server: ServerSpec): Promise<Ways["projects"]> {
  if (own === undefined || server.kind !== "compose") return undefined;
  const { files, project } = server;
  const main = await findProjectName({ files, ...(project === undefined ? {} : { project }), env: {} });
  return main === undefined ? undefined : { own, main: main.name };
}

/** All env files of a worktree with such variables. Those of environments say what they are; others that are broken say nothing. */
export async function findStrayFiles(
  root: string,
  ways: Ways,
  { config }: Pick<LoadedConfig, "config">,
): Promise<StrayFile[]> {
  if (isSamePlace(ways)) return [];
  const others = new Set(Object.values(config.environments).map(({ env_file }) => resolve(env_file)));
  const { env, settings } = await listSourceFiles(root);
  const read = await Promise.all(
    env
      .filter((file) => !others.has(file))
      .map(async (file) => ({ file, variables: await readEnvFile(file).catch(() => ({})) })),
  );
  const variables: Readonly<Record<string, string>> = Object.assign({}, ...read.map((each) => each.variables));
  const found = [
    ...read.map((each) => ({ file: each.file, variables: findStrays(each.variables, ways) })),
    ...(await Promise.all(settings.map(async (file) => await findStraySettings(file, variables, ways)))),
  ];
  return found.filter((each) => each.variables.length > 0);
}

/** Of a file of settings: those that no env file overrides, which then says by itself where it leads. */
async function findStraySettings(
  file: string,
  known: Readonly<Record<string, string>>,
  ways: Ways,
): Promise<StrayFile> {
  const overridden = new Set(Object.keys(known).map((name) => name.toUpperCase()));
  const settings = (await readSettings(file, known)).filter(({ variable }) => !overridden.has(variable.toUpperCase()));
  const variables = settings.flatMap(({ key, variable, value }) =>
    findStrays({ [variable]: value }, ways).map((each) => ({ ...each, key })),
  );
  return { file, variables };
}

/** Nothing tells the two apart: it is main itself. */
function isSamePlace({ own, main }: Ways): boolean {
  return own.database === main.database && isSameServer(own, main) && optionsOf(own) === optionsOf(main);
}

/** Those among the variables, in their order. */
export function findStrays(variables: Readonly<Record<string, string>>, ways: Ways): StrayVariable[] {
  const urls = Object.entries(variables).flatMap(([name, value]): StrayVariable[] => {
    const ado = readAdoString(value);
    const written = ado === undefined ? readUrl(value) : connectionOf(ado, ways);
    if (written === undefined || !leadsToMain(written, ways)) return [];
    const own = asOwn(written, ways);
    return [{ name, own: ado === undefined ? formatConnectionUrl(own, "show", "program") : asAdo(ado, own) }];
  });
  return [...urls, ...findStrayParts(variables, ways), ...findStrayProject(variables, ways)];
}

/** By which `docker compose` in the worktree would work on main's containers and volumes: `down -v` takes its data. */
function findStrayProject(
  { COMPOSE_PROJECT_NAME }: Readonly<Record<string, string>>,
  { projects }: Ways,
): StrayVariable[] {
  if (projects === undefined || COMPOSE_PROJECT_NAME !== projects.main || projects.own === projects.main) return [];
  return [{ name: "COMPOSE_PROJECT_NAME", own: projects.own }];
}

function readUrl(value: string): Connection | undefined {
  if (!isUrl(value) && !isConnectionString(value)) return undefined;
  try {
    return parseConnectionUrl(value);
  } catch {
    return undefined; // a URL of something else
  }
}

function connectionOf({ place }: AdoString, { main }: Ways): Connection {
  return { ...place, user: place.user ?? main.user, parameters: {} };
}

function asAdo(ado: AdoString, { host, port, database, user, password }: Connection): string {
  const secret = password === undefined ? {} : { password };
  return writeAdoString(ado, { host, port: String(port), database, user, ...secret });
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"]);

function isSameServer(one: Connection, other: Connection): boolean {
  return one.port === other.port && (one.host === other.host || (LOOPBACK.has(one.host) && LOOPBACK.has(other.host)));
}

/** In a container of its own network, a worktree finds its own server under main's name. */
function isInside({ host }: Connection, { own, main, names }: Ways): boolean {
  return names.includes(host) && isSameServer(own, main);
}

function leadsToMain(written: Connection, ways: Ways): boolean {
  const { own, main } = ways;
  if (written.database !== main.database) return false;
  if (!isSameServer(written, main) && !isInside(written, ways)) return false;
  if (own.database !== main.database || !isSameServer(own, main)) return true;
  // The worktree's role finds its schema by itself.
  if (own.user !== main.user && written.user === own.user) return false;
  return optionsOf(written) !== optionsOf(own) && written.extras?.schema !== schemaOf(own);
}

function optionsOf({ parameters }: Connection): string {
  return parameters.options ?? "";
}

/** The schema that the options lead into. */
function schemaOf(own: Connection): string | undefined {
  return /search_path=([^,\s]+)/.exec(optionsOf(own))?.[1];
}

/** The worktree's database in the same form, with what else was written. */
function asOwn(written: Connection, ways: Ways): Connection {
  const { own } = ways;
  const { extras, scheme } = written;
  const place = isInside(written, ways) ? { host: written.host, port: written.port } : {};
  return {
    ...{ ...own, ...place, parameters: { ...written.parameters, ...own.parameters } },
    ...(extras === undefined ? {} : { extras }),
    ...(scheme === undefined ? {} : { scheme }),
  };
}

const PART = /^((?:[A-Z0-9]+_)+|PG)(HOST|HOSTNAME|PORT|DATABASE|DBNAME|DB|NAME)$/;

/** Variables that say in parts where the database is: those of one beginning, with a host among them. */
function findStrayParts(variables: Readonly<Record<string, string>>, ways: Ways): StrayVariable[] {
  const families = new Map<string, Map<string, string>>();
  for (const name of Object.keys(variables)) {
    const [, beginning, part] = PART.exec(name) ?? [];
    if (beginning === undefined || part === undefined) continue;
    const known = families.get(beginning) ?? new Map<string, string>();
    families.set(beginning, known.set(part, name));
  }
  return [...families.values()].flatMap((parts) => findStrayFamily(parts, variables, ways));
}

function findStrayFamily(
  parts: ReadonlyMap<string, string>,
  variables: Readonly<Record<string, string>>,
  ways: Ways,
): StrayVariable[] {
  const find = (...kinds: string[]) => kinds.map((kind) => parts.get(kind)).find((name) => name !== undefined);
  const [host, port, database] = [find("HOST", "HOSTNAME"), find("PORT"), find("DATABASE", "DBNAME", "DB", "NAME")];
  if (host === undefined || database === undefined) return [];
  const textOf = (name: string | undefined) => (name === undefined ? "" : (variables[name] ?? ""));
  const { parameters: _, ...main } = ways.main;
  const place = { host: textOf(host) || "localhost", port: Number(textOf(port)) || 5432 };
  const written = { ...main, ...place, database: textOf(database), parameters: ways.own.parameters };
  // Parts cannot name a schema: of one database the schema is the URL's to say.
  if (ways.own.database === ways.main.database && isSameServer(ways.own, ways.main)) return [];
  if (!leadsToMain(written, ways)) return [];
  const own = asOwn(written, ways);
  const wanted: [string | undefined, string][] = [
    [database, own.database],
    [port, String(own.port)],
  ];
  return wanted.flatMap(([name, value]) =>
    name === undefined || textOf(name) === value ? [] : [{ name, own: value }],
  );
}
