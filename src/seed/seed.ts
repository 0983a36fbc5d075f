/** How a target is seeded: with its SQL files, or with rows that factories make. */
import { extname, join } from "node:path";
import { missingError, usageError } from "../errors.ts";
import type { LiveTarget, Target } from "../resolve/target.ts";
import type { Factories } from "./factory/factory.ts";
import type { CleanPlan } from "./load/clean.ts";
import type { CleanChoice } from "./load/clean-choice.ts";
import type { RowsPlan, RowsRequest, RowsResult } from "./load/rows.ts";
import type { FilesResult } from "./sql/run-files.ts";
import type { SeedTools } from "./tools.ts";
import {
  hashFactories,
  locateSeeds,
  openSeeds,
  readFactories,
  readTargetFiles,
  type WorktreeSeeds,
} from "./worktree-seeds.ts";

export interface FilesChoice {
  file: string | undefined;
  /** Run unchanged ones as well. */
  force: boolean;
  transaction: boolean;
  dryRun: boolean;
}

export interface RowsChoice {
  only: readonly string[] | undefined;
  /** Tables or entities that get no rows. */
  except: readonly string[];
  /** Fail where an entity cannot have the rows that are asked for. */
  strict: boolean;
  count: number | undefined;
  scenario: { name: string; params: ReadonlyMap<string, string> } | undefined;
  seed: number | undefined;
  upsert: boolean;
  skipTriggers: boolean;
  clean: CleanChoice | undefined;
  /** Nobody is asked before rows of an unprotected target go. */
  cleanForce: boolean;
  loads: boolean;
  dryRun: boolean;
}

/** Asks; throws where it is not agreed to. */
export interface SeedDialogue {
  consentToFiles(target: Target, files: readonly string[]): Promise<void>;
  /** Rows go. */
  consentToCleaning(target: Target, cleaning: CleanPlan): Promise<void>;
  /** Rows come, and none go. */
  consentToRows(target: Target): Promise<void>;
}

/** What one step of seeding has done, or would do. */
export type SeedStep =
  | { kind: "files"; files: FilesResult; planned: boolean }
  /** The factories have made their rows as they are now. */
  | { kind: "unchanged"; file: string }
  | { kind: "rows-planned"; plan: RowsPlan }
  | { kind: "rows"; result: RowsResult };

/** Seeding of one target. */
export interface Seeding {
  tools: SeedTools;
  seeds: WorktreeSeeds;
  live: LiveTarget;
  dialogue: SeedDialogue;
}

/** The seeds of the target that is meant, and the target with its server open. */
export async function openSeeding(
  tools: SeedTools,
  targetText: string | undefined,
  dialogue: SeedDialogue,
): Promise<Seeding> {
  const seeds = await locateSeeds(tools, targetText);
  return { tools, seeds, live: await openSeeds(tools, seeds), dialogue };
}

/** Gives an empty target its usual seeds, unasked: there is nothing to lose. Nothing where it has none. */
export async function seedEmpty(seeding: Seeding): Promise<SeedStep | undefined> {
  const files: FilesChoice = { file: undefined, force: false, transaction: true, dryRun: false };
  return await seedUsual(seeding, files, ALL_ROWS);
}

/** Every entity with its own count. */
const ALL_ROWS: RowsChoice = {
  ...{
    only: undefined,
    except: [],
    strict: false,
    count: undefined,
    clean: undefined,
    cleanForce: false,
    seed: undefined,
  },
  ...{ scenario: undefined, upsert: false, skipTriggers: false, loads: true, dryRun: false },
};

/** What a target is seeded with when nothing is named: its SQL files, else every factory once; nothing without either. */
export async function seedUsual(
  seeding: Seeding,
  files: FilesChoice,
  choice: RowsChoice,
): Promise<SeedStep | undefined> {
  const ran = await seedTargetFiles(seeding, files);
  if (ran !== undefined) return ran;
  const factories = await readFactories(seeding.tools, seeding.seeds);
  if (factories.entities.size === 0) return undefined;
  const { tools, seeds, live } = seeding;
  const remember = await hashFactories(seeds, factories);
  const { isApplied } = await import("./sql/run-files.ts");
  if (!files.force && (await isApplied(tools, live, remember))) return { kind: "unchanged", file: remember.file };
  return await makeRows(seeding, factories, { ...choice, dryRun: files.dryRun }, remember);
}

/** Throws (exit 4): the target has neither SQL files nor factories. */
export function noSeeds({ dir }: WorktreeSeeds) {
  return missingError(
    "no_seeds",
    `there are no seeds in ${dir}`,
    "pgrove seed init        writes factories from the schema",
  );
}

/** Runs the target's SQL seed files; undefined when it has none. */
export async function seedTargetFiles(
  { tools, seeds, live, dialogue }: Seeding,
  { file, force, transaction, dryRun }: FilesChoice,
): Promise<SeedStep | undefined> {
  if (file !== undefined) requireSql(file);
  const files = await readTargetFiles(tools, seeds, file);
  if (files.length === 0) return undefined;
  const { planFiles, seedFiles } = await import("./sql/run-files.ts");
  const { target } = seeds;
  if (dryRun) {
    const { pending, unchanged } = await planFiles(tools, live, { files, force });
    return { kind: "files", planned: true, files: { applied: pending.map((each) => each.file), unchanged } };
  }
  const result = await seedFiles(await tools.operationTools(), live, {
    ...{ files, force, transaction },
    consent: async (names) => {
      if (target.protected) await dialogue.consentToFiles(target, names);
    },
  });
  return { kind: "files", planned: false, files: result };
}

const NO_SQL: Readonly<Record<string, string>> = {
  ...{ ".yaml": "pgrove seed all        makes rows by the factories in seeds/*.yaml" },
  ...{ ".csv": "pgrove shell -- -c \"\\copy TABLE from 'FILE' csv header\"        loads rows of a CSV file" },
};

/** Throws (exit 2) where the file's ending says that it is none of SQL. */
function requireSql(file: string): void {
  const ending = extname(file).toLowerCase().replace(".yml", ".yaml");
  const hint = Object.hasOwn(NO_SQL, ending) ? NO_SQL[ending] : undefined;
  if (hint !== undefined) throw usageError(`--file runs a file of SQL, and ${file} is none`, hint);
}

/** Cleans and makes rows by the factories, or says what would be done. */
export async function seedNamed(seeding: Seeding, choice: RowsChoice): Promise<SeedStep> {
  return await makeRows(seeding, await readFactories(seeding.tools, seeding.seeds), choice);
}

async function makeRows(
  { tools, seeds, live, dialogue }: Seeding,
  factories: Factories,
  choice: RowsChoice,
  remember?: RowsRequest["remember"],
): Promise<SeedStep> {
  const { planRows, seedRows } = await import("./load/rows.ts");
  const { only, except, strict, count, scenario, seed, upsert, skipTriggers, clean, loads } = choice;
  const { defaultCount, maxCount } = seeds;
  const request: Omit<RowsRequest, "consent"> = {
    ...{ factories, upsert, skipTriggers, loads },
    wish: {
      ...{ counts: new Map(), defaultCount, except, lenient: only === undefined && !strict },
      ...(maxCount === undefined ? {} : { maxCount }),
      ...(only === undefined ? {} : { only }),
      ...(count === undefined ? {} : { count }),
      ...(scenario === undefined ? {} : { scenario }),
      ...(seed === undefined ? {} : { seed }),
    },
    ...(clean === undefined ? {} : { clean }),
    ...(remember === undefined ? {} : { remember }),
  };
  const operationTools = await tools.operationTools();
  if (choice.dryRun) return { kind: "rows-planned", plan: await planRows(operationTools, live, request) };
  await operationTools.mayRun?.(factories.files.map((name) => join(seeds.dir, "..", name)));
  const consent = (cleaning: CleanPlan | undefined) => agree(seeds.target, cleaning, choice, dialogue);
  return { kind: "rows", result: await seedRows(operationTools, live, { ...request, consent }) };
}

async function agree(
  target: Target,
  cleaning: CleanPlan | undefined,
  { cleanForce, loads }: RowsChoice,
  dialogue: SeedDialogue,
): Promise<void> {
  const loses = cleaning?.tables.some(({ rows }) => rows > 0) ?? false;
  if (cleaning !== undefined && loses && (target.protected || !cleanForce)) {
    return await dialogue.consentToCleaning(target, cleaning);
  }
  if (target.protected && loads) await dialogue.consentToRows(target);
}
