/** What `check` and `metrics` look at: the targets that are meant, and the tools for it. */
import { usageError } from "../errors.ts";
import { openMigrations, type TargetMigrations } from "../migrate/worktree-migrations.ts";
import type { WatchTools } from "../monitor/figures/read-figures.ts";
import { readRegistry } from "../repo/registry.ts";
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
