/** Which snapshot `rewind` takes. */
import { requireNewest, type Snapshot } from "../copy/snapshot-list.ts";
import type { Context } from "./context.ts";
import { formatAge, formatBytes } from "./format.ts";

export async function chooseSnapshot(context: Context, snapshots: readonly Snapshot[], of: string): Promise<Snapshot> {
  const newest = requireNewest(snapshots, of);
  const now = context.clock.now();
  if (context.prompt.available && !context.flags.yes) {
    const choices = snapshots.map((snapshot) => ({
      value: snapshot,
      label: snapshot.name,
      hint: `${formatBytes(snapshot.sizeBytes)}, ${formatAge(snapshot.takenAt, now)}`,
    }));
    return await context.prompt.pick("Which snapshot?", choices);
  }
  context.output.note(`the newest snapshot is ${newest.name}, taken ${formatAge(newest.takenAt, now)}`);
  return newest;
}
