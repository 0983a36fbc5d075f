import type { LoadedConfig } from "../config/load-config.ts";

/** How many are kept where there is no pgrove.yaml. */
const USUAL_KEEP = 5;

/** How many snapshots of a target are kept here. */
export async function keptSnapshots(place: { config(): Promise<LoadedConfig | undefined> }): Promise<number> {
  return (await place.config())?.config.snapshots.keep ?? USUAL_KEEP;
}
