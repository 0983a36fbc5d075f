/** What an archive asks of the server and of the login, and what of it is not taken. */

import { eachStatement } from "../sql/each-statement.ts";
import type { ArchiveEntry } from "./archive.ts";
import { type ElevatedStatement, elevatedOf } from "./elevated.ts";
import { isSkipped, type Skipping, unquoteName, type Want, WantList, wantsOfSql } from "./wants.ts";

/** Entries that pg_restore gives no owner. */
const WITHOUT_OWNER = new Set([
  ...["ACL", "BLOBS", "CAST", "CHECK CONSTRAINT", "COMMENT", "CONSTRAINT", "DEFAULT", "DEFAULT ACL", "EXTENSION"],
  ...["FK CONSTRAINT", "INDEX", "INDEX ATTACH", "MATERIALIZED VIEW DATA", "POLICY", "PUBLICATION TABLE"],
  ...["PUBLICATION TABLES IN SCHEMA", "ROW SECURITY", "RULE", "SECURITY LABEL", "SEQUENCE OWNED BY", "SEQUENCE SET"],
  ...["STATISTICS DATA", "SUBSCRIPTION", "TABLE ATTACH", "TABLE DATA", "TRANSFORM", "TRIGGER", "USER MAPPING"],
]);

/** Entries whose definitions may ask for something; in the others there are rows and columns. */
const WITH_WANTS = new Set([
  ...[
    "ACCESS METHOD",
    "ACL",
    "COMMENT",
    "DEFAULT ACL",
    "EVENT TRIGGER",
    "EXTENSION",
    "FOREIGN DATA WRAPPER",
    "FUNCTION",
  ],
  ...["OPERATOR CLASS", "OPERATOR FAMILY", "POLICY", "PROCEDURE", "PUBLICATION", "PUBLICATION TABLE"],
  ...[
    "PUBLICATION TABLES IN SCHEMA",
    "SUBSCRIPTION",
    "SCHEMA",
    "SECURITY LABEL",
    "USER MAPPING",
    "TYPE",
    "SHELL TYPE",
    "CAST",
    "TABLE DATA",
  ],
  ...["TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE", "AGGREGATE", "PROCEDURAL LANGUAGE"],
]);

function wantsOfEntry({ kind, owner, definition }: ArchiveEntry): Want[] {
  const wants = WITH_WANTS.has(kind) ? wantsOfSql(definition) : [];
  if (owner === "" || WITHOUT_OWNER.has(kind)) return wants;
  const object = wants.find((want) => want.kind === "object")?.object ?? "";
  return [...wants, { kind: "owner", object, roles: [owner], superuser: false, settings: [] }];
}

/** What the archive's entries ask for. */
export function wantsOf(entries: readonly ArchiveEntry[]): Want[] {
  const list = new WantList();
  for (const entry of entries) for (const want of wantsOfEntry(entry)) list.add(want);
  return list.all;
}

/** The statements of the archive about what an administrator can make. */
export function elevatedIn(entries: readonly ArchiveEntry[]): ElevatedStatement[] {
  return entries.flatMap(({ kind, definition }) => {
    if (!WITH_WANTS.has(kind)) return [];
    const bytes = Buffer.from(definition);
    const found: (ElevatedStatement | undefined)[] = [];
    eachStatement(bytes, (text, { start, end }) => {
      found.push(elevatedOf(text, () => bytes.toString("utf8", start, end)));
    });
    // An entry that says more than that is the login's to run.
    return found.every((each) => each !== undefined) ? found : [];
  });
}

/** Entries that say who may do what with something, and belong to it. */
const ABOUT = new Set(["ACL", "DEFAULT ACL", "SECURITY LABEL", "POLICY", "ROW SECURITY"]);
const MADE = new Set(["TABLE", "SEQUENCE", "FOREIGN TABLE"]);
const FILLED = new Set(["TABLE DATA", "SEQUENCE SET"]);

/** The entries that fill what the archive does not make, since an extension does: `rows of cron.job`. */
export function rowsOfExtensions(entries: readonly ArchiveEntry[]): string[] {
  const made = new Set(entries.filter(({ kind }) => MADE.has(kind)).map(rowsOf));
  return entries.filter((entry) => FILLED.has(entry.kind) && !made.has(rowsOf(entry))).map(rowsOf);
}

function rowsOf({ schema, tag }: ArchiveEntry): string {
  return `rows of ${schema}.${tag}`;
}

/** The server's own schemas, and the one that every database has. */
const IN_ALL = /^(?:public|information_schema|pg_.*)$/;

/**
 * The grants, default privileges and policies in schemas of which the archive makes nothing, since an extension does:
 * `grants in cron`.
 */
export function grantsOfExtensions(entries: readonly ArchiveEntry[]): string[] {
  const made = new Set(
    entries.flatMap(({ kind, schema, tag }) => {
      if (kind === "SCHEMA") return [tag];
      return ABOUT.has(kind) || FILLED.has(kind) ? [] : [schema];
    }),
  );
  const theirs = entries.flatMap((entry) => {
    const schema = ABOUT.has(entry.kind) ? schemaOf(entry) : "";
    return schema === "" || made.has(schema) || IN_ALL.test(schema) ? [] : [grantsIn(schema)];
  });
  return [...new Set(theirs)];
}

function grantsIn(schema: string): string {
  return `grants in ${schema}`;
}

/** The schema that an entry lies in, or says something about. */
function schemaOf({ schema, tag }: ArchiveEntry): string {
  return schema === "" && tag.startsWith("SCHEMA ") ? unquoteName(tag.slice("SCHEMA ".length)) : schema;
}

/** What pg_restore takes, as its `--use-list` reads it; undefined where it is all. Owners and grants are not in the list. */
export function listOfKept(entries: readonly ArchiveEntry[], { objects }: Skipping): string | undefined {
  const skipping = { objects, owners: false, grants: false };
  const goes = (entry: ArchiveEntry) =>
    wantsOfEntry(entry).some((want) => isSkipped(want, skipping)) ||
    (FILLED.has(entry.kind) && objects.has(rowsOf(entry))) ||
    (ABOUT.has(entry.kind) && objects.has(grantsIn(schemaOf(entry))));
  const kept = entries.filter((entry) => !goes(entry));
  return kept.length === entries.length ? undefined : kept.map(({ id }) => `${id};\n`).join("");
}

/** Whether an entry makes or comments on what is skipped, or says who may use what is `named`, as statements name it. */
export function isOfSkipped(entry: ArchiveEntry, { objects }: Skipping, named: readonly string[]): boolean {
  if (wantsOfEntry(entry).some(({ object }) => objects.has(object))) return true;
  if (!ABOUT.has(entry.kind)) return false;
  let isAbout = false;
  eachStatement(Buffer.from(entry.definition), (text) => {
    const said = `${text.replace(/;$/, "")} `;
    isAbout ||= named.some((name) => said.includes(` ${name} `));
  });
  return isAbout;
}
