/**
 * Rows that PostgreSQL refuses for what pgrove cannot read, a check that calls a function, a trigger that raises: other
 * values of the columns in question are tried, each row by itself, until PostgreSQL takes it. What was found is part of
 * the plan: the rows are then made as all others are.
 */
import { isDeepStrictEqual } from "node:util";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import type { Queries } from "../../postgres/schema.ts";
import {
  type ColumnShape,
  type EntityPlan,
  type FieldPlan,
  type FieldSpec,
  isMade,
  type SeedPlan,
  type Tries,
} from "../entity.ts";
import { alternativesOf, type Literals, readLiterals } from "../plan/alternatives.ts";
import { inferField } from "../plan/infer.ts";
import { constantDefault } from "../plan/plan-cases.ts";
import { demandsOf } from "../plan/plan-rules.ts";
import { quoteTable } from "../table-sql.ts";
import { blamedColumns, type RowsRefused } from "./load-error.ts";
import { searchTries } from "./search-tries.ts";

/** Of more rows nothing is tried: it takes a statement for each. */
const MOST_ROWS = 10_000;

/** Statements that are wrong whatever the values are: of missing functions, columns, features. Row security is no such thing. */
const HOPELESS = /^(?:42(?!501)|0A)...$/;

/**
 * The entity with attempts that PostgreSQL takes for all of its rows, else for as many as can be, from the first one on;
 * undefined where there are none, or nothing can be tried. Nothing stays in the table. `upsert`: rows that are there already are right.
 */
export async function findTries(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  { cause }: RowsRefused,
  upsert: boolean,
): Promise<EntityPlan | undefined> {
  if (entity.rows > MOST_ROWS || HOPELESS.test(codeOf(cause) ?? "")) return undefined;
  const own = entity.table.checks.filter(({ name }) => name === errorField(cause, "constraint_name"));
  const sources = [...own.map(({ expression }) => expression), ...(await readSources(sql, entity))];
  const literals = readLiterals(sources);
  const check = own.map(({ name }) => name);
  const blamed = blamedColumns(cause, entity);
  // Whatever was tried for the same columns before is tried again, for both at once.
  const touching = (entity.tries ?? []).filter(({ specs }) => blamed.some((name) => specs.has(name)));
  const apart = (entity.tries ?? []).filter((each) => !touching.includes(each));
  const columns = [...new Set([...blamed, ...touching.flatMap(({ specs }) => [...specs.keys()])])];
  const checks = check.length === 0 ? [] : [...check, ...touching.flatMap((each) => each.checks)];
  const attempts = [
    ...(blamed.length === 0 ? [] : [{ tries: apart, columns, checks }]),
    { tries: [], columns: undefined, checks: [] },
  ];
  let most: EntityPlan | undefined;
  for (const each of attempts) {
    const tried = await draftTries(plan, entity, each, literals);
    const rows = tried === undefined ? 0 : await searchApart(sql, plan, tried, upsert);
    if (rows === entity.rows) return tried;
    if (tried !== undefined && rows > (most?.rows ?? 0)) most = { ...tried, rows };
  }
  return most ?? (await takeFirst(sql, plan, entity, upsert));
}

/** As many of the rows, as they are planned, as PostgreSQL takes; undefined where it takes none. */
async function takeFirst(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  upsert: boolean,
): Promise<EntityPlan | undefined> {
  const { tries = [] } = entity;
  const attempts = Array.from({ length: entity.rows }, () => 0);
  const planned = { ...entity, tries: [{ checks: [], specs: new Map(), attempts }, ...tries] };
  const rows = await searchApart(sql, plan, planned, upsert);
  return rows === 0 ? undefined : { ...planned, rows };
}

/** Nothing of the search stays, whatever ends it. */
async function searchApart(sql: Queries, plan: SeedPlan, tried: EntityPlan, upsert: boolean): Promise<number> {
  await sql.unsafe("savepoint pgrove_tries");
  try {
    return await searchTries(sql, plan, tried, upsert);
  } finally {
    await sql.unsafe("rollback to savepoint pgrove_tries");
  }
}

/** The table's checks, its partitions' bounds, checks of its columns' domains, and the functions that they and its triggers call. */
async function readSources(sql: Queries, { table }: EntityPlan): Promise<string[]> {
  const rows = await sql.unsafe<{ source: string | null }[]>(
    `with checks as (
       select oid, conbin from pg_constraint where contype = 'c' and (conrelid = $1::regclass or contypid in (
         select atttypid from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped)))
     select pg_get_constraintdef(oid) as source from checks
     union all
     select pg_get_expr(c.relpartbound, c.oid) from pg_partition_tree($1::regclass) t join pg_class c on c.oid = t.relid
     union all
     select p.prosrc from pg_proc p where p.prosrc is not null and p.pronamespace <> 'pg_catalog'::regnamespace and (
       p.oid in (select tgfoid from pg_trigger where tgrelid = $1::regclass and not tgisinternal)
       or p.oid in (select refobjid from pg_depend where refclassid = 'pg_proc'::regclass
                       and classid = 'pg_constraint'::regclass and objid in (select oid from checks)))`,
    [quoteTable(table)],
  );
  return rows.map(({ source }) => source ?? "");
}

/** What is to be tried: these columns, or all that are free, beside what was found for others. */
interface Draft {
  tries: readonly Tries[];
  columns: readonly string[] | undefined;
  checks: readonly string[];
}

/** The entity, ready for attempts of these columns, or of all that are free; undefined where none of them is. */
async function draftTries(
  plan: SeedPlan,
  entity: EntityPlan,
  { tries, columns, checks }: Draft,
  literals: Literals,
): Promise<EntityPlan | undefined> {
  const { table } = entity;
  const isMeant = ({ column }: FieldPlan) => columns === undefined || columns.includes(column.name);
  const usual = await usualSpecs(entity, plan.generatorVersion);
  const fields = [...entity.fields, ...unwrittenFields(entity, usual).filter(isMeant)];
  const joined = new Set((entity.joints ?? []).flatMap((joint) => joint.columns));
  const isFree = (field: FieldPlan) => {
    const { column, spec, uniqueGroup } = field;
    const isOwn =
      spec.kind === "constant" ||
      (spec.kind === "sql" && isMade(field)) ||
      (spec.kind === "generator" && spec.name !== "sequence");
    return isOwn && uniqueGroup === undefined && !joined.has(column.name);
  };
  const free = fields.filter((field) => isFree(field) && isMeant(field));
  if (free.length === 0) return undefined;
  const place = (name: string) => table.columns.findIndex((each) => each.name === name);
  const before = (field: FieldPlan) =>
    fields.flatMap(({ column }) => (place(column.name) < place(field.column.name) ? [column] : []));
  const specs = new Map(
    free.map((field) => {
      const { column, spec, written = false } = field;
      const isWanted = written && !isDeepStrictEqual(spec, usual(column)); // a file says so, and not what pgrove says, too
      return [column.name, isWanted ? [] : alternativesOf(column, before(field), literals)];
    }),
  );
  return {
    ...entity,
    fields,
    tries: [{ checks, specs, attempts: Array.from({ length: entity.rows }, () => 0) }, ...tries],
  };
}

type UsualSpecs = (column: ColumnShape) => FieldSpec | undefined;

/** What pgrove makes columns of by itself. */
async function usualSpecs({ table, fields }: EntityPlan, version: number): Promise<UsualSpecs> {
  const { rules } = await demandsOf(table);
  const given = fields.filter(({ spec }) => spec.kind !== "generator" || spec.name === "sequence");
  const decided = new Set(given.map(({ column }) => column.name));
  const site = { written: fields.map(({ column }) => column), rules: rules.common, decided, version };
  return (column: ColumnShape) => inferField(column, site)?.spec;
}

/** Columns that are left to their default, or to NULL, as fields that are just that, or what pgrove would make of them. */
function unwrittenFields({ table, fields, later }: EntityPlan, usual: UsualSpecs): FieldPlan[] {
  const known = new Set([...fields, ...later].map(({ column }) => column.name));
  const linked = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
  return table.columns.flatMap((column): FieldPlan[] => {
    const { name, generated, identity, sequence, nullable } = column;
    if (known.has(name) || linked.has(name) || generated || identity !== null || sequence !== null) return [];
    const value = constantDefault(column);
    const isNull = column.default === null && nullable;
    const spec: FieldSpec | undefined =
      value !== undefined || isNull ? { kind: "constant", value: value ?? null } : usual(column);
    if (spec === undefined) return [];
    return [{ column, spec, source: "a check constraint", unique: false, nullShare: 0 }];
  });
}
