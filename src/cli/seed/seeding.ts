/** What the seed commands share: where the seeds are, what is set, which database is meant. */
import { resolve } from "node:path";
import { type LoadedConfig, pathInWorktree } from "../../config/load.ts";
import { configError } from "../../errors.ts";
import { resolveRootedTarget } from "../../resolve/rooted-target.ts";
import { type LiveTarget, openTarget, type Target } from "../../resolve/target.ts";
import type { SeedFile } from "../../seed/sql/sql-files.ts";
import type { Context } from "../context.ts";

export interface Seeding {
  /** Undefined without a pgrove.yaml. */
  loaded: LoadedConfig | undefined;
  /** The worktree's folder, and in it that of the seeds. */
  root: string;
  dir: string;
  /** With the login of the worktree's own role, where it has one. */
  target: Target;
  /** How many rows of an entity are made when nothing is said, and the most that may be asked for. */
  defaultCount: number;
  maxCount: number | undefined;
}

const USUAL_COUNT = 10;

/** The seeds of the worktree whose database it is, else of the one that the user stands in; and that database. */
export async function locateSeeds(context: Context, targetText: string | undefined): Promise<Seeding> {
  const { loaded, root, target } = await resolveRootedTarget(context, targetText);
  const seeds = loaded?.config.seeds;
  const dir = loaded === undefined ? resolve(root, "seeds") : pathInWorktree(loaded, loaded.config.seeds.dir, root);
  const variables = await readVariables(context);
  return {
    ...{ loaded, root, dir, target },
    defaultCount: countOf(variables, "DEFAULT_SEED_COUNT", 0) ?? seeds?.count ?? USUAL_COUNT,
    maxCount: countOf(variables, "MAX_SEED_COUNT", 1) ?? seeds?.max_count,
  };
}

/** The environment, and behind it the file of --env-file. */
async function readVariables({ environment, flags, cwd }: Context): Promise<Record<string, string | undefined>> {
  if (flags.envFile === undefined) return environment;
  const { readEnvFile } = await import("../../config/env-file.ts");
  return { ...(await readEnvFile(resolve(cwd, flags.envFile))), ...environment };
}

function countOf(variables: Readonly<Record<string, string | undefined>>, name: string, least: number) {
  const text = variables[name]?.trim();
  if (text === undefined || text === "") return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= least) return count;
  throw configError(`${name} is ${JSON.stringify(text)}, and must be a whole number from ${least} on`, `unset ${name}`);
}

export async function openSeeding(context: Context, { target }: Seeding): Promise<LiveTarget> {
  return await openTarget(target, await context.serverTools());
}

/** The SQL files that belong to the target; `only`: just that one. */
export async function readTargetFiles(context: Context, seeding: Seeding, only?: string): Promise<SeedFile[]> {
  const { loaded, root, dir, target } = seeding;
  const { readSeedFiles } = await import("../../seed/sql/sql-files.ts");
  const name = target.environment ?? target.worktree?.name ?? (target.name === "main" ? "main" : undefined);
  return await readSeedFiles({
    ...{ root, dir, listed: loaded?.config.seeds.files, names: name === undefined ? [] : [name] },
    ...(only === undefined ? {} : { only: resolve(context.cwd, only) }),
  });
}
