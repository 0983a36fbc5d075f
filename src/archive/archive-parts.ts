/** Which entries of an archive make a part of it: some tables, some schemas, only what is made or only what fills it. */
import type { ArchiveEntry } from "./archive.ts";
import { unquoteName } from "./wants.ts";

/** What of a dump is wanted. */
export interface PartOfDump {
  /** `name`, or `schema.name`, as they are called or in double quotes as in SQL: no patterns. */
  tables: readonly string[];
  schemas: readonly string[];
  content: "all" | "schema" | "data";
}

export interface ChosenEntries {
  entries: ArchiveEntry[];
  /** Those of the asked-for names that the archive does not have. */
  missing: string[];
  /** Those that are of several schemas. */
  unclear: string[];
}

const TABLES = new Set(["TABLE", "FOREIGN TABLE"]);

/** Entries that hold rows, and the values of sequences. */
const FILLING = new Set([
  ...["TABLE DATA", "SEQUENCE SET", "MATERIALIZED VIEW DATA", "BLOBS", "BLOB", "BLOB COMMENTS", "BLOB METADATA"],
  "STATISTICS DATA",
]);

/** Entries whose tag begins with their table's. */
const NAMED_AFTER = new Set([
  "CONSTRAINT",
  "CHECK CONSTRAINT",
  "FK CONSTRAINT",
  "DEFAULT",
  "TRIGGER",
  "RULE",
  "POLICY",
]);

/** Entries that say of whom they are only by what they depend on. */
const DEPENDING = new Set(["INDEX", "STATISTICS"]);

/** Entries about others, which their tags name with their kind: `COLUMN item.name`. */
const ABOUT = new Set(["ACL", "COMMENT", "SECURITY LABEL"]);

/** The entries of the part, in their order. */
export function chooseEntries(all: readonly ArchiveEntry[], part: PartOfDump): ChosenEntries {
  const found = part.tables.map((asked) => ({ asked, tables: findTables(all, asked) }));
  const tables = found.flatMap((each) => each.tables);
  const made = new Set(all.flatMap(({ kind, tag, schema }) => (kind === "SCHEMA" ? [tag, schema] : [schema])));
  const asked = part.schemas.map((name) => (made.has(name) ? name : unquoteName(name)));
  const schemas = new Set(asked);
  const isWhole = part.tables.length + part.schemas.length === 0;
  const belongs = belongingTo(all, tables);
  const entries = all.filter((entry) => {
    if (part.content !== "all" && FILLING.has(entry.kind) !== (part.content === "data")) return false;
    return isWhole || belongs(entry) || schemas.has(entry.schema) || schemas.has(schemaNamedBy(entry));
  });
  return {
    entries,
    missing: [
      ...found.filter((each) => each.tables.length === 0).map(({ asked }) => `table ${asked}`),
      ...asked.filter((name) => !made.has(name)).map((name) => `schema ${name}`),
    ],
    unclear: found.filter((each) => each.tables.length > 1).map(({ asked }) => asked),
  };
}

const ASKED_PART = `("(?:[^"]|"")+"|[^."]+)`;
const ASKED = new RegExp(String.raw`^(?:${ASKED_PART}\.)?${ASKED_PART}$`);

/** The tables of that name: by their own entry, or that of their rows where the archive makes none. */
function findTables(all: readonly ArchiveEntry[], asked: string): ArchiveEntry[] {
  const [, ...quoted] = ASKED.exec(asked) ?? [];
  const [inSchema, name] = quoted.map((part) => part && unquoteName(part));
  const isAsked = ({ schema, tag }: ArchiveEntry) =>
    tag === asked || `${schema}.${tag}` === asked || (tag === name && (inSchema ?? schema) === schema);
  const making = all.filter((entry) => TABLES.has(entry.kind) && isAsked(entry));
  return making.length > 0 ? making : all.filter((entry) => entry.kind === "TABLE DATA" && isAsked(entry));
}

function belongingTo(all: readonly ArchiveEntry[], tables: readonly ArchiveEntry[]): (entry: ArchiveEntry) => boolean {
  const ids = new Set(tables.map(({ id }) => id));
  const names = new Set(tables.map(keyOf));
  const owning = all.filter((entry) => names.has(ownerOfSequence(entry)));
  const sequences = new Set(owning.map(keyOf));
  const isTable = (schema: string, name: string) => names.has(JSON.stringify([schema, name]));
  const indexes = new Set(
    all.filter(({ kind, dependencies }) => kind === "INDEX" && dependencies.some((id) => ids.has(id))).map(keyOf),
  );
  return (entry) => {
    const { kind, tag, schema, dependencies } = entry;
    if (TABLES.has(kind) || kind === "TABLE DATA" || kind === "ROW SECURITY") return names.has(keyOf(entry));
    if (kind.startsWith("SEQUENCE")) return sequences.has(keyOf(entry));
    if (NAMED_AFTER.has(kind))
      return tables.some((table) => table.schema === schema && tag.startsWith(`${table.tag} `));
    if (DEPENDING.has(kind)) return dependencies.some((id) => ids.has(id));
    if (!ABOUT.has(kind)) return false;
    const [, what = "", name = ""] = /^(TABLE|COLUMN|SEQUENCE|INDEX|CONSTRAINT|TRIGGER|POLICY) (.+)$/.exec(tag) ?? [];
    if (what === "TABLE") return isTable(schema, unquoteName(name));
    if (what === "COLUMN") return tables.some((table) => table.schema === schema && isColumnOf(name, table.tag));
    if (what === "SEQUENCE") return sequences.has(JSON.stringify([schema, unquoteName(name)]));
    if (what === "INDEX") return indexes.has(JSON.stringify([schema, unquoteName(name)]));
    return (
      dependencies.some((id) => ids.has(id)) ||
      tables.some((table) => name.endsWith(` ON ${table.tag}`) && table.schema === schema)
    );
  };
}

function keyOf({ schema, tag }: ArchiveEntry): string {
  return JSON.stringify([schema, tag]);
}

const PART = String.raw`("(?:[^"]|"")+"|[^\s."]+)`;
const OWNED_BY = new RegExp(String.raw`OWNED BY ${PART}\.${PART}\.`);

/** The key of the table that a sequence goes with, as its entry SEQUENCE OWNED BY says it. */
function ownerOfSequence({ kind, definition }: ArchiveEntry): string {
  const [, schema = "", table = ""] = (kind === "SEQUENCE OWNED BY" && OWNED_BY.exec(definition)) || [];
  return JSON.stringify([unquoteName(schema), unquoteName(table)]);
}

function isColumnOf(column: string, table: string): boolean {
  return column.startsWith(`${table}.`) || column.startsWith(`"${table.replaceAll('"', '""')}".`);
}

/** The schema that an entry makes, or says something about. */
function schemaNamedBy({ kind, tag }: ArchiveEntry): string {
  if (kind === "SCHEMA") return tag;
  return ABOUT.has(kind) && tag.startsWith("SCHEMA ") ? unquoteName(tag.slice("SCHEMA ".length)) : "";
}
