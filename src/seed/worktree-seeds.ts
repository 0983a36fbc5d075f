/** The seeds of a worktree: where they are, what is set; and the database that they are for. */
import { createHash } from "node:crypto";
import { join, relative, resolve } from "node:path";
import { pathInWorktree } from "../config/load-config.ts";
import { configError } from "../errors.ts";
import { type RootedTarget, resolveRootedTarget } from "../resolve/rooted-target.ts";
import { type LiveTarget, openTarget } from "../resolve/target.ts";
import type { Factories } from "./factory/factory.ts";
import type { SeedFile } from "./sql/sql-files.ts";
import type { SeedTools } from "./tools.ts";

export interface WorktreeSeeds extends RootedTarget {
  /** The folder of the seeds. */
  dir: string;
  /** How many rows of an entity are made when nothing is said, and the most that may be asked for. */
  defaultCount: number;
  maxCount: number | undefined;
}

const USUAL_COUNT = 10;

/** The seeds of the worktree whose database it is, else of the one that the user stands in; and that database. */
export async function locateSeeds(tools: SeedTools, targetText: string | undefined): Promise<WorktreeSeeds> {
  const { loaded, root, target } = await resolveRootedTarget(tools, targetText);
  const seeds = loaded?.config.seeds;
  const dir = loaded === undefined ? resolve(root, "seeds") : pathInWorktree(loaded, loaded.config.seeds.dir, root);
  const variables = await readVariables(tools);
  return {
    ...{ loaded, root, dir, target },
    defaultCount: countOf(variables, "DEFAULT_SEED_COUNT", 0) ?? seeds?.count ?? USUAL_COUNT,
    maxCount: countOf(variables, "MAX_SEED_COUNT", 1) ?? seeds?.max_count,
  };
}

/** The environment, and behind it the file of --env-file. */
async function readVariables({ targetPlace }: SeedTools): Promise<Record<string, string | undefined>> {
  const { environment, envFile, cwd } = targetPlace;
  if (envFile === undefined) return environment;
  const { readEnvFile } = await import("../config/env-file.ts");
  return { ...(await readEnvFile(resolve(cwd, envFile))), ...environment };
}

function countOf(variables: Readonly<Record<string, string | undefined>>, name: string, least: number) {
  const text = variables[name]?.trim();
  if (text === undefined || text === "") return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= least) return count;
  throw configError(`${name} is ${JSON.stringify(text)}, and must be a whole number from ${least} on`, `unset ${name}`);
}

export async function openSeeds(tools: SeedTools, { target }: WorktreeSeeds): Promise<LiveTarget> {
  return await openTarget(target, await tools.serverTools());
}

/** The SQL files that belong to the target; `only`: just that one. */
export async function readTargetFiles(tools: SeedTools, seeds: WorktreeSeeds, only?: string): Promise<SeedFile[]> {
  const { loaded, root, dir, target } = seeds;
  const { readSeedFiles } = await import("./sql/sql-files.ts");
  const name = target.environment ?? target.worktree?.name ?? (target.name === "main" ? "main" : undefined);
  return await readSeedFiles({
    ...{ root, dir, listed: loaded?.config.seeds.files, names: name === undefined ? [] : [name] },
    ...(only === undefined ? {} : { only: resolve(tools.targetPlace.cwd, only) }),
  });
}

export async function readFactories({ clock }: SeedTools, { dir }: WorktreeSeeds): Promise<Factories> {
  const { loadFactories } = await import("./factory/factory-file.ts");
  return await loadFactories(dir, { today: clock.now() });
}

/** The factory files as one, for the ledger. */
export async function hashFactories(
  { dir, root }: WorktreeSeeds,
  { files }: Factories,
): Promise<{ file: string; hash: string }> {
  const hash = createHash("sha256");
  for (const name of files) hash.update(await Bun.file(join(dir, "..", name)).bytes()).update("\0");
  return { file: join(relative(root, dir), "*.yaml"), hash: hash.digest("hex") };
}
