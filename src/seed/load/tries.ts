/**
 * Rows that PostgreSQL refuses for what pgrove cannot read, a check that calls a function, a trigger that raises: other
 * values of the columns in question are tried, each row by itself, until PostgreSQL takes it. What was found is part of
 * the plan: the rows are then made as all others are.
 */
import { isDeepStrictEqual } from "node:util";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import { quoteLiteral } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { ColumnShape, EntityPlan, FieldPlan, FieldSpec, RowMaker, SeedPlan } from "../entity.ts";
import { compileEntity } from "../generate/compile.ts";
import { WAYS } from "../generate/tried-cells.ts";
import { alternativesOf, type Literals, readLiterals } from "../plan/alternatives.ts";
import { inferField } from "../plan/infer.ts";
import { constantDefault } from "../plan/plan-cases.ts";
import { demandsOf } from "../plan/plan-rules.ts";
import { quoteColumns, quoteTable } from "../table-sql.ts";
import { blamedColumns, type RowsRefused } from "./load-error.ts";

/** Of more rows nothing is tried: it takes a statement for each. */
const MOST_ROWS = 10_000;
/** Rows that are asked for at once. */
const ROWS_AT_ONCE = 50;
/** How often each of the known ways is tried for a row, before all ways are. */
const AGAIN = 12;
/** So many ways are learned from one search. */
const MOST_WAYS = 4;
/** So often all ways are tried for one row, with other values each time. */
const SEARCHES = 3;
/** How often all ways are looked through; each that is found is known from then on. */
const MOST_SEARCHES = 24;

/** Broken constraints, values that cannot be computed with, and what triggers raise. */
const TRIED = /^(?:23514|23505|23P01|23502|22...|P0001|P0004)$/;

/**
 * The entity with attempts that PostgreSQL takes for all of its rows; undefined where there are none, or nothing can be
 * tried. Nothing stays in the table. `upsert`: rows that are there already are right.
 */
export async function findTries(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  { cause }: RowsRefused,
  upsert: boolean,
): Promise<EntityPlan | undefined> {
  const isComputed = entity.fields.some(({ spec }) => spec.kind === "sql");
  if (entity.rows > MOST_ROWS || isComputed || !TRIED.test(codeOf(cause) ?? "")) return undefined;
  const own = entity.table.checks.filter(({ name }) => name === errorField(cause, "constraint_name"));
  const sources = [...own.map(({ expression }) => expression), ...(await readSources(sql, entity))];
  const literals = readLiterals(sources);
  const blamed = blamedColumns(cause, entity);
  for (const columns of blamed.length === 0 ? [undefined] : [blamed, undefined]) {
    const tried = await draftTries(plan, entity, columns, literals);
    if (tried === undefined) continue;
    await sql.unsafe("savepoint pgrove_tries");
    await sql.unsafe(ASK);
    const found = await new Search(sql, plan, tried, upsert).run();
    await sql.unsafe("rollback to savepoint pgrove_tries");
    if (found) return tried;
  }
  return undefined;
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

/** The entity, ready for attempts of these columns, or of all that are free; undefined where none of them is. */
async function draftTries(
  plan: SeedPlan,
  entity: EntityPlan,
  columns: readonly string[] | undefined,
  literals: Literals,
): Promise<EntityPlan | undefined> {
  const { table } = entity;
  const isMeant = ({ column }: FieldPlan) => columns === undefined || columns.includes(column.name);
  const fields = [...entity.fields, ...(await unwrittenFields(entity, plan.generatorVersion)).filter(isMeant)];
  const joined = new Set((entity.joints ?? []).flatMap((joint) => joint.columns));
  const isFree = ({ column, spec, uniqueGroup }: FieldPlan) => {
    const isOwn = spec.kind === "constant" || (spec.kind === "generator" && spec.name !== "sequence");
    return isOwn && uniqueGroup === undefined && !joined.has(column.name);
  };
  const free = fields.filter((field) => isFree(field) && isMeant(field));
  if (free.length === 0) return undefined;
  const place = (name: string) => table.columns.findIndex((each) => each.name === name);
  const before = (field: FieldPlan) =>
    fields.flatMap(({ column }) => (place(column.name) < place(field.column.name) ? [column] : []));
  const usual = await usualSpecs(entity, plan.generatorVersion);
  const specs = new Map(
    free.map((field) => {
      const { column, spec, written = false } = field;
      const isWanted = written && !isDeepStrictEqual(spec, usual(column)); // a file says so, and not what pgrove says, too
      return [column.name, isWanted ? [] : alternativesOf(column, before(field), literals)];
    }),
  );
  return { ...entity, fields, tries: { specs, attempts: Array.from({ length: entity.rows }, () => 0) } };
}

/** What pgrove makes columns of by itself. */
async function usualSpecs({ table, fields }: EntityPlan, version: number) {
  const { rules } = await demandsOf(table);
  const given = fields.filter(({ spec }) => spec.kind !== "generator" || spec.name === "sequence");
  const decided = new Set(given.map(({ column }) => column.name));
  const site = { written: fields.map(({ column }) => column), rules: rules.common, decided, version };
  return (column: ColumnShape) => inferField(column, site)?.spec;
}

/** Columns that are left to their default, or to NULL, as fields that are just that, or what pgrove would make of them. */
async function unwrittenFields(entity: EntityPlan, version: number): Promise<FieldPlan[]> {
  const { table, fields, later } = entity;
  const known = new Set([...fields, ...later].map(({ column }) => column.name));
  const linked = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
  const usual = await usualSpecs(entity, version);
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

/** Puts candidates, each a row's number and its values, into the table; says which of them, by their places, it took. */
const ASK = `create function pg_temp.pgrove_ask(head text, tail text, candidates json, keeps boolean) returns json
language plpgsql as $$
declare candidate json; place int := -1; number int; done int := -1; last int := -1; made int; taken int[] := '{}';
begin
  for candidate in select value from json_array_elements(candidates) loop
    place := place + 1;
    number := candidate->>0;
    continue when keeps and number = done;
    exit when keeps and last <> number and last <> done; -- further rows may hang on the one that has failed
    last := number;
    begin
      execute head || (candidate->>1) || tail;
      get diagnostics made = row_count;
      if made = 1 or tail <> '' then
        taken := taken || place;
        if keeps then done := number; else raise exception 'taken back'; end if;
      end if;
    exception when others then null;
    end;
  end loop;
  return to_json(taken);
end $$`;

interface Candidate {
  /** From 0. */
  place: number;
  attempt: number;
  text: string;
}

class Search {
  private readonly head: string;
  private readonly tail: string;
  private readonly attempts: number[];
  private readonly maker: RowMaker;
  /** Ways that have made rows which were taken, the best ones first. */
  private ways: number[] = [0];

  constructor(
    private readonly sql: Queries,
    plan: SeedPlan,
    private readonly entity: EntityPlan,
    upsert: boolean,
  ) {
    const { fields, table, tries } = entity;
    const entities = plan.entities.map((each) => (each.entity === entity.entity ? entity : each));
    this.attempts = tries?.attempts ?? [];
    this.maker = compileEntity({ ...plan, entities }, entity);
    const columns = quoteColumns(fields.map(({ column }) => column.name));
    this.head = `insert into ${quoteTable(table)} (${columns}) overriding system value values `;
    this.tail = upsert ? " on conflict do nothing" : "";
  }

  /** Whether an attempt was found for every row. */
  async run(): Promise<boolean> {
    const { rows } = this.entity;
    let searches = 0;
    for (let place = 0; place < rows; ) {
      const end = Math.min(rows, place + ROWS_AT_ONCE);
      place = await this.take(place, end, 2);
      if (place === end) continue;
      const after = await this.take(place, place + 1, AGAIN);
      if (after === place && searches++ < MOST_SEARCHES && (await this.search(place))) continue;
      if (after === place) return false;
      place = after;
    }
    return true;
  }

  /** Finds attempts of known ways for rows, one after the other; resolves with the place of the first that has none. */
  private async take(from: number, to: number, times: number): Promise<number> {
    const candidates: Candidate[] = [];
    for (let place = from; place < to; place++) {
      candidates.push(this.candidate(place, 0));
      for (let time = 0; time < times; time++) {
        for (const way of this.ways) candidates.push(this.candidate(place, way + WAYS * (way === 0 ? time + 1 : time)));
      }
      this.attempts[place] = 0;
    }
    let next = from;
    for (const { place, attempt } of await this.ask(candidates, true)) {
      this.attempts[place] = attempt;
      next = place + 1;
    }
    return next;
  }

  /** Looks through all ways for one row. False where none of them is of use that is not known already. */
  private async search(place: number): Promise<boolean> {
    for (let time = 0; time < SEARCHES; time++) {
      const all = Array.from({ length: WAYS }, (_, way) => this.candidate(place, way + WAYS * time));
      this.attempts[place] = 0;
      const found = (await this.ask(all, false)).map(({ attempt }) => attempt % WAYS);
      const fresh = found.filter((way) => !this.ways.includes(way)).slice(0, MOST_WAYS);
      if (fresh.length === 0) continue;
      this.ways = [...fresh, ...this.ways].slice(0, 2 * MOST_WAYS);
      return true;
    }
    return false;
  }

  private candidate(place: number, attempt: number): Candidate {
    this.attempts[place] = attempt;
    const values = this.maker.values(this.entity.firstRow + place);
    const text = `(${values.map((value) => (value === null ? "null" : quoteLiteral(value))).join(", ")})`;
    return { place, attempt, text };
  }

  private async ask(candidates: readonly Candidate[], keeps: boolean): Promise<Candidate[]> {
    const listed = JSON.stringify(candidates.map(({ place, text }) => [place, text]));
    const [row] = await this.sql.unsafe<{ taken: number[] }[]>(
      "select pg_temp.pgrove_ask($1, $2, $3::text::json, $4) as taken",
      [this.head, this.tail, listed, keeps],
    );
    return (row?.taken ?? []).flatMap((at) => candidates[at] ?? []);
  }
}
