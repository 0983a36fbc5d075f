/** The tables of a database as seeding sees them, read from its catalogs in one round trip. */
import type { Sql } from "../../postgres/toolbox.ts";
import {
  type ApartKey,
  type ColumnShape,
  type PartitionLevel,
  type TableShape,
  tableKey,
  type UniqueKey,
} from "../entity.ts";
import { TABLES_QUERY } from "./schema-query.ts";
import { shapeType, type TypeRow } from "./schema-types.ts";

interface ColumnRow {
  name: string;
  type: number;
  modifier: number;
  nullable: boolean;
  default: string | null;
  identity: string;
  generated: boolean;
  expression: string | null;
  sequence: string | null;
}

interface ConstraintRow {
  name: string;
  /** pg_constraint.contype: p primary key, u unique, f foreign key, c check, x exclusion. */
  type: string;
  columns: string[];
  /** Those that an exclusion constraint, or a key without overlaps, compares by equality. */
  equal: string[];
  /** What its index is over, and by which operators an exclusion constraint compares that. */
  elements: string[];
  operators: string[];
  /** An exclusion constraint, or a key without overlaps: no ON CONFLICT can name it. */
  excludes: boolean;
  table: { schema: string; name: string } | null;
  references: string[];
  deferrable: boolean;
  alterable: boolean;
  validated: boolean;
  expression: string | null;
  nullsDistinct: boolean;
}

interface IndexRow {
  name: string;
  columns: string[];
  elements: string[];
  expressions: string | null;
  partial: boolean;
  predicate: string | null;
  nullsDistinct: boolean;
}

interface PartitionRow {
  strategy: string;
  columns: string[];
  bounds: string[];
}

interface TableRow {
  schema: string;
  name: string;
  partitioned: boolean;
  estimatedRows: number;
  columns: ColumnRow[];
  constraints: ConstraintRow[];
  indexes: IndexRow[];
  partitions: PartitionRow[];
}

const STRATEGIES: Readonly<Record<string, PartitionLevel["strategy"]>> = { l: "list", r: "range", h: "hash" };

/**
 * The tables that rows can be put into, by `tableKey`: ordinary, inherited and partitioned ones (their partitions are
 * part of them), in every schema or in one, without what belongs to extensions.
 */
export async function readTables(sql: Sql, schema?: string): Promise<ReadonlyMap<string, TableShape>> {
  const [row] = await sql.begin("read only", async (transaction) => {
    // Its estimated cost is high, its work is little: compiling it takes a hundred times longer than running it.
    await transaction.unsafe("set local jit = off");
    return await transaction.unsafe<{ tables: TableRow[]; types: TypeRow[] }[]>(TABLES_QUERY, [schema ?? null]);
  });
  const types = new Map((row?.types ?? []).map((type) => [type.oid, type]));
  const tables = (row?.tables ?? []).map((table) => shapeTable(table, types));
  return new Map(tables.map((table) => [tableKey(table), table]));
}

function shapeTable(row: TableRow, types: ReadonlyMap<number, TypeRow>): TableShape {
  const { schema, name, estimatedRows, constraints } = row;
  const uniques: UniqueKey[] = [
    ...constraints.filter(({ type, excludes }) => type === "u" && !excludes),
    ...row.indexes.filter(({ expressions, partial }) => expressions === null && !partial),
  ].map((key) => ({ name: key.name, columns: key.columns, nullsDistinct: key.nullsDistinct }));
  return {
    ...{ schema, name, estimatedRows, uniques },
    kind: row.partitioned ? "partitioned" : "table",
    columns: row.columns.map((column) => shapeColumn(column, types)),
    primaryKey: constraints.find(({ type }) => type === "p")?.columns ?? [],
    apart: [...constraints.flatMap(columnsApart), ...row.indexes.flatMap((index) => indexedApart(index, row.columns))],
    foreignKeys: constraints.flatMap(({ table, ...key }) =>
      table === null
        ? []
        : [
            {
              ...{ name: key.name, columns: key.columns, table: tableKey(table), references: key.references },
              ...{ deferrable: key.deferrable, alterable: key.alterable, validated: key.validated },
            },
          ],
    ),
    checks: constraints.flatMap((check) =>
      check.type === "c" && check.expression !== null ? [{ name: check.name, expression: check.expression }] : [],
    ),
    partitions: row.partitions.flatMap(({ strategy, ...level }) => {
      const known = STRATEGIES[strategy];
      return known === undefined ? [] : [{ strategy: known, ...level }];
    }),
  };
}

function shapeColumn(row: ColumnRow, types: ReadonlyMap<number, TypeRow>): ColumnShape {
  const type = shapeType(types, row.type, row.modifier);
  return {
    ...{ name: row.name, type, default: row.default, generated: row.generated, sequence: row.sequence },
    ...(row.expression === null ? {} : { expression: row.expression }),
    nullable: row.nullable && !type.notNull,
    identity: row.identity === "a" ? "always" : row.identity === "d" ? "default" : null,
  };
}

/** Values that differ in the columns compared by equality overlap with nothing; without such columns all must differ. */
function columnsApart({ excludes, equal, columns, elements, operators }: ConstraintRow): ApartKey[] {
  if (!excludes) return [];
  const last = elements.length - 1;
  const overlapping = elements.filter((_, at) => (operators.length > 0 ? operators[at] === "&&" : at === last));
  return [{ columns: equal.length > 0 ? equal : columns, elements, overlapping }];
}

/** The columns of a unique index with a predicate or expressions; those in expressions are found by their names. */
function indexedApart(
  { expressions, predicate, partial, columns, elements }: IndexRow,
  all: readonly ColumnRow[],
): ApartKey[] {
  const where = predicate === null ? {} : { predicate };
  if (expressions === null) return partial ? [{ columns, elements, ...where }] : [];
  const words = new Set(expressions.match(/"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*/gu) ?? []);
  const named = all.filter(({ name }) => words.has(name) || words.has(`"${name.replaceAll('"', '""')}"`));
  return [{ columns: [...new Set([...columns, ...named.map(({ name }) => name)])], elements, ...where }];
}
