/** Where a database's ledger is, and which other tool's table is kept beside it: asked of the catalog, nothing is written. */
import { LAYOUTS, type Layout } from "../../config/schema-migrations.ts";
import { configError, failure, refusal } from "../../errors.ts";
import { quoteIdentifier, quoteLiteral } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { ColumnCategories } from "./companion.ts";
import { COMPANIONS, findCompanionKind } from "./companion-kinds.ts";
import { STRANGERS, strangerOf } from "./strangers.ts";
import { parseTableName, type TableName } from "./table-name.ts";

/** What the configuration says of the place. */
export interface LedgerWhere {
  /** In isolation `schema` the target's: all tables are in it. */
  schema?: string | undefined;
  layout: Layout;
  /** `migrations.table`: a name, or schema.name, where one is written. */
  table?: string | undefined;
  /** The database is to be taken over from a tool that pgrove does not speak with. */
  takesOver?: boolean;
}

/** The tables, quoted and qualified. */
export interface LedgerPlace {
  database: string;
  /** The schema that a table without one belongs in, unquoted. */
  schema: string;
  /** The schema of the ledger itself, unquoted. */
  ledgerSchema: string;
  table: string;
  history: string;
  companion: CompanionPlace;
}

export interface CompanionPlace {
  kind: Layout;
  table: string;
  /** Unquoted. */
  schemaName: string;
  tableName: string;
}

/** A place, and what of it is there. */
export interface FoundPlace {
  place: LedgerPlace;
  schemaExists: boolean;
  ledgerExists: boolean;
  companionExists: boolean;
}

interface FoundTable extends TableName {
  schema: string;
  readable: boolean;
  /** Row security may keep rows of it from this user. */
  hides: boolean;
  columns: ColumnCategories;
}

interface Surroundings {
  database: string;
  user: string;
  schema: string | null;
  ledgerSchemaExists: boolean;
  tables: readonly FoundTable[];
  /** Schemas beyond the search_path that have a table of the wanted name. */
  elsewhere: readonly string[];
}

/**
 * The place of the ledger in the connected database. Throws when its tables may not be read (exit 1), or when another
 * tool's table is there that does not go with the files (exit 5).
 */
export async function findLedgerPlace(sql: Queries, where: LedgerWhere): Promise<FoundPlace> {
  const named = where.table === undefined ? undefined : parseTableName(where.table);
  const wanted: TableName = named ?? { name: COMPANIONS[where.layout].usualTable };
  const companionSchema = where.schema ?? wanted.schema;
  const own = ledgerNames(where.schema);
  const around = await lookAround(sql, own, companionSchema, wanted.name);
  const find = (name: string, schema: string | undefined) =>
    around.tables.find((table) => table.name === name && table.schema === (schema ?? table.schema));
  const ledger = find(own.table, own.schema);
  const found = find(wanted.name, companionSchema);
  for (const table of [ledger, found]) {
    if (table === undefined) continue;
    requireReadable(table, around.user);
    requireAllRows(table, around.user);
  }
  if (ledger !== undefined && found === undefined && companionSchema === undefined) requireNotElsewhere(around, wanted);
  const kind = found === undefined ? where.layout : requireKind(found, where, named !== undefined);
  const isNew = ledger === undefined && found === undefined && named === undefined;
  if (isNew && where.takesOver !== true) requireNoStranger(around.tables, where);
  const schema = where.schema ?? requireSchema(around.schema, around.user);
  const companion = found ?? { schema: companionSchema ?? schema, name: wanted.name };
  const place = {
    ...{ database: around.database, schema, ledgerSchema: own.schema },
    ...{ table: qualify(own.schema, own.table), history: qualify(own.schema, own.history) },
    companion: {
      ...{ kind, table: qualify(companion.schema, companion.name) },
      ...{ schemaName: companion.schema, tableName: companion.name },
    },
  };
  return {
    place,
    schemaExists: around.ledgerSchemaExists,
    ledgerExists: ledger !== undefined,
    companionExists: found !== undefined,
  };
}

/** In a schema of its own a ledger lies beside the tables, and has a name that says whose it is. */
function ledgerNames(schema: string | undefined) {
  return schema
    ? { schema, table: "pgrove_migrations", history: "pgrove_migration_history" }
    : { schema: "pgrove", table: "migrations", history: "migration_history" };
}

function qualify(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * The catalog's tables that may be a ledger: pgrove's own, the wanted one, and those of other tools. One round trip; no
 * to_regclass, which fails where a schema may not be used.
 */
async function lookAround(
  sql: Queries,
  own: { schema: string; table: string },
  schema: string | undefined,
  wanted: string,
): Promise<Surroundings> {
  const usual = LAYOUTS.map((layout) => COMPANIONS[layout].usualTable);
  const names = [...new Set([wanted, ...usual, ...STRANGERS])].map(quoteLiteral).join(", ");
  const within = schema ? `n.nspname = ${quoteLiteral(schema)}` : "pg_table_is_visible(c.oid)";
  const [row] = await sql.unsafe<{ around: Surroundings }[]>(`
    select json_build_object(
      'database', current_database(), 'user', current_user, 'schema', current_schema(),
      'ledgerSchemaExists', exists (select from pg_namespace where nspname = ${quoteLiteral(own.schema)}),
      'tables', coalesce((
        select json_agg(json_build_object('schema', n.nspname, 'name', c.relname,
            'readable', has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'),
            'hides', ${HIDES_ROWS},
            'columns', (select coalesce(json_object_agg(a.attname, t.typcategory), '{}')
                          from pg_attribute a join pg_type t on t.oid = a.atttypid
                         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)))
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'f') and c.relpersistence <> 't'
           and ((n.nspname = ${quoteLiteral(own.schema)} and c.relname = ${quoteLiteral(own.table)})
             or (${within} and c.relname in (${names})))), '[]'::json),
      'elsewhere', coalesce((
        select json_agg(n.nspname order by n.nspname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and c.relname = ${quoteLiteral(wanted)} and not pg_table_is_visible(c.oid)), '[]'::json)
      ) as around, set_config('row_security', 'on', false)`); // where policies show all rows the ledger is read through them
  if (row === undefined) throw new Error("the server answered no row");
  return row.around;
}

/** Row security counts for the user, and no policy shows all rows. */
const HIDES_ROWS = `c.relrowsecurity and row_security_active(c.oid) and (
  exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*') and not p.polpermissive) or
  not exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*') and p.polpermissive
                and pg_get_expr(p.polqual, p.polrelid) = 'true'
                and exists (select from unnest(p.polroles) role where role = 0 or pg_has_role(role, 'usage'))))`;

/** One ledger knows one schema: what it has applied in another one is not there. */
function requireNotElsewhere({ elsewhere, schema }: Surroundings, { name }: TableName): void {
  const [other] = elsewhere;
  if (other === undefined) return;
  throw refusal(
    "other_schema",
    `the ledger of this database is that of the schema ${other} (${other}.${name}), and this session works in ${schema}`,
    `leave the search_path out of the URL; or give each schema its own ledger: isolation: schema in pgrove.yaml`,
  );
}

function requireReadable({ schema, name, readable }: FoundTable, user: string): void {
  if (readable) return;
  const table = qualify(schema, name);
  throw failure(
    "not_allowed",
    `${user} may not read ${schema}.${name}, which says what is applied`,
    `let its owner run: GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(user)}; GRANT SELECT ON ${table} TO ${quoteIdentifier(user)}`,
  );
}

/** What is applied and not to be seen would be applied again. */
function requireAllRows({ schema, name, hides }: FoundTable, user: string): void {
  if (!hides) return;
  throw refusal(
    "row_security",
    `row-level security of ${schema}.${name}, which says what is applied, may keep rows of it from ${user}`,
    `let its owner run: ALTER TABLE ${qualify(schema, name)} NO FORCE ROW LEVEL SECURITY    and migrate as that owner`,
  );
}

/** The tool whose table it is. One that the configuration names may be another tool's than the files are. */
function requireKind(table: FoundTable, { layout }: LedgerWhere, isNamed: boolean): Layout {
  const kind = findCompanionKind(table.columns);
  const shown = `${table.schema}.${table.name}`;
  if (kind === undefined) {
    throw refusal(
      "other_ledger",
      `the table ${shown} is no ledger that pgrove knows (columns: ${Object.keys(table.columns).join(", ")})`,
      "name another table in pgrove.yaml, which is then made: migrations.table",
    );
  }
  if (kind === layout || isNamed) return kind;
  throw refusal(
    "other_ledger",
    `the table ${shown} is ${kind}'s, and the migration files are ${layout}'s`,
    `if it is this project's, keep it true with migrations.table: ${table.name} in pgrove.yaml (or say migrations.layout: ${kind}); if not, name another table there`,
  );
}

/** Nobody's ledger may be overlooked: what that tool has applied would be applied again. */
function requireNoStranger(tables: readonly FoundTable[], { layout }: LedgerWhere): void {
  for (const { schema, name, columns } of tables) {
    const tool = strangerOf(name, columns) ?? findCompanionKind(columns);
    if (tool === undefined) continue;
    throw refusal(
      "other_ledger",
      `${tool} has migrated this database before (table ${schema}.${name}), and the migration files are ${layout}'s`,
      [
        ...(LAYOUTS.some((each) => each === tool)
          ? [`if the files are ${tool}'s: migrations.layout: ${tool} in pgrove.yaml`]
          : []),
        "pgrove migrate baseline VERSION        takes the database over as being at that version",
        `or let ${tool} go on: migrations.command in pgrove.yaml`,
      ].join("\n"),
    );
  }
}

function requireSchema(schema: string | null, user: string): string {
  if (schema !== null) return schema;
  throw configError(
    `the search_path of ${user} leads to no schema, so that nothing can be made`,
    `make the schema that it names: CREATE SCHEMA …; where no URL sets it: ALTER ROLE ${quoteIdentifier(user)} SET search_path TO public`,
  );
}
