/** The variables that a repository's own code reads where it configures its database. Text alone; nothing is run. */
import { join } from "node:path";
import { loadTextFile } from "../config/text-file.ts";
import { readAdoString } from "../postgres/ado-string.ts";
import type { FoundEntry } from "./detect-entries.ts";

export interface ReadNames {
  /** The file that reads them, relative to the root. */
  file: string;
  names: readonly string[];
  /** Those that are whole URLs in a form of their own, each with such a URL. */
  urls?: Readonly<Record<string, string>>;
  /** The database that the file names itself, in plain words. */
  written?: string;
}

interface Reader {
  file: RegExp;
  /** The part of the file that is about the database. */
  part?: (text: string) => string;
  /** The database that it names in plain words, where that is in a form of its own. */
  written?: (text: string) => string | undefined;
  /** How it reads them, where that is a way of its own. */
  reads?: RegExp;
  /** The variables that are whole URLs in a form of their own, each with such a URL. */
  urls?: (text: string) => Record<string, string>;
  /** DATABASE_URL counts before what the file says. */
  yieldsToUrl?: true;
}

/** As much as the settings of one database take up. */
const SETTINGS_CHARS = 2000;

/** `${NAME}` and `${NAME:usual}`. */
const SPRING_READS = /\$\{([A-Z][A-Z0-9_]*)(?::[^}]*)?\}/g;

const READERS: readonly Reader[] = [
  // Prisma: url, directUrl, but not the shadow database's.
  { file: /\.prisma$/, part: (text) => (text.match(/^\s*(?:url|directUrl)\s*=.*$/gm) ?? []).join("\n") },
  { file: /(^|\/)prisma\.config\.[cm]?[jt]s$/ },
  { file: /(^|\/)drizzle\.config\.[cm]?[jt]s$/ },
  { file: /(^|\/)knexfile\.[cm]?[jt]s$/ },
  { file: /(^|\/)(?:ormconfig|data-source|datasource|typeorm\.config|mikro-orm\.config)\.(?:[cm]?[jt]s|json)$/ },
  { file: /(^|\/)config\/(?:config|database)\.[cm]?[jt]s$/ },
  { file: /(^|\/)\.sequelizerc$/ },
  { file: /(^|\/)config\/(?:config|database)\.json$/, part: sequelizeVariables },
  { file: /(^|\/)database\.ya?ml$/, part: railsOwn, yieldsToUrl: true },
  { file: /(^|\/)config\/database\.php$/, part: laravelDatabase },
  { file: /(^|\/)settings(?:\/\w+)?\.py$/, part: djangoDatabases },
  {
    file: /(^|\/)application(?:-(?:dev|local|development))?\.(?:properties|ya?ml)$/,
    part: springOwn,
    reads: SPRING_READS,
    urls: springUrls,
  },
  { file: /(^|\/)appsettings(?:\.(?:Development|Local))?\.json$/, written: databaseOfStrings },
  { file: /(^|\/)config\/(?:runtime|dev)\.exs$/, part: (text) => after(text, /\.Repo\b|DATABASE_URL/) },
];

const NAME = "([A-Z][A-Z0-9_]*)";
const READS = new RegExp(
  [
    `\\benv(?:\\.${NAME}|\\[["']${NAME}["']\\])`,
    `\\b(?:env|config|getenv|decouple)(?:\\.\\w+)?\\(\\s*["']${NAME}["']`,
    `\\bENV(?:\\[["']${NAME}["']\\]|\\.fetch\\(\\s*["']${NAME}["'])`,
    `\\bos\\.(?:environ(?:\\.get\\(|\\[)|getenv\\()\\s*["']${NAME}["']`,
    `\\bSystem\\.(?:get_env|fetch_env!?)\\(\\s*["']${NAME}["']`,
    `"use_env_variable"\\s*:\\s*"${NAME}"`,
  ].join("|"),
  "g",
);

/** By file. */
export async function listConfigNames(root: string, entries: readonly FoundEntry[]): Promise<ReadNames[]> {
  const found = await Promise.all(
    entries.map(async ({ path, isFolder }): Promise<ReadNames[]> => {
      const reader = isFolder ? undefined : READERS.find(({ file }) => file.test(path));
      if (reader === undefined) return [];
      const text = await loadTextFile(join(root, path), "the configuration").catch(() => "");
      const part = reader.part?.(text) ?? text;
      if (isOfAnother(text)) return [];
      const matches = [...part.matchAll(reader.reads ?? READS)];
      const names = matches.flatMap((match) => match.slice(1).filter((name) => name !== undefined));
      const urls = reader.urls?.(part) ?? {};
      const written = reader.yieldsToUrl ? undefined : (reader.written?.(text) ?? databaseIn(part, text));
      if (names.length === 0 && written === undefined) return [];
      return [{ file: path, names: [...new Set(names)], urls, ...(written === undefined ? {} : { written }) }];
    }),
  );
  return found.flat();
}

const WRITTEN =
  /["']?\b(?:database|NAME)["']?\s*(?::|=>)\s*["']([\w-]+)["']|\bpostgres(?:ql)?:\/\/[^\s"'?#/]*\/([\w-]+)/;

/** The database that a configuration of PostgreSQL's names in plain words. */
function databaseIn(part: string, text: string): string | undefined {
  if (!/postgres|\bpg\b|\.Repo\b/i.test(text)) return undefined;
  return WRITTEN.exec(part)
    ?.slice(1)
    .find((name) => name !== undefined);
}

/** What is the developer's own of Rails' settings: neither the tests' nor a server's. */
function railsOwn(text: string): string {
  return text.replace(/^(?:test|staging|production):[\s\S]*?(?=^\S|(?![\s\S]))/gm, "");
}

const POSTGRES = /postg|\bpg\b|psycopg|pgsql|cockroach|\.Repo\b/i;
const OTHERS = /sqlite|mysql|mariadb|mongodb|sqlserver|mssql|oracle|turso|libsql|\bd1\b/i;

/** It speaks of another kind of server, and nowhere of PostgreSQL. */
export function isOfAnother(text: string): boolean {
  return OTHERS.test(text) && !POSTGRES.test(text);
}

/** The database of the first ADO.NET string among a JSON file's texts. */
function databaseOfStrings(text: string): string | undefined {
  const texts = [...text.matchAll(/"([^"\n]*;[^"\n]*)"/g)].map(([, each = ""]) => readAdoString(each));
  return texts.find((each) => each !== undefined)?.place.database;
}

/** The lines of a PostgreSQL's settings: a driver's URL, a login. */
function springOwn(text: string): string {
  const lines = text.match(/^[^#\n]*(?:url|username|password)\s*[=:].*$/gim) ?? [];
  return /postgresql/i.test(text) ? lines.join("\n").replaceAll("\\:", ":") : "";
}

/** `${NAME}` and `${NAME:usual}` in the place of a whole URL: Spring's have a form of their own. */
function springUrls(text: string): Record<string, string> {
  const urls = /url\s*[=:]\s*["']?\$\{([A-Z][A-Z0-9_]*)(?::([^}]*))?\}/gi;
  return Object.fromEntries([...text.matchAll(urls)].map(([, name = "", usual]) => [name, plainUrl(usual) ?? JDBC]));
}

/** Micronaut's stand between backticks. */
function plainUrl(usual = ""): string | undefined {
  const text = usual.replace(/^`|`$/g, "");
  return /^[\w:+]+:\/\//.test(text) ? text : undefined;
}

const JDBC = "jdbc:postgresql://localhost/";

function sequelizeVariables(text: string): string {
  const named = (text.match(/"use_env_variable"\s*:\s*"[^"]*"/g) ?? []).join("\n");
  return named === "" ? text : named;
}

/** Laravel's `'pgsql' => [ … ]` among the other kinds of servers. */
function laravelDatabase(text: string): string {
  return /["']pgsql["']\s*=>\s*\[[\s\S]*?\n\s*\],/.exec(text)?.[0] ?? "";
}

function djangoDatabases(text: string): string {
  return after(text, /^DATABASES\s*=|dj_database_url/m);
}

function after(text: string, beginning: RegExp): string {
  const place = text.search(beginning);
  return place < 0 ? "" : text.slice(place, place + SETTINGS_CHARS);
}
