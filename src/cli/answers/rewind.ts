/** What `rewind` answers: its plan, and what it has done. */
import type { RewindPlan, RewindResult } from "../../copy/snapshot-rewind.ts";
import type { Target } from "../../resolve/target.ts";
import type { Loss } from "../../unit/unit.ts";
import type { Context } from "../context.ts";
import { formatAge, formatBytes, formatDuration, plural } from "../format.ts";
import { describeOlder, describeStranger, replacesDocument } from "../loss.ts";
import { formatFields } from "../table.ts";

export function describeState({ noun, label: what, sizeBytes, sessions }: Loss, { label }: Target): string {
  const connected = sessions.length === 0 ? "" : `, ${plural(sessions.length, "session")} connected`;
  return `the ${noun} ${what} (${formatBytes(sizeBytes)}${connected}) of ${label}`;
}

export function planDocument({ snapshot, loss }: RewindPlan) {
  return {
    dry_run: true,
    snapshot: snapshot.name,
    taken_at: snapshot.takenAt.toISOString(),
    of: snapshot.of,
    replaces: replacesDocument(loss),
  };
}

export function renderPlan(context: Context, { snapshot, loss }: RewindPlan, target: Target): string {
  return formatFields([
    ["would rewind", `to ${snapshot.name}, taken ${formatAge(snapshot.takenAt, context.clock.now())}`],
    [
      "replacing",
      `${describeState(loss, target)}, kept as before-rewind${describeOlder(loss)}${describeStranger(loss)}`,
    ],
  ]);
}

export function resultDocument(
  { snapshot, database, sizeBytes, kept, servicesRestarted }: RewindResult,
  durationMs: number,
) {
  return {
    ...{ snapshot: snapshot.name, taken_at: snapshot.takenAt.toISOString(), database, size_bytes: sizeBytes, kept },
    ...{ services_restarted: servicesRestarted, duration_ms: durationMs },
  };
}

export function renderResult(result: RewindResult, durationMs: number, undo: string | undefined): string {
  const { snapshot, sizeBytes, servicesRestarted } = result;
  return formatFields([
    ["rewound", `${snapshot.of} to ${snapshot.name}: ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)}`],
    ["undo", undo],
    ["services", servicesRestarted === 0 ? undefined : `${servicesRestarted} stopped and started again`],
  ]);
}
