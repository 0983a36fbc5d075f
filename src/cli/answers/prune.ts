/** What `prune` says. */
import type { JudgedLeftover } from "../../worktree/leftovers.ts";
import { type PrunePlan, waitsMs } from "../../worktree/prune.ts";
import type { WorktreeTools } from "../../worktree/tools.ts";
import { belongingsDocument, describeBelongings } from "../belongings.ts";
import type { Context } from "../context.ts";
import { formatDuration, plural } from "../format.ts";
import { formatTable } from "../table.ts";

type Tense = "would" | "will" | "done";

const VERBS: Record<Tense, readonly [park: string, drop: string]> = {
  would: ["would park", "would drop"],
  will: ["will be parked", "will be dropped"],
  done: ["parked", "dropped"],
};

/** A line for each that is parked or dropped; of what was done, only how many. */
export function describePlan({ park, drop, wait, keep }: PrunePlan, tense: Tense): string {
  if (park.length + drop.length === 0) {
    if (wait.length > 0) return "nothing is due yet";
    return keep.length === 0 ? "nothing is left over" : "nothing is left over of what is certainly gone";
  }
  const [parking, dropping] = VERBS[tense];
  if (tense === "done") {
    const lines = [
      ...(park.length === 0 ? [] : [`${parking} what ${plural(park.length, "worktree")} had left`]),
      ...(drop.length === 0 ? [] : [`${dropping} what ${plural(drop.length, "worktree")} had left`]),
    ];
    return lines.join("; ");
  }
  const rows = [...park.map((each) => rowOf(each, parking)), ...drop.map((each) => rowOf(each, dropping))];
  return formatTable(rows, { indent: "  " });
}

/** The same as one sentence, for the question. */
export function describeLosses({ park, drop }: PrunePlan): string {
  const of = (count: number) => `what ${plural(count, "worktree")} left`;
  return [
    ...(park.length === 0 ? [] : [`${of(park.length)} will be parked`]),
    ...(drop.length === 0 ? [] : [`${of(drop.length)} will be dropped`]),
  ].join("; ");
}

function rowOf({ row, belongings }: JudgedLeftover, verb: string): string[] {
  const { name, path } = row;
  return [verb, name, describeBelongings(belongings) ?? "nothing but its name", path === "" ? "" : `was at ${path}`];
}

/** What is not touched: what it is, why, and what to type. */
export function tellAside({ output }: Context, tools: WorktreeTools, { wait, keep }: PrunePlan): void {
  for (const each of wait) output.note(`waits ${describe(each)}: ${describeWaiting(tools, each)}`);
  for (const each of keep) {
    output.note(`kept ${describe(each)}: ${each.doubt?.why}`);
    output.note(`  next: ${each.doubt?.hint}`);
  }
}

function describe({ row, belongings }: JudgedLeftover): string {
  const what = describeBelongings(belongings);
  return `${row.name}${what === undefined ? "" : ` with ${what}`}`;
}

function describeWaiting(tools: WorktreeTools, leftover: JudgedLeftover): string {
  const { parked, lasting } = leftover;
  const [state, next] = parked === undefined ? ["gone", "parked"] : ["parked", "dropped"];
  const left = formatDuration(Math.max(0, waitsMs(tools, leftover)));
  return `${state} for ${formatDuration(lasting?.forMs ?? 0)}, is ${next} after ${left} more`;
}

/** All of it, for `--list`: what is parked with the way back, and what else is left. */
export function listLines(tools: WorktreeTools, leftovers: readonly JudgedLeftover[]): string {
  if (leftovers.length === 0) return "nothing is parked, and nothing is left over";
  const rows = leftovers.map((each) => {
    const { row, belongings, parked, doubt, called } = each;
    const state = parked === undefined ? "left" : "parked";
    const next = parked === undefined ? "" : `pgrove provision ${called}`;
    const when = doubt === undefined ? describeWaiting(tools, each) : `kept: ${doubt.why}`;
    return [state, row.name, describeBelongings(belongings) ?? "nothing but its name", when, next];
  });
  return formatTable(rows, { indent: "  " });
}

const KEYS = {
  list: ["due_to_park", "due_to_drop"],
  dry_run: ["would_park", "would_prune"],
  done: ["parked", "pruned"],
} as const;

/** What was, or would be, done, and what was not. */
export function planDocument(
  tools: WorktreeTools,
  { park, drop, wait, keep }: PrunePlan,
  kind: keyof typeof KEYS,
): Record<string, unknown> {
  const [parking, dropping] = KEYS[kind];
  return {
    ...(kind === "dry_run" ? { dry_run: true } : {}),
    [parking]: park.map(toDocument),
    [dropping]: drop.map(toDocument),
    waiting: wait.map((each) => {
      const waits_ms = Math.max(0, Math.round(waitsMs(tools, each)));
      return { ...toDocument(each), for_ms: each.lasting?.forMs ?? 0, waits_ms };
    }),
    kept: keep.map((each) => {
      return { ...toDocument(each), reason: each.doubt?.why ?? null, hint: each.doubt?.hint ?? null };
    }),
  };
}

function toDocument({ row, belongings, parked }: JudgedLeftover): Record<string, unknown> {
  const { name, path, id } = row;
  const since = parked === undefined ? {} : { parked_at: parked.lasting.since };
  return { worktree: name, id, path: path === "" ? null : path, ...since, ...belongingsDocument(belongings) };
}
