/** Files that are nearly migrations, each with what it probably is: none that was meant to run is passed over in silence. */
import { readdirSync } from "node:fs";
import { posix } from "node:path";
import { didYouMean } from "../../config/suggest.ts";
import { isFlywayName, toolOfName } from "../../repo/migration-tools.ts";
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
/** What else ends in something: the number needs its separator. */
const NUMBERED = /^v?\d+[\s_.-]/i;
const SQL_ENDS = new Set(["pgsql", "psql", "plsql", "plpgsql", "postgres", "postgresql", "ddl", "dml", "up", "down"]);

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
  const like = isFlywayName(name) ? "; it looks like one of Flyway's or refinery's" : "";
  return error(`would not be run: its name is not ${wanted.pattern}${like}`, `call it ${proposed}; ${OR_IGNORE}`);
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
  if (SQL_NAME.test(name) || isFlywayName(name)) return name.replace(/(\.sql)(?!.*\.sql).*$/is, "$1");
  const [, stem = "", end = ""] = /^(.*)\.([^.]*)$/s.exec(name) ?? [];
  if (stem === "") return /^v?\d+_/i.test(name) ? `${name}.sql` : undefined;
  const isLike = SQL_ENDS.has(end.toLowerCase()) || didYouMean(end, ["sql"]) !== undefined;
  if (!isLike || !(NUMBERED.test(name) || /\.(?:up|down)$/i.test(stem))) return undefined;
  return /^(?:up|down)$/i.test(end) ? `${name}.sql` : `${stem}.sql`;
}

/** A number and a direction, whatever the file is written in. */
const TWO_WAYS = /^\d.*\.(?:up|down)\.\w+$/i;

function findOtherTool(name: string, file: string, { pattern }: WantedName): Finding | undefined {
  const tool = toolOfName(name);
  if (tool !== undefined) {
    return fileFinding("error", {
      ...{ rule: "wrong_name", file },
      message: `would not be run: it looks like a migration of ${tool}`,
      hint: `write it in SQL, as ${pattern}; or let pgrove call that tool: migrations.command in pgrove.yaml; ${OR_IGNORE}`,
    });
  }
  if (TWO_WAYS.test(name)) {
    return fileFinding("error", {
      ...{ rule: "wrong_name", file },
      message: `would not be run: its name is not ${pattern}`,
      hint: `call it ${pattern} where it is SQL; ${OR_IGNORE}`,
    });
  }
  if (!/\.sql$/i.test(name) || NO_MIGRATION.test(name)) return undefined;
  return fileFinding("warning", {
    ...{ rule: "wrong_name", file },
    message: "is not run: it has no number",
    hint: `call it ${pattern} where it is a migration; ${OR_IGNORE}`,
  });
}

/** In a folder that has a number: what it does is written in another language, in a file whose name says nothing. */
const IN_ANOTHER_LANGUAGE = /^(?:up|down|mod|migration)\.(?:rs|go|py|rb|php|exs|[cm]?[jt]s|ya?ml)$/i;

/** A folder that is another tool's migration; Prisma's SQL lies in a file whose name says nothing. */
export function findFolderMigration({ path, shown, fileName: name }: FolderFile): Finding | undefined {
  if (!/^\d/.test(name)) return undefined;
  const held = namesIn(path);
  const other = held.includes("up.sql") ? undefined : held.find((each) => IN_ANOTHER_LANGUAGE.test(each));
  const what = held.includes("migration.sql")
    ? "it looks like a migration of Prisma"
    : other && `it holds ${other}, and no up.sql`;
  if (what === undefined) return undefined;
  return fileFinding("error", {
    ...{ rule: "wrong_name", file: shown },
    message: `would not be run: ${what}`,
    hint: `make files of it, named as the others; or let pgrove call that tool: migrations.command in pgrove.yaml; ${OR_IGNORE}`,
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it may be nobody's business
  }
}

/** A folder's migration among those of another layout. */
export function findStrayFolder({ shown }: FolderFile): Finding {
  return fileFinding("error", {
    ...{ rule: "wrong_name", file: shown },
    message: "would not be run: it looks like a migration of Diesel, which is a folder",
    hint: `make files of it, named as the others; or where all of them are folders: migrations: {layout: diesel}; ${OR_IGNORE}`,
  });
}

/** SQL that is known to lie beside migrations. */
const NO_MIGRATION = /^(?:migration|schema|structure|seeds?|data|dump|fixtures?|test\w*|current)\b.*\.sql$/i;

/** Files of a folder below, which is not taken in. */
export function findDeeper([first, ...more]: readonly FolderFile[]): Finding[] {
  if (first === undefined) return [];
  const folder = posix.dirname(first.shown);
  const others = more.length === 0 ? "" : ` and ${more.length} more in ${folder}`;
  return [
    fileFinding("error", {
      ...{ rule: "wrong_name", file: first.shown },
      message: `would not be run: the folders below migrations.dir are not looked into${others === "" ? "" : `;${others} would not either`}`,
      hint: `dir: …/** takes them in; ${OR_IGNORE}`,
    }),
  ];
}

/** What everybody may do with a file that is no migration. */
const OR_IGNORE = "if it is none: migrations.ignore";

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
