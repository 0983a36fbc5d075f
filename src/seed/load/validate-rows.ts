/** What is checked behind a load, before it is committed: foreign keys, unique keys, sequences. */

import { failure, refusal } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { quoteIdentifier } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import { plural } from "../../sys/amounts.ts";
import type { ColumnShape, EntityPlan, ForeignKey, SeedPlan, TableShape } from "../entity.ts";
import { quoteTable, sortable } from "../table-sql.ts";

export interface Validation {
  tables: number;
  foreignKeys: number;
  uniqueKeys: number;
  sequences: number;
}

/**
 * Counts orphans where PostgreSQL itself did not look (`checkForeignKeys`, or a constraint that is not validated), and
 * duplicates where only the factory asks for uniqueness. Throws when there are any.
 */
export async function validateLoad(
  sql: Queries,
  plan: SeedPlan,
  { checkForeignKeys }: { checkForeignKeys: boolean },
): Promise<Validation> {
  const validation: Validation = { tables: 0, foreignKeys: 0, uniqueKeys: 0, sequences: 0 };
  for (const entity of plan.entities) {
    const { table } = entity;
    for (const key of table.foreignKeys) {
      if (checkForeignKeys || !key.validated) await requireNoOrphans(sql, entity, key);
      validation.foreignKeys++;
    }
    validation.uniqueKeys += table.uniques.length + (table.primaryKey.length > 0 ? 1 : 0);
    for (const columns of uncheckedUniques(entity)) {
      await requireNoDuplicates(sql, entity, columns);
      validation.uniqueKeys++;
    }
  }
  return validation;
}

async function requireNoOrphans(sql: Queries, { entity, table }: EntityPlan, key: ForeignKey): Promise<void> {
  const [columns, parents] = [key.columns.map(quoteIdentifier), key.references.map(quoteIdentifier)];
  const present = columns.map((name) => `c.${name} is not null`).join(" and ");
  const same = columns.map((name, place) => `p.${parents[place]} = c.${name}`).join(" and ");
  const parent = await findParent(sql, table, key);
  const [row] = await sql.unsafe<{ orphans: number }[]>(
    `select count(*)::float8 as orphans from ${quoteTable(table)} c
      where ${present} and not exists (select from ${parent} p where ${same})`,
  );
  if ((row?.orphans ?? 0) === 0) return;
  throw failure(
    "orphans",
    `${entity}: ${plural(row?.orphans ?? 0, "row refers", "rows refer")} by ${key.columns.join(", ")} to rows that ${key.table} does not have (${key.name})`,
    "nothing of this run is in the database",
  );
}

/** The table that the key refers to, as SQL names it: "schema.table" cannot be taken apart where names hold dots. */
async function findParent(sql: Queries, table: TableShape, key: ForeignKey): Promise<string> {
  const [row] = await sql.unsafe<{ parent: string }[]>(
    `select format('%I.%I', n.nspname, c.relname) as parent
       from pg_constraint k join pg_class c on c.oid = k.confrelid join pg_namespace n on n.oid = c.relnamespace
      where k.conrelid = $1::regclass and k.conname = $2`,
    [quoteTable(table), key.name],
  );
  if (row !== undefined) return row.parent;
  throw failure("key_missing", `the foreign key ${key.name} of ${table.name} is not there any more`, "try again");
}

/** What the factory calls unique and the table has no unique key for. */
function uncheckedUniques({ fields, unchecked = [] }: EntityPlan): ColumnShape[][] {
  const columnsOf = (names: readonly string[]) =>
    fields.flatMap(({ column }) => (names.includes(column.name) ? [column] : []));
  return unchecked.map(columnsOf).filter((columns) => columns.length > 0);
}

async function requireNoDuplicates(
  sql: Queries,
  { entity, table }: EntityPlan,
  columns: readonly ColumnShape[],
): Promise<void> {
  const list = columns.map(sortable).join(", ");
  const [row] = await sql.unsafe<{ values: string; count: number }[]>(
    `select (row(${list}))::text as values, count(*)::float8 as count from ${quoteTable(table)}
      where ${columns.map(({ name }) => `${quoteIdentifier(name)} is not null`).join(" and ")}
      group by ${list} having count(*) > 1 limit 1`,
  );
  if (row === undefined) return;
  throw failure(
    "duplicates",
    `${entity}: ${columns.map(({ name }) => name).join(", ")} is to be unique, and ${row.values} is there ${row.count} times`,
    "nothing of this run is in the database",
  );
}

/**
 * Brings the sequences of the columns that were given numbers up to the highest one. Resolves with how many there are.
 * Throws (exit 5) where the role may not.
 */
export async function advanceSequences(sql: Queries, plan: SeedPlan): Promise<number> {
  const moves = plan.entities.flatMap(({ table, fields }) =>
    fields.flatMap(({ column: { name, sequence } }) =>
      sequence === null ? [] : [advanceSequence(sql, table, name, sequence)],
    ),
  );
  return (await Promise.all(moves)).length;
}

async function advanceSequence(sql: Queries, table: TableShape, column: string, sequence: string): Promise<void> {
  const own = quoteIdentifier(column);
  try {
    await sql.unsafe(
      // One that counts down has nothing to follow where the keys have gone up. Its end is the furthest that it can be moved.
      `select setval($1::regclass, reached)
         from (select seqincrement > 0 as rises, seqmin, seqmax, case when seqincrement > 0
                 then least((select max(${own})::int8 from ${quoteTable(table)}), seqmax)
                 else greatest((select min(${own})::int8 from ${quoteTable(table)}), seqmin) end as reached
                 from pg_sequence where seqrelid = $1::regclass) t, ${sequence} s
        where reached between seqmin and seqmax and (reached = s.last_value and not s.is_called
           or case when rises then reached > s.last_value else reached < s.last_value end)`,
      [sequence],
    );
  } catch (error) {
    if (codeOf(error) !== "42501") throw error;
    const what = `the sequence of ${table.name}.${column} has to follow the rows, and this role may not move it`;
    throw refusal("sequence_denied", what, `its owner may let it: GRANT SELECT, UPDATE ON SEQUENCE ${sequence} TO …`);
  }
}
