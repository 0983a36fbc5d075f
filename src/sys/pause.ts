import { setTimeout } from "node:timers/promises";

/** Resolves after so many milliseconds; rejects with the abort's reason when that comes first. */
export async function pause(ms: number, abort: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: abort }).catch(() => abort.throwIfAborted());
}
