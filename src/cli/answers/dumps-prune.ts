/** What `dumps prune` answers. */
import type { PruneDumpsDocument } from "../../answers/dumps.ts";
import type { DumpDecision, PrunePlan } from "../../dump/prune.ts";
import { createdAt } from "../../dump/store.ts";
import { formatAge, formatBytes, plural } from "../format.ts";
import { formatTable } from "../table.ts";

/** `doubt` is why a dump takes no other one's place. */
export function pruneDocument({ kept, removed, ignored }: PrunePlan, dryRun: boolean): PruneDumpsDocument {
  const base = ({ dump, source }: DumpDecision) => ({ name: dump.name, source });
  return {
    dry_run: dryRun,
    kept: kept.map((each) => ({ ...base(each), reasons: each.reasons, doubt: each.doubt ?? null })),
    removed: removed.map((each) => ({ ...base(each), size_bytes: each.dump.sizeBytes, doubt: each.doubt ?? null })),
    ignored: ignored.map(({ dump, why }) => ({ name: dump.name, reason: why })),
  };
}

/** A line for each dump, by source, newest first. */
export function renderPrune({ kept, removed, ignored }: PrunePlan, dryRun: boolean, now: Date): string {
  if (kept.length + removed.length + ignored.length === 0) return "no dumps";
  const goes = dryRun ? "would remove" : "removed";
  const rows = [
    ...kept.map((each) => ["keep", ...cellsOf(each, now), each.reasons.join(", "), doubtOf(each)]),
    ...removed.map((each) => [goes, ...cellsOf(each, now), "", doubtOf(each)]),
    ...ignored.map(({ dump, why }) => ["leave", dump.name, "", formatBytes(dump.sizeBytes), "", "", `(${why})`]),
  ];
  return formatTable([["", "NAME", "SOURCE", "SIZE", "MADE", "WHY", ""], ...rows], { right: [3] });
}

function cellsOf({ dump, source }: DumpDecision, now: Date): string[] {
  return [dump.name, source, formatBytes(dump.sizeBytes), formatAge(new Date(createdAt(dump)), now)];
}

function doubtOf({ doubt }: DumpDecision): string {
  return doubt === undefined ? "" : `(${doubt})`;
}

const MOST_NAMED = 5;

/** What goes, for the question. */
export function describeGoing({ kept, removed }: PrunePlan): string {
  const names = removed.slice(0, MOST_NAMED).map(({ dump }) => dump.name);
  const more = removed.length > names.length ? ` and ${removed.length - names.length} more` : "";
  const bytes = removed.reduce((sum, { dump }) => sum + dump.sizeBytes, 0);
  const all = plural(kept.length + removed.length, "dump");
  return `${removed.length} of ${all} (${formatBytes(bytes)}) will be removed: ${names.join(", ")}${more}`;
}
