/** The variables by which a repository's programs find their database, in its env files and in what reads them. */
import { basename, dirname, join } from "node:path";
import { readEnvFile } from "../config/env-file.ts";
import { type AdoString, readAdoString, writeAdoString } from "../postgres/ado-string.ts";
import { isConnectionString, isUrl } from "../postgres/conninfo.ts";
import type { AskIgnored, FoundEntry } from "./detect-entries.ts";
import { databaseOf, escapeBraces, hostOf, templateOf, templateOfPairs, URL_PARTS } from "./detect-forms.ts";
import { findPorts } from "./detect-ports.ts";
import type { ReadNames } from "./detect-readers.ts";

/** What one env file of a worktree is to be given: for each variable a text for `env.set`. */
export interface DetectedSet {
  /** The env file, relative to the root. */
  file: string;
  set: Readonly<Record<string, string>>;
  /** Ports of the application's own, by their variables. */
  ports: Readonly<Record<string, number>>;
  /** The database that the file names. */
  database?: string;
  /** The port of its server. */
  port?: number;
  /** Its server's host. */
  host?: string;
}

type DatabasePlace = Pick<DetectedSet, "database" | "port" | "host">;

const ENV_FILE = /^\.env(?:\.([\w-]+))*$/;
const EXAMPLE = /\.(?:example|sample|template|dist|defaults)$/;
const OWN = /^\.env(?:\.(?:local|dev|development))*$/;

/**
 * The env files that have such variables, main's own first; of a pattern and the file made of it the latter. Where git has
 * `.env` and ignores `.env.local`, which the framework reads before it, the latter is each machine's own.
 */
export async function findSets(
  root: string,
  entries: readonly FoundEntry[],
  configs: readonly ReadNames[],
  askIgnored: AskIgnored,
): Promise<DetectedSet[]> {
  const sets = await findWritten(root, entries, configs);
  const files = sets.map(({ file }) => file).filter((file) => basename(file) === ".env" && readsLocal(file, entries));
  const ignored = files.length === 0 ? [] : await askIgnored(files.flatMap((file) => [file, `${file}.local`]));
  const shared = files.filter((file) => !ignored.includes(file) && ignored.includes(`${file}.local`));
  return joinFiles(sets.map((each) => (shared.includes(each.file) ? { ...each, file: `${each.file}.local` } : each)));
}

/** Symfony and Next.js read `.env.local`; Prisma's own program would not. */
function readsLocal(file: string, entries: readonly FoundEntry[]): boolean {
  const folder = dirname(file) === "." ? "" : `${dirname(file)}/`;
  const own = entries.flatMap(({ path }) => (path.startsWith(folder) ? [path.slice(folder.length)] : []));
  const isFramework = own.some((path) => /^(?:symfony\.lock|config\/packages|next\.config\.[cm]?[jt]s)$/.test(path));
  return isFramework && !own.some((path) => /(?:^|\/)(?:schema\.prisma|prisma\.config\.[cm]?[jt]s)$/.test(path));
}

function joinFiles(sets: readonly DetectedSet[]): DetectedSet[] {
  const joined = new Map<string, DetectedSet>();
  for (const { file, set, ports, ...place } of sets) add(joined, file, set, ports, place);
  return [...joined.values()];
}

async function findWritten(
  root: string,
  entries: readonly FoundEntry[],
  configs: readonly ReadNames[],
): Promise<DetectedSet[]> {
  const files = entries.filter(({ name, isFolder }) => !isFolder && ENV_FILE.test(name)).map(({ path }) => path);
  const sets = new Map<string, DetectedSet>();
  for (const path of files) {
    const target = path.replace(EXAMPLE, "");
    if (!OWN.test(target.slice(target.lastIndexOf("/") + 1))) continue;
    const variables = await readEnvFile(join(root, path)).catch(() => ({}));
    add(sets, target, findVariables(variables), findPorts(variables), findPlace(variables));
  }
  for (const { file, ...read } of configs) {
    const target = nearest([...sets.keys()], file);
    const set = setOf(read);
    if (isRails(file) && !namesDatabase(set)) set.DATABASE_URL = "{url}";
    add(sets, target, set, {});
  }
  return [...sets.values()]
    .filter(({ set, ports }) => Object.keys(set).length + Object.keys(ports).length > 0)
    .sort((a, b) => a.file.split("/").length - b.file.split("/").length);
}

/** A configuration whose database stands in the file: all worktrees would share it. */
export interface FixedDatabase {
  /** Relative to the root. */
  file: string;
  database: string;
}

/** Where a program's database is written out, and no variable says which one it is. */
export function findFixed(configs: readonly ReadNames[]): FixedDatabase[] {
  return configs.flatMap(({ file, written, ...read }) =>
    written === undefined || namesDatabase(setOf(read)) ? [] : [{ file, database: written }],
  );
}

/** What the variables that a configuration reads are to say. */
function setOf({ names, urls = {} }: Pick<ReadNames, "names" | "urls">): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = urls[name] === undefined ? partOf(name) : templateOf(urls[name]);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** Rails takes DATABASE_URL before all that stands in the file, where a name may be written out. */
function isRails(file: string): boolean {
  return basename(file).startsWith("database.y");
}

function namesDatabase(set: Readonly<Record<string, string>>): boolean {
  return Object.values(set).some((text) => /\{(url|database)\}/.test(text));
}

/** What is known already counts: a value says more of its form than a name. */
function add(
  sets: Map<string, DetectedSet>,
  file: string,
  set: Readonly<Record<string, string>>,
  ports: Readonly<Record<string, number>>,
  place: DatabasePlace = {},
): void {
  const known: DetectedSet = sets.get(file) ?? { file, set: {}, ports: {} };
  sets.set(file, { ...place, ...known, set: { ...set, ...known.set }, ports: { ...ports, ...known.ports } });
}

/** The env file that lies nearest above what reads it. */
function nearest(files: readonly string[], reader: string): string {
  for (let folder = dirname(reader); ; folder = dirname(folder)) {
    const found = files.find((file) => dirname(file) === folder);
    if (found !== undefined) return found;
    if (folder === ".") return ".env";
  }
}

/** Not the application's database: another one is made for it, or belongs to the tests. */
const OTHER = /SHADOW|(^|_)TEST(_|$)|REPLICA|READ_?ONLY/;

type Variables = Readonly<Record<string, string>>;

function listUrls(variables: Variables): { urls: [string, string][]; primary: [string, string] | undefined } {
  const urls = Object.entries(variables).filter(([name, value]) => isUrl(value) && !OTHER.test(name));
  return { urls, primary: urls.find(([name]) => name === "DATABASE_URL") ?? urls[0] };
}

/** The database and the port that the URL names, else the parts do. */
function findPlace(variables: Variables): DatabasePlace {
  const ado = listAdo(variables)[0]?.[1].place;
  if (ado !== undefined) return { database: ado.database, port: ado.port, host: ado.host };
  const { primary } = listUrls(variables);
  const parts = findParts(variables);
  const part = (placeholder: string) => variables[parts.find(([, each]) => each === placeholder)?.[0] ?? ""];
  const database = primary === undefined ? part("{database}") : decoded(databaseOf(primary[1]));
  const written = primary === undefined ? part("{port}") : /:(\d+)$/.exec(URL_PARTS.exec(primary[1])?.[2] ?? "")?.[1];
  const port = Number(written);
  const host = primary === undefined ? part("{host}") : hostOf(primary[1]);
  return {
    ...(database === undefined || database === "" ? {} : { database }),
    ...(port > 0 ? { port } : {}),
    ...(host === undefined || host === "" ? {} : { host }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // no URL that anything could read
  }
}

/** The variables of an env file that say where the database is, with what they are to say. */
function findVariables(variables: Variables): Record<string, string> {
  const { urls, primary } = listUrls(variables);
  const same = urls.filter(([, value]) => primary !== undefined && databaseOf(value) === databaseOf(primary[1]));
  return Object.fromEntries([
    ...same.map(([name, value]) => [name, templateOf(value)]),
    ...same.flatMap(([name]) => findLogin(name, variables)),
    ...listPairs(variables).map(([name, value]) => [name, templateOfPairs(value)]),
    ...listAdo(variables).map(([name, ado]) => [name, writeAdoString(ado, PLACEHOLDER_OF, escapeBraces)]),
    ...findParts(variables),
  ]);
}

/** Strings of libpq's own form, `host=… dbname=…`, as GORM and goose take them, that name a database. */
function listPairs(variables: Variables): [string, string][] {
  const isMeant = (value: string) => isConnectionString(value) && /(?:^|\s)dbname\s*=/.test(value);
  return Object.entries(variables).filter(([name, value]) => !OTHER.test(name) && isMeant(value));
}

/** The strings of ADO.NET's form, all of the first one's database. */
function listAdo(variables: Variables): [string, AdoString][] {
  const all = Object.entries(variables).flatMap(([name, value]): [string, AdoString][] => {
    const ado = OTHER.test(name.toUpperCase()) ? undefined : readAdoString(value);
    return ado === undefined ? [] : [[name, ado]];
  });
  return all.filter(([, { place }]) => place.database === all[0]?.[1].place.database);
}

const PLACEHOLDER_OF = Object.fromEntries(
  (["host", "port", "database", "user", "password"] as const).map((part) => [part, `{${part}}`]),
);

/** JDBC's and R2DBC's URLs have their login beside them: SPRING_DATASOURCE_USERNAME beside SPRING_DATASOURCE_URL. */
function findLogin(name: string, variables: Variables): [string, string][] {
  if (!/^(?:jdbc|r2dbc):/i.test(variables[name] ?? "") || !name.endsWith("URL")) return [];
  const beginning = name.slice(0, -"URL".length);
  return Object.keys(variables).flatMap((each) => {
    const text = each.startsWith(beginning) ? PLACEHOLDERS[each.slice(beginning.length)] : undefined;
    return text === "{user}" || text === "{password}" ? [[each, text]] : [];
  });
}

const PART = /^((?:[A-Z0-9]+_)+|PG)(HOST|HOSTNAME|PORT|USER|USERNAME|PASSWORD|PASS|PASSWD|NAME|DATABASE|DB|DBNAME)$/;
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  ...{ HOST: "{host}", HOSTNAME: "{host}", PORT: "{port}", USER: "{user}", USERNAME: "{user}" },
  ...{ PASSWORD: "{password}", PASS: "{password}", PASSWD: "{password}" },
  ...{ NAME: "{database}", DATABASE: "{database}", DB: "{database}", DBNAME: "{database}" },
};
/** Where Laravel, TypeORM, Strapi, Django, Sequelize and others say of which kind the server is. */
const KIND_NAMES = ["CONNECTION", "TYPE", "CLIENT", "ENGINE", "DIALECT", "DRIVER"];
const FOR_DATABASES = /(^|_)(DB|DATABASE|PG|POSTGRES|POSTGRESQL|TYPEORM|SQL)_?$|^PG$/;

/** Nothing in variables of that beginning says that the server is of another kind. */
export function isPostgresFamily(beginning: string, variables: Readonly<Record<string, string | undefined>>): boolean {
  const kind = KIND_NAMES.map((name) => variables[beginning + name]).find((each) => each !== undefined);
  return kind === undefined || /(?:^|\.)(?:pg|postg)/i.test(kind);
}

/** Families of variables: a host and a database under one beginning, which are no other kind of server's. */
function findParts(variables: Readonly<Record<string, string>>): [string, string][] {
  const families = new Map<string, [string, string][]>();
  for (const name of Object.keys(variables)) {
    const [, beginning = "", part = ""] = PART.exec(name) ?? [];
    if (!FOR_DATABASES.test(beginning)) continue;
    families.set(beginning, [...(families.get(beginning) ?? []), [name, PLACEHOLDERS[part] ?? ""]]);
  }
  return [...families].flatMap(([beginning, parts]) => {
    const has = (placeholder: string) => parts.some(([, each]) => each === placeholder);
    const isPostgres = isPostgresFamily(beginning, variables) && variables[`${beginning}PORT`] !== "3306";
    return has("{host}") && has("{database}") && isPostgres ? parts : [];
  });
}

/** What a variable of that name, read where a database is configured, is to say; undefined when its name tells nothing. */
function partOf(name: string): string | undefined {
  if (OTHER.test(name)) return undefined;
  if (/(^|_)(URL|URI|DSN)$/.test(name)) return "{url}";
  const part = PART.exec(name)?.[2];
  return part === undefined ? undefined : PLACEHOLDERS[part];
}
