/** `seed` with factories: cleans where that is wanted, plans, loads, checks and remembers, all in one transaction. */
import { type PgroveError, refusal } from "../../errors.ts";
import type { Transaction } from "../../postgres/schema.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { type OperationTools, userName } from "../../sys/operation.ts";
import { withWork } from "../../work/work.ts";
import type { Factories } from "../factory/factory.ts";
import { prepareGenerators } from "../generate/compile.ts";
import { TooFewCombinations } from "../generate/joint-keys.ts";
import { requireSpace } from "../generate/spaces.ts";
import { type ExistingRows, readExistingRows, rememberRows } from "../plan/plan-keys.ts";
import { describeLeftOut, type LeftOut, showLeftOut } from "../plan/plan-left.ts";
import { planSeed, type RunPlan, type RunWish } from "../plan/plan-seed.ts";
import { readTables } from "../schema/read-tables.ts";
import {
  type AppliedFile,
  createSeedLedger,
  forgetSeedRuns,
  nextRows,
  placeSeedLedger,
  readSeedRuns,
  recordFile,
  type SeedLedger,
  type SeedRun,
} from "../seed-ledger.ts";
import { seedSubject, withSeedSession, withWorkSession } from "../sql/seed-session.ts";
import { type CleanPlan, cleanTables } from "./clean.ts";
import { type CleanChoice, planCleaning, withoutCleaned } from "./clean-choice.ts";
import { RowsRefused } from "./load-error.ts";
import { type Loaded, loadPlan } from "./load-rows.ts";
import { recordMadeRows, repeatedKeys, requireFreeKeys } from "./repeat.ts";
import { type SeedTimes, Stopwatch } from "./stopwatch.ts";

export interface RowsRequest {
  factories: Factories;
  wish: Omit<RunWish, "firstRows" | "firstKeys" | keyof Restrictions>;
  /** Take rows that are there already as changes: the same rows again, from the first one on. */
  upsert: boolean;
  skipTriggers: boolean;
  clean?: CleanChoice;
  /** False: only clean. */
  loads: boolean;
  /** Asked before anything is changed, with what will go; throws when it is not wanted. */
  consent(cleaning: CleanPlan | undefined): Promise<void>;
  /** What is remembered as having run, beside the rows. */
  remember?: Pick<AppliedFile, "file" | "hash">;
}

export interface RowsPlan {
  cleaning: CleanPlan | undefined;
  plan: RunPlan | undefined;
}

export interface RowsResult {
  /** Rows that went, by `tableKey`. */
  cleaned: ReadonlyMap<string, number>;
  loaded: Loaded | undefined;
  /** What has no rows, and why. */
  leftOut: readonly LeftOut[];
  seed: number;
  /** Where the time has gone, in milliseconds. */
  times: SeedTimes;
}

type PlanRequest = Omit<RowsRequest, "consent">;

/** What the run would do; nothing is changed. Throws as the run would. */
export async function planRows(tools: OperationTools, live: LiveTarget, request: PlanRequest): Promise<RowsPlan> {
  const { newRunId } = await import("../../sys/run-id.ts");
  return await withSeedSession(live, newRunId(tools.clock.now()), async (sql) => {
    const { tables, runs, cleaning } = await readGround(sql, tools, live, request);
    if (!request.loads) return { cleaning, plan: undefined };
    const existing = withoutCleaned(readExistingRows(sql), cleaning);
    const plan = await planAll(
      request,
      { tables, existing, runs: remaining(runs, cleaning) },
      { leave: [], most: new Map() },
      tools.note,
    );
    for (const left of plan.leftOut) tools.note(showLeftOut(left));
    return { cleaning, plan };
  });
}

/** What is there before anything is changed: tables, earlier runs, and what of their rows is to go. */
async function readGround(sql: Sql, tools: OperationTools, live: LiveTarget, request: PlanRequest) {
  const ledger = placeSeedLedger(live.target.schema);
  const runs = await readSeedRuns(sql, ledger);
  const tables = await readTables(sql, live.target.schema);
  const { clean, factories, wish } = request;
  const cleaning =
    clean === undefined
      ? undefined
      : await planCleaning(sql, { ...clean, factories, tables, wish, runs, ledger }, tools);
  return { ledger, tables, runs, cleaning };
}

/** Cleans and loads. Throws PgroveError; nothing of the run is in the target then. */
export async function seedRows(tools: OperationTools, live: LiveTarget, request: RowsRequest): Promise<RowsResult> {
  return await withWork(tools, live, seedSubject("seed", live), async (work) => {
    return await withWorkSession(work, live, async (sql) => {
      const watch = new Stopwatch();
      const ground = await watch.time("plan", () => readGround(sql, tools, live, request));
      const { ledger, tables, runs, cleaning } = ground;
      const { factories, wish } = request;
      await request.consent(cleaning);
      const place: Place = {
        ledger,
        tables,
        runs: remaining(runs, cleaning),
        facts: { by: userName(), run: work.operation.run },
      };
      let done = 0;
      const result = await sql.begin(async (transaction) => {
        await createSeedLedger(transaction, ledger);
        const cleaned = cleaning === undefined ? new Map() : await cleanTables(transaction, cleaning);
        if (cleaning !== undefined) await forgetSeedRuns(transaction, ledger, cleaning.runs);
        const seed = wish.seed ?? factories.seed;
        if (!request.loads) return { cleaned, seed, loaded: undefined, leftOut: [] };
        const rows = await loadRows(transaction, tools, request, { ...place, watch });
        tools.progress({ phase: "commit" });
        done = performance.now();
        return { cleaned, seed, ...rows };
      });
      const times =
        done === 0 ? watch.times : { ...watch.times, commit: (watch.times.commit ?? 0) + performance.now() - done };
      const rows = result.loaded?.entities.map(({ entity, rows }) => [entity, rows]) ?? [];
      Object.assign(work.operation.details, {
        rows: Object.fromEntries(rows),
        cleaned: Object.fromEntries(result.cleaned),
      });
      return { ...result, times };
    });
  });
}

interface Place {
  ledger: SeedLedger;
  tables: Awaited<ReturnType<typeof readTables>>;
  runs: readonly SeedRun[];
  facts: Pick<AppliedFile, "by" | "run">;
}

interface LoadPlace extends Place {
  watch: Stopwatch;
}

interface LoadedRows {
  loaded: Loaded;
  leftOut: readonly LeftOut[];
}

/** Plans and loads; where rows may be left out, again without the entities whose rows PostgreSQL has refused. */
async function loadRows(
  sql: Transaction,
  tools: OperationTools,
  request: RowsRequest,
  place: LoadPlace,
): Promise<LoadedRows> {
  const startedAt = tools.clock.now();
  const { remember } = request;
  const { ledger, runs, facts } = place;
  const { plan, loaded, notes } = await loadLeniently(sql, tools, request, place);
  for (const text of [...notes, ...plan.leftOut.map(showLeftOut)]) tools.note(text);
  const inserted = new Map(loaded.entities.map((each) => [each.entity, each.inserted]));
  const record = () =>
    recordMadeRows(sql, ledger, { plan, runs: request.upsert ? runs : [], inserted, startedAt, facts });
  await place.watch.time("commit", record);
  if (remember !== undefined) await sql.unsafe(recordFile(ledger, { ...remember, ...facts }));
  return { loaded, leftOut: plan.leftOut };
}

/** What earlier attempts have shown: entities that are left out, and how many rows others can have. */
interface Restrictions {
  leave: LeftOut[];
  most: Map<string, number>;
}

/** What is refused has no rows, or fewer, which is said. */
function restrict({ leave, most }: Restrictions, { refused }: RowsRefused, notes: string[]): void {
  leave.push(...refused.filter((left) => left.most === undefined));
  for (const left of refused) {
    if (left.most === undefined) continue;
    most.set(left.entity, left.most);
    notes.push(showLeftOut(left));
  }
}

interface Attempt {
  plan: RunPlan;
  loaded: Loaded;
  notes: readonly string[];
}

async function loadLeniently(
  sql: Transaction,
  tools: OperationTools,
  request: RowsRequest,
  place: LoadPlace,
): Promise<Attempt> {
  const known: Restrictions = { leave: [], most: new Map() };
  const lenient = request.wish.lenient === true;
  const notes: string[] = [];
  for (;;) {
    const attempt = (part: Transaction) => loadOnce(part, tools, request, place, { ...known, notes });
    try {
      const done = await (lenient ? sql.savepoint(attempt) : attempt(sql));
      return { ...done, notes: [...notes, ...done.notes] };
    } catch (error) {
      if (lenient && error instanceof RowsRefused) restrict(known, error, notes);
      else if (lenient && error instanceof TooFewCombinations) {
        known.most.set(error.entity, error.rows);
        notes.push(error.message);
      } else throw error;
    }
  }
}

async function loadOnce(
  sql: Transaction,
  { abort, progress }: OperationTools,
  request: RowsRequest,
  place: LoadPlace,
  { notes: fewer, ...known }: Restrictions & { notes: string[] },
): Promise<Attempt> {
  const { upsert, skipTriggers } = request;
  const { watch } = place;
  let notes: string[] = [];
  const existing = rememberRows(readExistingRows(sql));
  const makePlan = () =>
    watch.time("plan", () => {
      notes = [];
      return planAll(request, { ...place, existing }, known, (text) => notes.push(text));
    });
  let plan = await makePlan();
  if (upsert) await requireFreeKeys(sql, plan, place.runs);
  const replan = async (refused: RowsRefused) => {
    restrict(known, refused, fewer);
    plan = await makePlan();
    return plan;
  };
  const lenient = request.wish.lenient === true ? { replan } : {};
  const loaded = await loadPlan(sql, plan, { upsert, skipTriggers, watch, abort, progress, ...lenient });
  return { plan, loaded, notes };
}

async function planAll(
  { factories, wish, upsert }: PlanRequest,
  { tables, existing, runs }: Pick<Place, "tables" | "runs"> & { existing: ExistingRows },
  known: Restrictions,
  note: (text: string) => void,
): Promise<RunPlan> {
  const numbering = upsert ? { firstRows: new Map(), firstKeys: repeatedKeys(runs) } : { firstRows: nextRows(runs) };
  const plan = await planSeed(factories, tables, { ...wish, ...numbering, ...known }, existing, note);
  if (plan.entities.length === 0) throw nothingToMake(plan, wish.except);
  await prepareGenerators(plan);
  requireSpace(plan);
  return plan;
}

function nothingToMake({ leftOut }: RunPlan, except: readonly string[] = []): PgroveError {
  if (leftOut.length === 0 && except.length > 0) {
    const named = except.map((name) => `--except ${name}`).join(" ");
    return refusal(
      "nothing_to_seed",
      `there is nothing to make: ${named} leaves nothing over`,
      "leave one of them away",
    );
  }
  if (leftOut.length === 0) return refusal("nothing_to_seed", "there is nothing to make", "pgrove seed init");
  return refusal("nothing_to_seed", `there is nothing to make: ${describeLeftOut(leftOut)}`, leftOut[0]?.hint);
}

function remaining(runs: readonly SeedRun[], cleaning: CleanPlan | undefined): SeedRun[] {
  const gone = cleaning?.runs ?? [];
  return runs.filter(({ run, entity }) => !gone.some((each) => each.run === run && each.entity === entity));
}
