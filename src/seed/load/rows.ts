/** `seed` with factories: cleans where that is wanted, plans, loads, checks and remembers, all in one transaction. */
import { refusal } from "../../errors.ts";
import type { Queries } from "../../postgres/schema.ts";
import type { Sql } from "../../postgres/toolbox.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { type OperationTools, userName } from "../../sys/operation.ts";
import { withWork } from "../../work/work.ts";
import type { SeedPlan } from "../entity.ts";
import type { Factories } from "../factory/factory.ts";
import { prepareGenerators } from "../generate/compile.ts";
import { requireSpace } from "../generate/spaces.ts";
import { type ExistingRows, readExistingRows } from "../plan/plan-keys.ts";
import { planSeed, type SeedWish } from "../plan/plan-rows.ts";
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
import { type Loaded, loadPlan } from "./load-rows.ts";
import { recordMadeRows, repeatedKeys, requireFreeKeys } from "./repeat.ts";

export interface RowsRequest {
  factories: Factories;
  wish: Omit<SeedWish, "firstRows" | "firstKeys">;
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
  plan: SeedPlan | undefined;
}

export interface RowsResult {
  /** Rows that went, by `tableKey`. */
  cleaned: ReadonlyMap<string, number>;
  loaded: Loaded | undefined;
  seed: number;
}

type PlanRequest = Omit<RowsRequest, "consent">;

/** What the run would do; nothing is changed. Throws as the run would. */
export async function planRows(tools: OperationTools, live: LiveTarget, request: PlanRequest): Promise<RowsPlan> {
  const { newRunId } = await import("../../sys/run-id.ts");
  return await withSeedSession(live, newRunId(tools.clock.now()), async (sql) => {
    const { tables, runs, cleaning } = await readGround(sql, tools, live, request);
    if (!request.loads) return { cleaning, plan: undefined };
    const existing = withoutCleaned(readExistingRows(sql), cleaning);
    return {
      cleaning,
      plan: await planAll(request, { tables, existing, runs: remaining(runs, cleaning) }, tools.note),
    };
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
      const { ledger, tables, runs, cleaning } = await readGround(sql, tools, live, request);
      const { factories, wish } = request;
      await request.consent(cleaning);
      const place: Place = {
        ledger,
        tables,
        runs: remaining(runs, cleaning),
        facts: { by: userName(), run: work.operation.run },
      };
      const result = await sql.begin(async (transaction) => {
        await createSeedLedger(transaction, ledger);
        const cleaned = cleaning === undefined ? new Map() : await cleanTables(transaction, cleaning);
        if (cleaning !== undefined) await forgetSeedRuns(transaction, ledger, cleaning.runs);
        const loaded = request.loads ? await loadRows(transaction, tools, request, place) : undefined;
        return { cleaned, loaded, seed: wish.seed ?? factories.seed };
      });
      const rows = result.loaded?.entities.map(({ entity, rows }) => [entity, rows]) ?? [];
      Object.assign(work.operation.details, {
        rows: Object.fromEntries(rows),
        cleaned: Object.fromEntries(result.cleaned),
      });
      return result;
    });
  });
}

interface Place {
  ledger: SeedLedger;
  tables: Awaited<ReturnType<typeof readTables>>;
  runs: readonly SeedRun[];
  facts: Pick<AppliedFile, "by" | "run">;
}

async function loadRows(sql: Queries, tools: OperationTools, request: RowsRequest, place: Place): Promise<Loaded> {
  const startedAt = tools.clock.now();
  const { upsert, skipTriggers, remember } = request;
  const { ledger, runs, facts } = place;
  const plan = await planAll(request, { ...place, existing: readExistingRows(sql) }, tools.note);
  if (upsert) await requireFreeKeys(sql, plan, runs);
  const { abort, progress } = tools;
  const loaded = await loadPlan(sql, plan, { upsert, skipTriggers, abort, progress });
  const inserted = new Map(loaded.entities.map((each) => [each.entity, each.inserted]));
  await recordMadeRows(sql, ledger, { plan, runs: upsert ? runs : [], inserted, startedAt, facts });
  if (remember !== undefined) await sql.unsafe(recordFile(ledger, { ...remember, ...facts }));
  return loaded;
}

async function planAll(
  { factories, wish, upsert }: PlanRequest,
  { tables, existing, runs }: Pick<Place, "tables" | "runs"> & { existing: ExistingRows },
  note: (text: string) => void,
): Promise<SeedPlan> {
  const numbering = upsert ? { firstRows: new Map(), firstKeys: repeatedKeys(runs) } : { firstRows: nextRows(runs) };
  const plan = await planSeed(factories, tables, { ...wish, ...numbering }, existing, note);
  if (plan.entities.length === 0) throw refusal("nothing_to_seed", "there is nothing to make", "pgrove seed init");
  await prepareGenerators(plan);
  requireSpace(plan);
  return plan;
}

function remaining(runs: readonly SeedRun[], cleaning: CleanPlan | undefined): SeedRun[] {
  const gone = cleaning?.runs ?? [];
  return runs.filter(({ run, entity }) => !gone.some((each) => each.run === run && each.entity === entity));
}
