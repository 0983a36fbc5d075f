/** The main database, on which what is shared lies. */
import type { LiveTarget } from "../resolve/target.ts";
import { mainTarget } from "../resolve/worktree-target.ts";
import { once } from "../sys/once.ts";
import { openStarted } from "../work/lifecycle.ts";
import type { WorktreeTools } from "./tools.ts";

/** The main database, with its server running. Throws (exit 4) when it does not run and may not be started. */
export async function openMain(
  { loaded, place, main, ...tools }: WorktreeTools,
  mayStart: boolean,
): Promise<LiveTarget> {
  return main === undefined ? await openStarted(await mainTarget(loaded, place), tools, mayStart) : await main();
}

/**
 * The tools with which main is opened, and where needed started, only once: each look at a container takes docker a tenth of
 * a second. For steps that follow each other without waiting for anybody.
 */
export function openingMainOnce(tools: WorktreeTools): WorktreeTools {
  return { ...tools, main: once(() => openMain(tools, true)) };
}
