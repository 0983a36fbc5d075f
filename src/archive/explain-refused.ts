/** Why a server took what a dump says not, although the dump is whole: by PostgreSQL's own words, with the way out. */
import { type Explanation, explainFull } from "../work/explain.ts";

interface Rule extends Omit<Explanation, "why"> {
  says: RegExp;
  why: (name: string) => string;
  /** It says what the server has not: one that had it would take the dump. */
  lacks?: true;
}

const NAMELESS =
  `(?:relation|type|table|text search configuration|collation) "([^".]+)"(?: for encoding "[^"]*")? does not exist` +
  String.raw`|function ([^\s.(]+)\([^)]*\) does not exist|(operator) does not exist`;

const QUALIFIED = String.raw`[^\s".(]+\.[^\s"(]+`;

const RULES: readonly Rule[] = [
  {
    code: "dump_damaged",
    says: /pg_restore: error: (?!could not execute query).*(?:corrupt|could not open (?:input file|large object TOC file) .*No such file|could not (?:uncompress|decompress|find block)|unexpected (?:block|end)|end of file|valid archive|incomplete tar|unrecognized data block)|^\s*tar: (?:Unexpected EOF|Error is not recoverable|short read)/im,
    why: () => "the dump is damaged: its data cannot be read to the end",
    hint: "make it again, or restore an older one: pgrove dumps list",
  },
  {
    code: "load_mixed",
    says: /syntax error at or near "(pg_dump(?:all)?)"/i,
    why: (name) => `what ${name} said to its stderr is in it`,
    hint: "make it again without 2>&1, and without the -t of docker exec, which mixes the two; or take that line out",
  },
  {
    code: "load_duplicate",
    says: /duplicate key value violates unique constraint "([^"]+)"/i,
    why: (name) => `rows that ${name} allows once are there already`,
    hint: "empty the tables first (TRUNCATE), or replace them: pgrove restore DUMP --table NAME",
  },
  {
    code: "load_order",
    says: /violates check constraint "([^"]+)"/i,
    why: (name) =>
      `the check ${name} held where it was dumped, so what it calls reads more than its own row, such as another table, which is loaded later`,
    hint: "in the source, make the check a trigger, or add it as NOT VALID (then it is made behind the rows), and dump again",
  },
  {
    code: "load_needed",
    says: /cannot drop (.+) because other objects depend on it/i,
    why: (name) => `others need ${name}`,
    hint: "take them along (--table OTHER), drop them before, or restore it beside and copy what you need: --into-new NAME",
  },
  {
    code: "load_language",
    lacks: true,
    says: /((?:language|foreign-data wrapper) "[^"]+") does not exist/i,
    why: (name) => `the server has no ${name}, which an extension makes`,
    hint: "make the extension a part of the dump (CREATE EXTENSION in the source), or dump without what uses it: pg_dump --exclude-table",
  },
  {
    code: "load_search_path",
    says: new RegExp(NAMELESS, "i"),
    why: (name) => `it names ${name} without a schema, and a dump is loaded with an empty search_path`,
    hint: "load it with one: --search-path public; or in the source: ALTER FUNCTION … SET search_path = …, and dump again",
  },
  {
    code: "load_part",
    says: new RegExp(
      `(?:type|relation|function) "?(${QUALIFIED})"?.* does not exist|schema "([^"]+)" does not exist`,
      "i",
    ),
    why: (name) =>
      `it needs ${name}, which is not there: of a database it is only a part, or it comes without an extension`,
    hint: "dump all of it; or make what is missing in a database, and take the part there: pgrove restore DUMP --table NAME --to TARGET",
  },
  {
    code: "load_forbidden",
    says: /must be superuser|permission denied|must be (?:the )?owner of|must be able to SET ROLE|must be (?:a )?member of role|Only roles with/i,
    why: () => "the login may not do what it says",
    hint: "log in as a superuser, or restore it with --no-owner or --skip-forbidden",
  },
  {
    code: "load_role",
    lacks: true,
    says: /role "([^"]+)" does not exist/i,
    why: (name) => `there is no role ${name}`,
    hint: "create the role (createuser), or restore it with --no-owner",
  },
  {
    code: "load_label",
    lacks: true,
    says: /security label provider "([^"]+)" is not loaded|no (security label provider)s have been loaded/i,
    why: (name) => `it has security labels of ${name}, which the server has not`,
    hint: "leave them out with the extension that they are of: --skip-extension NAME; or dump again with pg_dump --no-security-labels",
  },
  {
    code: "load_locale",
    lacks: true,
    says: /could not create locale "([^"]+)"|collation "([^"]+)" for encoding/i,
    why: (name) => `the server has no locale or collation ${name}`,
    hint: "use an image that has the locale, or change the collation in the source and dump again",
  },
  {
    code: "load_access_method",
    lacks: true,
    says: /access method "([^"]+)" does not exist/i,
    why: (name) => `the server has no access method ${name}`,
    hint: "install the extension that has it; or dump again with pg_dump --no-table-access-method",
  },
  {
    code: "load_setting",
    lacks: true,
    says: /unrecognized configuration parameter "([^"]+)"/i,
    why: (name) => `the server does not know the setting ${name}, which a provider or a newer PostgreSQL has`,
    hint: "take the lines that set it out of the dump, or restore it to a server that knows it",
  },
  {
    code: "load_time_limit",
    says: /due to (?:statement|lock|transaction|idle-session) timeout/i,
    why: () => "a time limit ended it",
    hint: "look for it in: ALTER ROLE … SET, ALTER DATABASE … SET and postgresql.conf",
  },
];

const LACKS = new Set(RULES.flatMap(({ code, lacks }) => (lacks ? [code] : [])));

/** Whether a server that had something more would take the dump. */
export function isLack(code: string): boolean {
  return LACKS.has(code);
}

/** The explanation of what a program or a server has said; undefined where none fits. */
export function explainRefused(said: string): Explanation | undefined {
  for (const { says, code, why, hint } of RULES) {
    const [found, ...names] = says.exec(said) ?? [];
    if (found !== undefined) return { code, why: why(names.find((name) => name !== undefined) ?? ""), hint };
  }
  return explainFull(said);
}
