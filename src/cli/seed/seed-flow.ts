/** How `seed` goes: reset, SQL files, cleaning and rows, statistics; one answer at the end. */
import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { missingError, usageError } from "../../errors.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { Factories } from "../../seed/factory/factory.ts";
import type { Context } from "../context.ts";
import { type AnswerPart, answerParts } from "./seed-answer.ts";
import { type FilesChoice, runTargetFiles } from "./seed-files.ts";
import type { SeedArgs } from "./seed-options.ts";
import type { RowsChoice } from "./seed-rows.ts";
import { readCleanChoice, readParams, readSeedWords, type SeedWords } from "./seed-words.ts";
import { locateSeeds, openSeeding, type Seeding } from "./seeding.ts";

/** Runs the command. */
export async function seed(context: Context, args: SeedArgs): Promise<void> {
  const words = args.name;
  if (words[0] === "init" && words.length === 1) {
    const { writeFirstFactories } = await import("./seed-init.ts");
    return await writeFirstFactories(context, args.target, args.dryRun);
  }
  const { only, count, meansRows } = readSeedWords(words);
  const choice = readRowsChoice(args, { only, count, meansRows });
  const wantsRows = meansRows || isAboutRows(choice);
  if (wantsRows && args.file !== undefined)
    throw usageError("--file runs one SQL file, and no factories", "leave out the names");
  const seeding = await locateSeeds(context, args.target);
  const live = await openSeeding(context, seeding);
  if (args.statsOnly) return await answerStatsOnly(context, live);
  const started = performance.now();
  const parts: AnswerPart[] = [];
  const isReset = args.reset || args.resetForce;
  if (isReset) {
    const { resetTarget } = await import("./seed-reset.ts");
    parts.push(await resetTarget(context, seeding, args.target, { force: args.resetForce, dryRun: choice.dryRun }));
  }
  const files: FilesChoice = {
    ...{ file: args.file, force: args.force },
    ...{ transaction: args.transaction, dryRun: choice.dryRun },
  };
  if (!wantsRows || isReset) parts.push(...(await seedUsual(context, seeding, live, files, choice, !wantsRows)));
  if (!wantsRows && parts.length === 0) throw noSeeds(seeding);
  if (wantsRows) parts.push(await seedNamed(context, seeding, live, choice));
  if (args.stats) parts.push(await readStatsPart(context, live));
  const durationMs = choice.dryRun ? {} : { durationMs: performance.now() - started };
  await answerParts(context, parts, { target: seeding.target.name, ...durationMs });
}

function readRowsChoice(args: SeedArgs, { only, count }: SeedWords): RowsChoice {
  const clean = readCleanChoice(args);
  const name = args.scenario;
  const params = readParams(args.param);
  if (name === undefined && params.size > 0) throw usageError("--param is for a scenario", "--scenario NAME --param …");
  const onlyCleans = clean?.olderThanMs !== undefined && count === undefined;
  return {
    ...{ only, count, clean, cleanForce: args.cleanForce, seed: args.seed },
    scenario: name === undefined ? undefined : { name, params },
    ...{ upsert: args.upsert, skipTriggers: args.skipTriggers },
    ...{ loads: !onlyCleans && count !== 0, dryRun: args.dryRun },
  };
}

/** Options that have a meaning for factories alone. */
function isAboutRows({ clean, scenario, seed, upsert, skipTriggers }: RowsChoice): boolean {
  return clean !== undefined || scenario !== undefined || seed !== undefined || upsert || skipTriggers;
}

async function seedNamed(
  context: Context,
  seeding: Seeding,
  live: LiveTarget,
  choice: RowsChoice,
): Promise<AnswerPart> {
  const { makeRows } = await import("./seed-rows.ts");
  return await makeRows(context, seeding, live, await readFactories(context, seeding), choice);
}

async function readFactories(context: Context, { dir }: Seeding): Promise<Factories> {
  const { loadFactories } = await import("../../seed/factory/factory-file.ts");
  return await loadFactories(dir, { today: context.clock.now() });
}

/** Gives an empty target its usual seeds, unasked: there is nothing to lose. Nothing where it has none. */
export async function seedEmpty(context: Context, targetText: string | undefined): Promise<AnswerPart[]> {
  const seeding = await locateSeeds(context, targetText);
  const live = await openSeeding(context, seeding);
  const files: FilesChoice = { file: undefined, force: false, transaction: true, dryRun: false };
  return await seedUsual(context, seeding, live, files, ALL_ROWS, true);
}

/** Every entity with its own count. */
const ALL_ROWS: RowsChoice = {
  ...{ only: undefined, count: undefined, clean: undefined, cleanForce: false, seed: undefined },
  ...{ scenario: undefined, upsert: false, skipTriggers: false, loads: true, dryRun: false },
};

/** What a target is seeded with when nothing is named: its SQL files, else every factory once; nothing without either. */
async function seedUsual(
  context: Context,
  seeding: Seeding,
  live: LiveTarget,
  files: FilesChoice,
  choice: RowsChoice,
  withFactories: boolean,
): Promise<AnswerPart[]> {
  const ran = await runTargetFiles(context, seeding, live, files);
  if (ran !== undefined) return [ran];
  if (!withFactories) return [];
  const factories = await readFactories(context, seeding);
  if (factories.entities.size === 0) return [];
  return [await seedFactoriesOnce(context, seeding, live, factories, { ...choice, ...files })];
}

function noSeeds({ dir }: Seeding) {
  return missingError(
    "no_seeds",
    `there are no seeds in ${dir}`,
    "pgrove seed init        writes factories from the schema",
  );
}

/** Every factory with its own count, unless the files have made their rows as they are now. */
async function seedFactoriesOnce(
  context: Context,
  seeding: Seeding,
  live: LiveTarget,
  factories: Factories,
  choice: RowsChoice & FilesChoice,
): Promise<AnswerPart> {
  const remember = await hashFactories(seeding, factories);
  const { isApplied } = await import("../../seed/sql/run.ts");
  if (!choice.force && (await isApplied(context, live, remember))) {
    return {
      document: { files: { applied: [], unchanged: [remember.file] } },
      lines: [["made", "nothing: the factories are as they were run before (pgrove seed all 10 makes more)"]],
    };
  }
  const { makeRows } = await import("./seed-rows.ts");
  return await makeRows(context, seeding, live, factories, { ...choice, remember });
}

/** The factory files as one, for the ledger. */
async function hashFactories({ dir, root }: Seeding, { files }: Factories): Promise<{ file: string; hash: string }> {
  const hash = createHash("sha256");
  for (const name of files) hash.update(await Bun.file(join(dir, "..", name)).bytes()).update("\0");
  return { file: join(relative(root, dir), "*.yaml"), hash: hash.digest("hex") };
}

async function answerStatsOnly(context: Context, live: LiveTarget): Promise<void> {
  const { answerStats } = await import("./seed-stats.ts");
  await answerStats(context, live);
}

async function readStatsPart(context: Context, live: LiveTarget): Promise<AnswerPart> {
  const [{ readStats }, { renderStats, statsDocument }] = await Promise.all([
    import("../../seed/stats.ts"),
    import("./seed-stats.ts"),
  ]);
  const stats = await readStats(context, live);
  return { document: { stats: statsDocument(stats) }, text: renderStats(stats, context.clock.now()) };
}
