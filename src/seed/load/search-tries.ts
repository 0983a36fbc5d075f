/** The search for values that PostgreSQL takes: candidates are put into the table one by one, and all of them taken back. */
import { PgroveError } from "../../errors.ts";
import { quoteLiteral } from "../../postgres/identifier.ts";
import type { Queries } from "../../postgres/schema.ts";
import { type EntityPlan, type FieldPlan, isMade, type RowMaker, type SeedPlan } from "../entity.ts";
import { compileEntity } from "../generate/compile.ts";
import { WAYS } from "../generate/tried-cells.ts";
import { baseOf } from "../schema/schema-types.ts";
import { quoteColumns, quoteTable } from "../table-sql.ts";
import { computeFields } from "./stage.ts";

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

/** Puts candidates, each a row's number and its values, into the table; says which of them, by their places, it took. */
const ASK = `create function pg_temp.pgrove_ask(head text, tail text, candidates json, keeps boolean, upsert boolean, checks json) returns json
language plpgsql as $$
declare candidate json; place int := -1; number int; done int := -1; last int := -1; made int; broken text; taken int[] := '{}';
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
      if made = 1 or upsert then
        taken := taken || place;
        if keeps then done := number; else raise exception 'taken back'; end if;
      end if;
    exception
      when check_violation then
        get stacked diagnostics broken = constraint_name;
        -- Another check is tried for by itself.
        if json_array_length(checks) > 0 and broken <> '' and broken not in (select json_array_elements_text(checks)) then
          taken := taken || place;
          if keeps then done := number; end if;
        end if;
      when others then null;
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

/**
 * Finds attempts that PostgreSQL takes for the entity's rows, into its tries. What it makes is to be taken back. Resolves with the
 * number of rows, from the first one on, that there are attempts for.
 */
export async function searchTries(sql: Queries, plan: SeedPlan, entity: EntityPlan, upsert: boolean): Promise<number> {
  const columns = quoteColumns(basesOf(entity).map(({ column }) => column.name));
  await sql.unsafe(ASK);
  await sql.unsafe(
    `create temporary table pgrove_shape as select ${columns} from ${quoteTable(entity.table)} with no data`,
  );
  return await new Search(sql, plan, entity, upsert).run();
}

/** The fields whose values are made here. */
function basesOf({ fields }: EntityPlan): FieldPlan[] {
  return fields.filter(isMade);
}

/** The INSERT of one row, as what comes before its values and behind them. */
function statementOf(entity: EntityPlan, upsert: boolean): { head: string; tail: string; computes: boolean } {
  const { fields, table } = entity;
  const conflict = upsert ? " on conflict do nothing" : "";
  const into = (names: readonly string[]) =>
    `insert into ${quoteTable(table)} (${quoteColumns(names)}) overriding system value`;
  if (!fields.some(({ spec }) => spec.kind === "sql")) {
    return { head: `${into(fields.map(({ column }) => column.name))} values `, tail: conflict, computes: false };
  }
  const bases = basesOf(entity).map(({ column }) => column.name);
  const { names, from } = computeFields(entity, `json_populate_record(null::pg_temp.pgrove_shape, ${VALUES})`, bases);
  const [head = "", tail = ""] = `${into(names)} select ${quoteColumns(names)} from ${from}`.split(VALUES);
  return { head, tail: `${tail}${conflict}`, computes: true };
}

/** Stands for a row's values. */
const VALUES = ":pgrove_values:";

class Search {
  private readonly statement: ReturnType<typeof statementOf>;
  private readonly attempts: number[];
  private readonly checks: string;
  private readonly maker: RowMaker;
  /** Ways that have made rows which were taken, the best ones first. */
  private ways: number[] = [0];

  constructor(
    private readonly sql: Queries,
    plan: SeedPlan,
    private readonly entity: EntityPlan,
    private readonly upsert: boolean,
  ) {
    const { tries } = entity;
    const entities = plan.entities.map((each) => (each.entity === entity.entity ? entity : each));
    this.attempts = tries?.[0]?.attempts ?? [];
    this.checks = JSON.stringify(tries?.[0]?.checks ?? []);
    this.maker = compileEntity({ ...plan, entities }, entity);
    this.statement = statementOf(entity, upsert);
  }

  /** For how many rows, one after the other, an attempt was found. */
  async run(): Promise<number> {
    const { rows, tries } = this.entity;
    let searches = tries?.[0]?.specs.size === 0 ? MOST_SEARCHES : 0;
    for (let place = 0; place < rows; ) {
      const end = Math.min(rows, place + ROWS_AT_ONCE);
      place = await this.take(place, end, 2);
      if (place === end) continue;
      const after = await this.take(place, place + 1, AGAIN);
      if (after === place && searches++ < MOST_SEARCHES && (await this.search(place))) continue;
      if (after === place) return place;
      place = after;
    }
    return rows;
  }

  /** Finds attempts of known ways for rows, one after the other; resolves with the place of the first that has none. */
  private async take(from: number, to: number, times: number): Promise<number> {
    const candidates: Candidate[] = [];
    for (let place = from; place < to; place++) {
      const again = Array.from({ length: times }, (_, time) =>
        this.ways.map((way) => way + WAYS * (way === 0 ? time + 1 : time)),
      );
      candidates.push(...[0, ...again.flat()].flatMap((attempt) => this.candidates(place, attempt)));
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
      const all = Array.from({ length: WAYS }, (_, way) => this.candidates(place, way + WAYS * time)).flat();
      this.attempts[place] = 0;
      const found = (await this.ask(all, false)).map(({ attempt }) => attempt % WAYS);
      const fresh = found.filter((way) => !this.ways.includes(way)).slice(0, MOST_WAYS);
      if (fresh.length === 0) continue;
      this.ways = [...fresh, ...this.ways].slice(0, 2 * MOST_WAYS);
      return true;
    }
    return false;
  }

  /** The row by this attempt; none where its values do not go with each other. */
  private candidates(place: number, attempt: number): Candidate[] {
    this.attempts[place] = attempt;
    const values = this.valuesOf(place);
    if (values === undefined) return [];
    const text = this.statement.computes
      ? quoteLiteral(this.jsonOf(values))
      : `(${values.map((value) => (value === null ? "null" : quoteLiteral(value))).join(", ")})`;
    return [{ place, attempt, text }];
  }

  private valuesOf(place: number): (string | null)[] | undefined {
    try {
      return this.maker.values(this.entity.firstRow + place);
    } catch (error) {
      if (error instanceof PgroveError) return undefined;
      throw error;
    }
  }

  /** The row as an object, in which JSON stands as it is and all else as text. */
  private jsonOf(values: readonly (string | null)[]): string {
    const members = this.entity.fields.flatMap((field, at) => {
      const { column } = field;
      if (!isMade(field)) return [];
      const value = values[at] ?? null;
      const isJson = value !== null && /^jsonb?$/.test(baseOf(column.type).name);
      return [`${JSON.stringify(column.name)}: ${isJson ? value : JSON.stringify(value)}`];
    });
    return `{${members.join(", ")}}`;
  }

  private async ask(candidates: readonly Candidate[], keeps: boolean): Promise<Candidate[]> {
    const listed = JSON.stringify(candidates.map(({ place, text }) => [place, text]));
    const [row] = await this.sql.unsafe<{ taken: number[] }[]>(
      "select pg_temp.pgrove_ask($1, $2, $3::text::json, $4, $5, $6::text::json) as taken",
      [this.statement.head, this.statement.tail, listed, keeps, this.upsert, this.checks],
    );
    return (row?.taken ?? []).flatMap((at) => candidates[at] ?? []);
  }
}
