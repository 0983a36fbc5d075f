/** What `check` and `metrics` look at: the targets that are meant, and the tools for it. */
import type { LoadedConfig } from "../config/load-config.ts";
import { usageError } from "../errors.ts";
import { openMigrations, type TargetMigrations } from "../migrate/worktree-migrations.ts";
import type { WatchTools } from "../monitor/figures/read-figures.ts";
import type { KnownTargets } from "../monitor/rules/target-identity.ts";
import { readRegistry } from "../repo/registry.ts";
import { isLinked, mainConfig } from "../resolve/main-server.ts";
import { readJournal } from "../sys/journal.ts";
import { once } from "../sys/once.ts";
import type { Context } from "./context.ts";

/** The target of that text; with `all`, main and every worktree that has data of its own. Throws (exit 2) for both. */
export async function chooseSubjects(
  context: Context,
  { target, all }: { target: string | undefined; all: boolean },
): Promise<TargetMigrations[]> {
  if (!all) return [await openMigrations(context, target)];
  if (target !== undefined) throw usageError(`--all and ${target} exclude each other`);
  const { rows } = await readRegistry(await context.stateDir());
  const names = rows.filter(({ state, gone }) => state === "ready" && gone === undefined).map(({ name }) => name);
  return await Promise.all(["main", ...names].map((name) => openMigrations(context, name)));
}

/** The targets that findings can be of, by this checkout's pgrove.yaml and main's. */
export async function findKnownTargets(context: Context): Promise<KnownTargets> {
  const [loaded, { state, rows }] = [await context.config(), await readRegistry(await context.stateDir())];
  const ids = rows.filter(({ gone }) => gone === undefined).map(({ id }) => id);
  const worktrees = state === "whole" ? new Set(ids) : undefined;
  if (loaded === undefined) return { worktrees, environments: undefined };
  const mains = (await isLinked(loaded)) ? await mainConfig(loaded, context.targetPlace) : loaded;
  const named = (each: LoadedConfig) => Object.keys(each.config.environments);
  return { worktrees, environments: mains && new Set([...named(loaded), ...named(mains)]) };
}

/** The tools. A dump counts as proved by the user's own key, and by the shared one where that is known. */
export async function watchTools(context: Context): Promise<WatchTools> {
  const { runner, clock, userKey } = context;
  const loaded = await context.config();
  const sharedKey =
    loaded?.config.dumps.key_file === undefined ? undefined : (await context.operationTools()).sharedKey;
  const stateDir = await context.stateDir();
  return {
    ...{ runner, userKey, now: clock.now(), ...(sharedKey === undefined ? {} : { sharedKey }) },
    storeDir: await context.storeDir(),
    stateDir,
    journal: once(() => readJournal(stateDir)),
    serverTools: await context.serverTools(),
    repository: await context.repository(),
  };
}
