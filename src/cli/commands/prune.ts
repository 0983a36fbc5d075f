import type { JudgedLeftover } from "../../worktree/prune.ts";
import { belongingsDocument, describeBelongings } from "../belongings.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";
import { formatTable } from "../table.ts";
import { requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  meta: {
    details:
      "Worktrees that were deleted by hand leave their databases, containers, volumes and snapshots. Lists them, asks, and " +
      "removes them. What may only be away (moved, locked, on a disk that is not there) is kept, and named with what to do. " +
      "Does nothing unless git, docker and the server could be looked at completely.",
    examples: [
      { line: "pgrove prune --dry-run", about: "what is left over" },
      { line: "pgrove prune --yes", about: "for cron" },
    ],
  },
  args: { "dry-run": { type: "boolean", description: "say what would be removed, and change nothing" } },
  async run({ args, context }) {
    const tools = await requireWorktreeTools(context);
    const { findLeftovers, pruneLeftovers } = await import("../../worktree/prune.ts");
    const leftovers = await findLeftovers(tools);
    const gone = leftovers.filter(({ doubt }) => doubt === undefined);
    const kept = leftovers.filter(({ doubt }) => doubt !== undefined);
    tellKept(context, kept);
    const list = () => formatTable(gone.map(toRow), { indent: "  " });
    const nothing = kept.length === 0 ? "nothing is left over" : "nothing is left over of what is certainly gone";
    if (args.dryRun) {
      const document = { dry_run: true, would_prune: gone.map(toDocument), kept: kept.map(toKeptDocument) };
      return void (await context.output.answer(document, () => (gone.length === 0 ? nothing : list())));
    }
    if (gone.length > 0) {
      context.output.note(list());
      const target = { label: "what is left over", name: "prune", protected: false };
      const what = `what ${plural(gone.length, "worktree")} left will be removed`;
      await context.requireConsent({ target, what, instead: "pgrove prune --dry-run" });
    }
    await pruneLeftovers(tools, gone);
    await context.output.answer({ pruned: gone.map(toDocument), kept: kept.map(toKeptDocument) }, () =>
      gone.length === 0 ? nothing : `removed what ${plural(gone.length, "worktree")} had left`,
    );
  },
});

/** Two lines for each: what it is and why it is kept, and what to type. */
function tellKept({ output }: Context, kept: readonly JudgedLeftover[]): void {
  for (const { row, belongings, doubt } of kept) {
    const what = describeBelongings(belongings);
    output.note(`kept ${row.name}${what === undefined ? "" : ` with ${what}`}: ${doubt?.why}`);
    output.note(`  next: ${doubt?.hint}`);
  }
}

function toRow({ row, belongings }: JudgedLeftover): string[] {
  const { name, path } = row;
  return [name, describeBelongings(belongings) ?? "nothing but its name", path === "" ? "" : `was at ${path}`];
}

function toDocument({ row, belongings }: JudgedLeftover): Record<string, unknown> {
  const { name, path } = row;
  return { worktree: name, path: path === "" ? null : path, ...belongingsDocument(belongings) };
}

function toKeptDocument(leftover: JudgedLeftover): Record<string, unknown> {
  const { why, hint } = leftover.doubt ?? { why: null, hint: null };
  return { ...toDocument(leftover), reason: why, hint };
}
