/**
 * Loads a plan's rows into the target, all of it in the caller's transaction: a run that fails, is interrupted or killed
 * leaves nothing of itself, whatever the size. One connection is what that takes, and it is enough: while the server
 * parses rows on one core, the next ones are made on another.
 */

import { failure } from "../../errors.ts";
import type { Queries, Transaction } from "../../postgres/schema.ts";
import { plural } from "../../sys/amounts.ts";
import type { ProgressEvent } from "../../sys/operation.ts";
import type { EntityPlan, SeedPlan } from "../entity.ts";
import { tableKey } from "../entity.ts";
import { quoteTable } from "../table-sql.ts";
import { checkDeferred } from "./deferred.ts";
import { type FillTools, fillTable } from "./fill.ts";
import { explainRowError, RowsRefused } from "./load-error.ts";
import { dropForLoad, type EmptyTables, findEmpty, type Rebuild, rebuild } from "./rebuild.ts";
import { findFilled, findTriggered, isAboutFewer, MISSING, refusedOf, withMost } from "./refusals.ts";
import { fillLater, loadComputed } from "./stage.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { findTries } from "./tries.ts";
import { skipTriggers } from "./triggers.ts";
import { type UpsertCounts, upsertEntity } from "./upsert.ts";
import { advanceSequences, type Validation, validateLoad } from "./validate-rows.ts";
import { WaitingKeys } from "./waiting-keys.ts";

/** From so many rows on an empty table is loaded without its indexes and foreign keys, which are made after it. */
const REBUILD_FROM_ROWS = 100_000;

export interface LoadOptions {
  upsert: boolean;
  skipTriggers: boolean;
  /** Where entities whose rows are refused may be left out: the plan without them, for what is not loaded yet. */
  replan?: (refused: RowsRefused) => Promise<SeedPlan>;
  watch: Stopwatch;
  abort: AbortSignal;
  progress(event: ProgressEvent): void;
}

export interface LoadedEntity extends UpsertCounts {
  entity: string;
  /** `tableKey` of its table. */
  table: string;
  rows: number;
  durationMs: number;
}

export interface Loaded {
  /** The plan that was carried out. */
  plan: SeedPlan;
  entities: LoadedEntity[];
  validation: Validation;
}

/**
 * Loads every entity of the plan, then checks what is there. Throws RowsRefused that names entity, field and value; what
 * was loaded before is then still to be taken back.
 */
export async function loadPlan(sql: Transaction, wanted: SeedPlan, options: LoadOptions): Promise<Loaded> {
  const { watch } = options;
  if (options.skipTriggers) await skipTriggers(sql);
  await sql.unsafe("set constraints all deferred"); // the rows of a cycle are there only when both tables are loaded
  const empty = await findEmpty(sql, [...new Set(wanted.entities.map(({ table }) => quoteTable(table)))]);
  const many = wanted.entities.filter(
    ({ table, rows }) => rows >= REBUILD_FROM_ROWS && empty.own.has(quoteTable(table)),
  );
  const emptied = [...new Set(many.map(({ table }) => quoteTable(table)))];
  const rebuilds = await watch.time("keys", () => dropForLoad(sql, emptied));
  const waiting = new WaitingKeys(sql);
  const { plan, entities } = await watch.time("rows", () => loadEntities(sql, wanted, { empty, waiting, options }));
  await watch.time("checks", () => checkDeferred(sql, plan));
  await waiting.settle();
  await watch.time("keys", () => makeAgain(sql, plan, rebuilds, options));
  options.progress({ phase: "analyze" });
  const tables = [...new Set(plan.entities.map(({ table }) => quoteTable(table)))];
  await watch.time("analyze", () => sql.unsafe(`analyze ${tables.join(", ")}`));
  options.progress({ phase: "validate" });
  const validation = await watch.time("checks", async () => {
    const checked = await validateLoad(sql, plan, { checkForeignKeys: options.skipTriggers });
    return { ...checked, tables: tables.length, sequences: await advanceSequences(sql, plan) };
  });
  return { plan, entities, validation };
}

async function loadEntities(
  sql: Transaction,
  wanted: SeedPlan,
  place: Pick<Loading, "empty" | "waiting" | "options">,
): Promise<Pick<Loaded, "plan" | "entities">> {
  const { options } = place;
  const loaded = new Map<string, LoadedEntity>();
  const tried = new Map<string, EntityPlan>();
  let plan = wanted;
  for (;;) {
    const refused = await loadOpen(sql, plan, { ...place, loaded, tried });
    plan = withTried(plan, tried);
    if (refused === undefined) break;
    plan = withTried((await options.replan?.(refused)) ?? plan, tried);
    // What is loaded referred to nothing that was refused, and so stays; else all of it is taken back.
    if ([...loaded.keys()].some((name) => !plan.entities.some(({ entity }) => entity === name))) throw refused;
  }
  for (const entity of plan.entities) await fillLater(sql, plan, entity, fillTools(entity, options));
  return { plan, entities: plan.entities.flatMap(({ entity }) => loaded.get(entity) ?? []) };
}

/** The plan with the attempts that were found for rows which were refused. */
function withTried(plan: SeedPlan, tried: ReadonlyMap<string, EntityPlan>): SeedPlan {
  if (tried.size === 0) return plan;
  return { ...plan, entities: plan.entities.map((each) => tried.get(each.entity) ?? each) };
}

interface Loading {
  loaded: Map<string, LoadedEntity>;
  /** Entities some of whose rows were not taken as they were planned. */
  tried: Map<string, EntityPlan>;
  empty: EmptyTables;
  waiting: WaitingKeys;
  options: LoadOptions;
}

/**
 * Loads what is not loaded yet. Where a plan without them can be had, resolves with all entities whose rows are refused;
 * what refers to those waits for it.
 */
async function loadOpen(sql: Transaction, plan: SeedPlan, loading: Loading): Promise<RowsRefused | undefined> {
  const { loaded, waiting, options } = loading;
  const refusals: RowsRefused[] = [];
  const missing = new Set<string>();
  for (const entity of plan.entities) {
    if (loaded.has(entity.entity)) continue;
    if (dependsOn(entity, missing)) {
      missing.add(entity.entity);
      continue;
    }
    await waiting.letWait(entity);
    try {
      loaded.set(entity.entity, await loadOrTry(sql, plan, entity, loading));
    } catch (error) {
      const refused = options.replan === undefined ? undefined : refusedOf(error, entity);
      if (refused === undefined) throw error;
      refusals.push(refused);
      missing.add(entity.entity);
    }
  }
  const [first] = refusals;
  if (first === undefined) return undefined;
  const refused = refusals.flatMap((each) => each.refused);
  return new RowsRefused(refused, first);
}

/**
 * Loads the entity; where its rows are refused, with other values that PostgreSQL takes. Where those are fewer than are
 * wanted, and a plan with fewer can be had, the RowsRefused that it throws says how many.
 */
async function loadOrTry(
  sql: Transaction,
  plan: SeedPlan,
  entity: EntityPlan,
  { loaded, tried, empty, options }: Loading,
): Promise<LoadedEntity> {
  let first: { error: unknown; refused: RowsRefused } | undefined;
  const load = (each: EntityPlan) =>
    sql.savepoint(async (part) => {
      const done = await loadEntity(part, withTried(plan, tried), each, empty, options);
      if (first !== undefined && each.rows < entity.rows) throw withMost(first.refused, each.rows);
      return done;
    });
  const followed = new Set<string>();
  const isLoaded = [...loaded.values()].some(({ table }) => table === tableKey(entity.table));
  for (let left = MOST_TRIES, next = entity; ; left--) {
    try {
      return await load(next);
    } catch (error) {
      const refused = refusedOf(error, entity);
      if (refused === undefined || isAboutFewer(error)) throw error;
      const filled = findFilled(refused, entity, plan);
      if (filled !== undefined && loaded.has(filled.entity) && !followed.has(filled.entity)) {
        followed.add(filled.entity);
        await advanceSequences(sql, { ...plan, entities: [filled] });
        continue;
      }
      const triggered = isLoaded ? undefined : await findTriggered(sql, entity, refused);
      if (triggered !== undefined) throw triggered;
      first ??= { error, refused };
      const found = left > 0 ? await findTries(sql, withTried(plan, tried), next, refused, options.upsert) : undefined;
      if (found === undefined || (found.rows < entity.rows && options.replan === undefined)) {
        tried.delete(entity.entity);
        throw first.error;
      }
      next = found;
      tried.set(entity.entity, found);
    }
  }
}

/** A row may break several checks, which are told one after the other. */
const MOST_TRIES = 16;

/** Its rows refer to rows that are not there: whether they would be right cannot be told. */
function dependsOn({ entity, per, fields }: EntityPlan, missing: ReadonlySet<string>): boolean {
  const refers = fields.some(
    ({ spec }) => spec.kind === "reference" && spec.entity !== entity && missing.has(spec.entity),
  );
  return refers || (per !== undefined && missing.has(per.entity));
}

async function loadEntity(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  empty: EmptyTables,
  options: LoadOptions,
): Promise<LoadedEntity> {
  const started = performance.now();
  const tools = fillTools(entity, options);
  const isEmpty = empty.all.has(quoteTable(entity.table));
  const placed = { ...entity, amongRows: !isEmpty && !options.upsert };
  const counts = await loadRows(sql, plan, placed, tools, options.upsert && !isEmpty);
  const { rows, table } = entity;
  return { entity: entity.entity, table: tableKey(table), rows, ...counts, durationMs: performance.now() - started };
}

async function loadRows(
  sql: Queries,
  plan: SeedPlan,
  entity: EntityPlan,
  tools: FillTools,
  upsert: boolean,
): Promise<UpsertCounts> {
  if (entity.rows === 0) return { inserted: 0, updated: 0, unchanged: 0 };
  if (upsert) return await upsertEntity(sql, plan, entity, tools);
  const computes = entity.fields.some(({ spec }) => spec.kind === "sql");
  const inserted = await (computes ? loadComputed : fillTable)(sql, plan, entity, tools);
  if (inserted === entity.rows) return { inserted, updated: 0, unchanged: 0 };
  throw failure(
    MISSING,
    `${entity.entity}: ${plural(entity.rows, "row was", "rows were")} sent and PostgreSQL took ${inserted}`,
    "a trigger or rule of the table leaves rows out: --skip-triggers loads without triggers",
  );
}

function fillTools({ entity, rows }: EntityPlan, { abort, progress }: LoadOptions): FillTools {
  return { abort, made: (made) => progress({ phase: "seed", subject: entity, rows: made, totalRows: rows }) };
}

async function makeAgain(
  sql: Queries,
  plan: SeedPlan,
  rebuilds: readonly Rebuild[],
  { progress, abort }: LoadOptions,
): Promise<void> {
  for (const each of rebuilds) {
    abort.throwIfAborted();
    progress({ phase: "index", subject: each.what });
    try {
      await rebuild(sql, each);
    } catch (error) {
      const entity = plan.entities.find(({ table }) => quoteTable(table) === each.table);
      throw entity === undefined ? error : explainRowError(error, plan, entity);
    }
  }
}
