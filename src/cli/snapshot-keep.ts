import type { Context } from "./context.ts";

/** How many are kept where there is no pgrove.yaml. */
const USUAL_KEEP = 5;

/** How many snapshots of a target are kept here. */
export async function keptSnapshots(context: Pick<Context, "config">): Promise<number> {
  return (await context.config())?.config.snapshots.keep ?? USUAL_KEEP;
}
