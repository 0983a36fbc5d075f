/** ADO.NET's connection strings, as Npgsql reads them: `Host=localhost;Database=shop;Username=app;Password=…`. */
import { type Connection, DEFAULT_PORT } from "./url.ts";

/** What pgrove knows of a database, by its placeholder's name. */
type Part = "host" | "port" | "database" | "user" | "password";

interface Pair {
  /** As it stands, with what surrounds the value: `Host=`. */
  name: string;
  part: Part | undefined;
  value: string;
  quote: string;
}

export interface AdoString {
  pairs: readonly Pair[];
  /** Without a password: it says where the database is. */
  place: Pick<Connection, "host" | "port" | "database"> & { user: string | undefined };
}

/** Npgsql's words, without their blanks. */
const WORDS: Readonly<Record<string, Part>> = {
  ...{ host: "host", server: "host", port: "port", database: "database", db: "database" },
  ...{ username: "user", userid: "user", uid: "user", password: "password", pwd: "password", psw: "password" },
};

/** Words of SQL Server's and MySQL's strings, which Npgsql does not have or nobody gives it. */
const FOREIGN =
  /^(?:datasource|initialcatalog|trusted_connection|integratedsecurity|attachdbfilename|allowuservariables)$/;

const PAIR = /(\s*([^=;]+?)\s*=\s*)(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;]*?))\s*(?:;|$)/sy;

/** The string's pairs; undefined for any other text, and for strings of other kinds of servers. */
export function readAdoString(text: string): AdoString | undefined {
  if (!/^[\w ]+=[^;]*;\s*[\w ]+=/.test(text)) return undefined;
  const pairs = readPairs(text.trim());
  if (pairs === undefined) return undefined;
  const find = (part: Part) => pairs.findLast((pair) => pair.part === part)?.value;
  const [, host = "", inHost] = /^([^:,\\]+)(?::(\d+))?$/.exec(find("host") ?? "") ?? [];
  const [database, user, written] = [find("database"), find("user"), find("port") ?? inHost];
  if (host === "" || database === undefined || database === "") return undefined;
  // Without a port the words alone do not tell SQL Server's and MySQL's administrator from PostgreSQL's.
  if (written === undefined && /^(?:sa|root)$/i.test(user ?? "")) return undefined;
  return { pairs, place: { host, port: Number(written ?? DEFAULT_PORT), database, user } };
}

function readPairs(text: string): Pair[] | undefined {
  const pairs: Pair[] = [];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const found = PAIR.exec(text);
    if (found === null) return undefined;
    const [, name = "", word = "", double, single, plain = ""] = found;
    const key = word.replace(/\s/g, "").toLowerCase();
    if (FOREIGN.test(key)) return undefined;
    const quote = double !== undefined ? '"' : single !== undefined ? "'" : "";
    const value = (double ?? single ?? plain).replaceAll(quote.repeat(2), quote);
    pairs.push({ name, part: Object.hasOwn(WORDS, key) ? WORDS[key] : undefined, value, quote });
  }
  return pairs;
}

/** The string with those values, in its own words and order; what it says beside them stays as `keep` has it. */
export function writeAdoString(
  { pairs }: AdoString,
  values: Partial<Record<Part, string>>,
  keep: (text: string) => string = (text) => text,
): string {
  const hasPort = pairs.some(({ part }) => part === "port");
  const written = pairs.map(({ name, part, value, quote }) => {
    const own = part === undefined ? undefined : values[part];
    const text = `${name}${quoted(own ?? keep(value), quote)}`;
    return part !== "host" || hasPort ? text : `${text};Port=${values.port ?? DEFAULT_PORT}`;
  });
  return written.join(";");
}

/** A value that has a semicolon, or begins with a quote, stands in quotes. */
function quoted(value: string, quote: string): string {
  const around = quote === "" && /[;"']|^\s|\s$/.test(value) ? '"' : quote;
  return around === "" ? value : `${around}${value.replaceAll(around, around.repeat(2))}${around}`;
}
