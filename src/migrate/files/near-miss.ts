/** Files that are nearly migrations, each with what it probably is: none that was meant to run is passed over in silence. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../../config/suggest.ts";
import type { Finding } from "../migration.ts";
import { type FolderFile, fileFinding } from "./layout.ts";

/** The names that a layout takes. */
export interface WantedName {
  /** "NUMBER_name.sql" */
  pattern: string;
  /** What a file that ends in `.sql` should be called. */
  propose(name: string): string;
}

/** Hidden files, editors' backups and locks, checksums: nobody takes these for migrations. */
const BESIDE = /^[.#]|~$|\.(?:sw[a-p]|sum|sha\d+|md5|sig|license)$|___jb_\w+___$|:Zone\.Identifier$/i;
/** Kept out of the way by whoever called it so. */
const ASIDE =
  /\.(?:bak|backup|orig|old|rej|save|tmp|disabled|skip|ignore|off|example|sample|dist|te?mpl|tpl|template|j2|erb|md)\d*$/i;
const PACKED = /\.(?:gz|bz2|xz|zst|lz4|br|zip|7z)$/i;
const ENCRYPTED = /\.(?:gpg|pgp|asc|age|enc)$/i;

/** `.sql` somewhere behind a number, or behind a direction. */
const SQL_NAME = /^v?\d.*\.sql|\.(?:up|down)\.sql/i;
const FLYWAY_NAME = /^(?:[vub]\d[\d._]*|r)__.*\.sql$/i;
/** What else ends in something: the number needs its separator. */
const NUMBERED = /^v?\d+[\s_.-]/i;
const TOOLS_NAME = /^(?:\d+[_-]|[vub]\d[\d._]*__|r__)/i;

const SQL_ENDS = new Set(["pgsql", "psql", "plsql", "plpgsql", "postgres", "postgresql", "ddl", "dml", "up", "down"]);

const SCRIPT_TOOLS: readonly (readonly [ends: readonly string[], tool: string])[] = [
  [["go"], "a Go program such as goose"],
  [["py"], "Alembic or Django"],
  [["rb"], "Rails"],
  [["js", "cjs", "mjs", "ts", "cts", "mts"], "a JavaScript tool such as Knex"],
  [["php"], "Laravel or another PHP tool"],
  [["exs"], "Ecto"],
  [["cs"], "Entity Framework"],
  [["java", "kt"], "Flyway"],
  [["rs"], "refinery"],
  [["xml", "yaml", "yml"], "Liquibase"],
];
const NO_SCRIPT = /(?:[._](?:test|spec)|\.d)\.\w+$/i;

/** What is wrong with a name that the layout does not take; undefined for what is something else. */
export function findNearMiss({ fileName: name, shown }: FolderFile, wanted: WantedName): Finding | undefined {
  if (BESIDE.test(name)) return undefined;
  const error = (message: string, hint: string) =>
    fileFinding("error", { rule: "wrong_name", file: shown, message, hint });
  const aside = name.replace(ASIDE, "");
  if (aside !== name) return SQL_NAME.test(aside) ? findAside(shown, aside, wanted) : undefined;
  const core = name.replace(PACKED, "").replace(ENCRYPTED, "");
  const sql = asSqlName(core);
  if (sql === undefined) return findOtherTool(name, shown, wanted);
  const proposed = wanted.propose(sql);
  if (core !== name) {
    const what = PACKED.test(name) ? "compressed" : "encrypted";
    return error(`would not be run: it is ${what}`, `put the SQL itself there, as ${proposed}`);
  }
  if (sql !== name && SQL_NAME.test(name)) {
    return error("would not be run: its name goes on behind .sql", `call it ${proposed}, or move it out of the folder`);
  }
  const like = FLYWAY_NAME.test(name) ? "; it looks like one of Flyway's" : "";
  return error(`would not be run: its name is not ${wanted.pattern}${like}`, `call it ${proposed}`);
}

function findAside(file: string, aside: string, { propose }: WantedName): Finding {
  return fileFinding("warning", {
    ...{ rule: "wrong_name", file },
    message: "is not run: its name goes on behind .sql",
    hint: `remove it, or call it ${propose(asSqlName(aside) ?? aside)}`,
  });
}

/** The name of SQL, up to the `.sql` that it has or should have; undefined where it is something else's. */
function asSqlName(name: string): string | undefined {
  if (SQL_NAME.test(name) || FLYWAY_NAME.test(name)) return name.replace(/(\.sql)(?!.*\.sql).*$/is, "$1");
  const [, stem = "", end = ""] = /^(.*)\.([^.]*)$/s.exec(name) ?? [];
  if (stem === "") return /^v?\d+_/i.test(name) ? `${name}.sql` : undefined;
  const isLike = SQL_ENDS.has(end.toLowerCase()) || didYouMean(end, ["sql"]) !== undefined;
  if (!isLike || !(NUMBERED.test(name) || /\.(?:up|down)$/i.test(stem))) return undefined;
  return /^(?:up|down)$/i.test(end) ? `${name}.sql` : `${stem}.sql`;
}

function findOtherTool(name: string, file: string, { pattern }: WantedName): Finding | undefined {
  if (!TOOLS_NAME.test(name) || NO_SCRIPT.test(name)) return undefined;
  const end = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const tool = SCRIPT_TOOLS.find(([ends]) => ends.includes(end))?.[1];
  if (tool === undefined) return undefined;
  return fileFinding("error", {
    ...{ rule: "wrong_name", file },
    message: `would not be run: it looks like a migration of ${tool}`,
    hint: `write it in SQL, as ${pattern}; or let pgrove call that tool: migrations.command in pgrove.yaml`,
  });
}

/** A folder that is a migration for its tool: its SQL lies in files whose names say nothing but the direction. */
export function findFolderMigration({ path, shown, fileName: name }: FolderFile): Finding | undefined {
  if (!/^\d/.test(name)) return undefined;
  const isDiesel = existsSync(join(path, "up.sql"));
  if (!isDiesel && !existsSync(join(path, "migration.sql"))) return undefined;
  return fileFinding("error", {
    ...{ rule: "wrong_name", file: shown },
    message: `would not be run: it looks like a migration of ${isDiesel ? "Diesel" : "Prisma"}`,
    hint: "make files of it, named as the others; or let pgrove call that tool: migrations.command in pgrove.yaml",
  });
}

/** The parts of a name that was nearly right: its number, and what follows without separators. */
export function splitLoosely(name: string): { digits: string; rest: string } {
  const [, digits = "", rest = ""] = /^(?:v(?=\d))?(\d*)[\s_.-]*(.*)$/is.exec(name) ?? [];
  return { digits: digits === "" ? "NUMBER" : digits, rest: rest === "" ? "NAME" : rest };
}

/** The name that a file with both directions would have to have: for those whose name nearly is one. */
export function proposeOneFile(name: string): string {
  const { digits, rest } = splitLoosely(name.replace(/\.sql$/i, ""));
  return `${digits}_${rest}.sql`;
}
