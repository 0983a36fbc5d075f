/**
 * A database's schema as text that two machines write alike: pg_dump's own, without what its version, its build and the
 * extensions' authors put into it. It can be loaded by any of the versions.
 */
import { type Queries, schemaPattern } from "../../postgres/schema.ts";
import { listNeededExtensions } from "../../postgres/schema-dependencies.ts";
import { withSession } from "../../postgres/session.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { Runner } from "../../sys/process.ts";
import type { RunId } from "../../sys/run-id.ts";
import { renameSchema, writtenName } from "./schema-rename.ts";

/** What reading needs of the run that it is a part of. */
export interface SchemaReader {
  run: RunId;
  runner: Runner;
  abort: AbortSignal;
}

const OPTIONS = [
  "--schema-only",
  "--no-owner",
  "--no-privileges",
  "--no-tablespaces",
  "--no-subscriptions", // they hold passwords
  "--encoding=UTF8",
];

/** pgrove's own tables, where a target is a schema; else they have a schema to themselves. */
const OWN_TABLES = "pgrove_migration*";
const OWN_SCHEMA = "pgrove";

/**
 * The schema of the target, pgrove's own tables left out. A target that is a schema is called `home` in it, so that every
 * worktree writes the same. Rejects with pg_dump's words.
 */
export async function readSchemaText(
  live: LiveTarget,
  { run, runner, abort }: SchemaReader,
  home?: string,
): Promise<string> {
  const { schema } = live.target;
  const part = await selectPart(live, run);
  const command = live.toolbox.command("pg_dump", [...OPTIONS, ...part], run, { database: live.database });
  const { stdout } = await runner.capture(command, { abort });
  const text = schema && home ? renameSchema(stdout, schema, home) : stdout;
  return normalizeSchemaText(text, schema);
}

async function selectPart({ target, toolbox, database }: LiveTarget, run: RunId): Promise<string[]> {
  const { schema } = target;
  if (!schema) return [`--exclude-schema=${OWN_SCHEMA}`];
  return await withSession({ toolbox, run }, database, (sql) => selectSchema(sql, schema));
}

async function selectSchema(sql: Queries, schema: string): Promise<string[]> {
  const pattern = schemaPattern(schema);
  const extensions = await listNeededExtensions(sql, schema);
  return [
    `--schema=${pattern}`,
    `--exclude-table=${pattern}.${OWN_TABLES}`,
    ...extensions.map((name) => `--extension=${schemaPattern(name)}`),
  ];
}

/** Where pg_dump's description of an object begins, and with it the object. */
const OBJECT = /^--\n-- Name: (.*); Type: (.*); Schema: (.*); Owner: .*\n--\n/gm;

/** Settings that only some versions know, and lines that only some builds write. */
const VERSION_LINES = /^(?:SET transaction_timeout = .*|\\(?:un)?restrict .*|-- Dumped (?:from|by) .*)\n+/gm;

const FIRST_SETTING = "SET statement_timeout";
const END = "\n--\n-- PostgreSQL database dump complete\n--\n";

/**
 * What pg_dump wrote, without its versions, its `\restrict` lines, and what is not the schema's own: the public schema
 * itself, which every database has, and the comments of extensions and of the schema that the target is (pgrove's mark).
 * Text within functions and strings stays as it is.
 */
export function normalizeSchemaText(dumped: string, targetSchema?: string): string {
  const [begin, end] = [dumped.indexOf(FIRST_SETTING), dumped.lastIndexOf(END)];
  const text = dumped.slice(Math.max(begin, 0), end < 0 ? dumped.length : end + 1);
  const heads = [...text.matchAll(OBJECT)];
  const first = heads[0]?.index ?? text.length;
  const parts = heads.map((head, place) => {
    const [, name = "", type = ""] = head;
    const part = text.slice(head.index, heads[place + 1]?.index);
    if (isNotOwn({ name, type, part }, targetSchema)) return "";
    return type === "TABLE" ? withoutGivenNames(part) : part;
  });
  const whole = text.slice(0, first).replace(VERSION_LINES, "") + parts.join("");
  return `${whole.trimEnd()}\n`;
}

const USUAL_COMMENTS = ["COMMENT ON SCHEMA public IS 'standard public schema';", "COMMENT ON SCHEMA public IS '';"];

interface Described {
  name: string;
  type: string;
  part: string;
}

function isNotOwn({ name, type, part }: Described, targetSchema: string | undefined): boolean {
  if (type === "SCHEMA") return name === "public";
  if (type !== "COMMENT") return false;
  if (targetSchema !== undefined && name === `SCHEMA ${writtenName(targetSchema)}`) return true;
  return name.startsWith("EXTENSION ") || USUAL_COMMENTS.some((usual) => part.includes(usual));
}

/**
 * PostgreSQL 18 gives NOT NULL a name, and shows it where a table was renamed or is a part of another. Loaded without it, the
 * column gets the usual name.
 */
function withoutGivenNames(table: string): string {
  return table.replace(
    /^( {4}.*) CONSTRAINT (?:[a-z0-9_$]+_not_null\d*|"(?:[^"\n]|"")+_not_null\d*") NOT NULL/gm,
    "$1 NOT NULL",
  );
}
