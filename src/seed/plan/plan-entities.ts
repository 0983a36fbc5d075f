/** Which entities a run makes: those that were asked for, by name, alias or table. */
import { didYouMean } from "../../config/suggest.ts";
import { configError, missingError, usageError } from "../../errors.ts";
import { type TableShape, tableKey } from "../entity.ts";
import { type Factories, type Factory, findFactory, listNames } from "../factory/factory.ts";

/** An entity of the run, before its fields are planned. */
export interface Draft {
  entity: string;
  table: TableShape;
  /** Undefined where all is made from the schema. */
  factory: Factory | undefined;
  /** It was asked for; else it is a parent that the others need. */
  chosen: boolean;
}

export type Tables = ReadonlyMap<string, TableShape>;

/** Tables that other programs remember their own state in. */
const BOOKKEEPING =
  /^(?:schema_migrations|goose_db_version|alembic_version|_prisma_migrations|__drizzle_migrations|pgrove_.*)$/;

/** The tables that hold the application's rows, not a tool's. */
export function applicationTables(tables: Tables): TableShape[] {
  return [...tables.values()].filter(({ schema, name }) => schema !== "pgrove" && !BOOKKEEPING.test(name));
}

/** The entities of the given names; all factories without any, or all tables where there is no factory. */
export function chooseEntities(factories: Factories, tables: Tables, only: readonly string[] | undefined): Draft[] {
  if (only !== undefined) {
    const drafts = only.map((name) => requireEntity(factories, tables, name));
    return [...new Map(drafts.map((draft) => [draft.entity, draft])).values()]; // by a name and its alias
  }
  if (factories.entities.size > 0) return [...factories.entities.values()].map((factory) => draftOf(factory, tables));
  const all = applicationTables(tables);
  if (all.length === 0) throw missingError("no_tables", "the database has no tables to seed", "pgrove migrate up");
  return all.map((table) => ({ entity: nameOfTable(table, tables), table, factory: undefined, chosen: true }));
}

/** The tables of entities of these names. Throws a usageError for a name that is not there. */
export function tablesNamed(names: readonly string[], factories: Factories, tables: Tables): ReadonlySet<TableShape> {
  return new Set(names.map((name) => requireEntity(factories, tables, name).table));
}

function requireEntity(factories: Factories, tables: Tables, name: string): Draft {
  const factory = findFactory(factories, name);
  if (factory !== undefined) return draftOf(factory, tables);
  const table = findTable(tables, name);
  if (table !== undefined) return draftOfTable(table, factories, tables, true);
  const known = [...listNames(factories), ...applicationTables(tables).map((each) => nameOfTable(each, tables))];
  const meant = didYouMean(name, known);
  const list = [...new Set(known)].join(", ");
  if (/^\d[\d.,_]*([ek]\d*)?$/i.test(name)) {
    const hint = "pgrove seed NAME 25        a number of rows is whole, and stands behind all names";
    throw usageError(`${JSON.stringify(name)} is no entity or table`, hint);
  }
  throw usageError(
    `there is no entity or table ${JSON.stringify(name)}`,
    meant === undefined ? (list === "" ? "pgrove migrate up" : `known: ${list}`) : `did you mean ${meant}?`,
  );
}

function draftOf(factory: Factory, tables: Tables): Draft {
  const table = findTable(tables, factory.table);
  if (table !== undefined) return { entity: factory.entity, table, factory, chosen: true };
  const known = [...tables.values()].flatMap((each) => [each.name, tableKey(each)]);
  const meant = didYouMean(factory.table, known);
  throw configError(
    `${factory.source}  ${factory.entity}: there is no table ${factory.table}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
    meant === undefined ? "pgrove migrate up      makes the tables" : undefined,
  );
}

/** A table as an entity: by the factory that is made for it, else by its name. */
export function draftOfTable(table: TableShape, factories: Factories, tables: Tables, chosen: boolean): Draft {
  const made = [...factories.entities.values()].filter((each) => findTable(tables, each.table) === table);
  const factory = made.find(({ entity }) => entity === table.name) ?? made[0];
  return { entity: factory?.entity ?? nameOfTable(table, tables), table, factory, chosen };
}

/** The shortest name that means this table alone. */
function nameOfTable(table: TableShape, tables: Tables): string {
  return findTable(tables, table.name) === table ? table.name : tableKey(table);
}

/**
 * The table that a name means: whole, or without its schema where one table alone has it, or the one in public.
 */
export function findTable(tables: Tables, name: string): TableShape | undefined {
  const whole = tables.get(name);
  if (whole !== undefined) return whole;
  const named = [...tables.values()].filter((table) => table.name === name);
  return named.length === 1 ? named[0] : named.find(({ schema }) => schema === "public");
}
