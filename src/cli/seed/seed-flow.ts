/** How `seed` goes: reset, SQL files, cleaning and rows, statistics; one answer at the end. */
import { usageError } from "../../errors.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import * as seeds from "../../seed/seed.ts";
import type { Context } from "../context.ts";
import { type AnswerPart, answerParts } from "./seed-answer.ts";
import type { SeedArgs } from "./seed-options.ts";
import { createSeedDialogue, describeStep } from "./seed-rows.ts";
import { readCleanChoice, readParams, readSeedWords, type SeedWords } from "./seed-words.ts";

/** Runs the command. */
export async function seed(context: Context, args: SeedArgs): Promise<void> {
  const words = args.name;
  if (words[0] === "init" && words.length === 1) {
    const { writeFirstFactories } = await import("./seed-init.ts");
    return await writeFirstFactories(context, args);
  }
  const { only, count, meansRows } = readSeedWords(words);
  const choice = readRowsChoice(args, { only, count, meansRows });
  const wantsRows = meansRows || isAboutRows(choice);
  if (wantsRows && args.file !== undefined)
    throw usageError("--file runs one SQL file, and no factories", "leave out the names");
  const seeding = await seeds.openSeeding(context, args.target, createSeedDialogue(context));
  const { target } = seeding.seeds;
  if (args.statsOnly) return await answerStatsOnly(context, seeding.live);
  const started = performance.now();
  const parts: AnswerPart[] = [];
  const isReset = args.reset || args.resetForce;
  if (isReset) {
    const { resetTarget } = await import("./seed-reset.ts");
    parts.push(await resetTarget(context, target, args.target, { force: args.resetForce, dryRun: choice.dryRun }));
  }
  const files: seeds.FilesChoice = {
    ...{ file: args.file, force: args.force },
    ...{ transaction: args.transaction, dryRun: choice.dryRun },
  };
  const steps: (seeds.SeedStep | undefined)[] = [];
  if (!wantsRows) steps.push(await seeds.seedUsual(seeding, files, choice));
  else {
    if (isReset) steps.push(await seeds.seedTargetFiles(seeding, files));
    steps.push(await seeds.seedNamed(seeding, choice));
  }
  parts.push(...(await describeSteps(steps)));
  if (parts.length === 0) throw seeds.noSeeds(seeding.seeds);
  if (args.stats) parts.push(await readStatsPart(context, seeding.live));
  const durationMs = choice.dryRun ? {} : { durationMs: performance.now() - started };
  await answerParts(context, parts, { target: target.name, ...durationMs });
}

async function describeSteps(steps: readonly (seeds.SeedStep | undefined)[]): Promise<AnswerPart[]> {
  return await Promise.all(steps.flatMap((step) => (step === undefined ? [] : [describeStep(step)])));
}

function readRowsChoice(args: SeedArgs, { only, count }: SeedWords): seeds.RowsChoice {
  const clean = readCleanChoice(args);
  const name = args.scenario;
  const params = readParams(args.param);
  if (name === undefined && params.size > 0) throw usageError("--param is for a scenario", "--scenario NAME --param …");
  const onlyCleans = clean?.olderThanMs !== undefined && count === undefined;
  return {
    ...{ only, except: args.except, strict: args.strict, count, clean, cleanForce: args.cleanForce, seed: args.seed },
    scenario: name === undefined ? undefined : { name, params },
    ...{ upsert: args.upsert, skipTriggers: args.skipTriggers },
    ...{ loads: !onlyCleans && count !== 0, dryRun: args.dryRun },
  };
}

/** Options that have a meaning for factories alone. */
function isAboutRows({ clean, scenario, seed, upsert, skipTriggers, except }: seeds.RowsChoice): boolean {
  return (
    except.length > 0 || clean !== undefined || scenario !== undefined || seed !== undefined || upsert || skipTriggers
  );
}

/** Gives an empty target its usual seeds, unasked. Nothing where it has none. */
export async function seedEmpty(context: Context, targetText: string | undefined): Promise<AnswerPart[]> {
  const seeding = await seeds.openSeeding(context, targetText, createSeedDialogue(context));
  return await describeSteps([await seeds.seedEmpty(seeding)]);
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
