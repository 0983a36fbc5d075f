import type { Leftover } from "../../worktree/prune.ts";
import { belongingsDocument, describeBelongings } from "../belongings.ts";
import { defineCommand } from "../command.ts";
import { plural } from "../format.ts";
import { formatTable } from "../table.ts";
import { requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  details:
    "Worktrees that were deleted by hand leave their databases, containers, volumes and snapshots. Lists them, asks, and " +
    "removes them. Does nothing unless git, docker and the server could be looked at completely. A locked worktree is not gone.",
  positionals: [],
  options: [{ name: "dry-run", about: "say what would be removed, and change nothing" }],
  examples: [
    { line: "pgrove prune --dry-run", about: "what is left over" },
    { line: "pgrove prune --yes", about: "for cron" },
  ],
  async run(context, args) {
    const tools = await requireWorktreeTools(context);
    const { findLeftovers, removeLeftover } = await import("../../worktree/prune.ts");
    const leftovers = await findLeftovers(tools);
    const documents = leftovers.map(toDocument);
    if (leftovers.length === 0) {
      return void (await context.output.answer({ pruned: [] }, () => "nothing is left over"));
    }
    const list = () => formatTable(leftovers.map(toRow), { indent: "  " });
    if (args.flag("dry-run")) {
      return void (await context.output.answer({ dry_run: true, would_prune: documents }, list));
    }
    context.output.note(list());
    const target = { label: "what is left over", name: "prune", protected: false };
    const what = `what ${plural(leftovers.length, "worktree")} left will be removed`;
    await context.requireConsent({ target, what, instead: "pgrove prune --dry-run" });
    for (const leftover of leftovers) await removeLeftover(tools, leftover);
    await context.output.answer(
      { pruned: documents },
      () => `removed what ${plural(leftovers.length, "worktree")} had left`,
    );
  },
});

function toRow(leftover: Leftover): string[] {
  const { name, path } = leftover.row;
  return [name, describeBelongings(leftover) ?? "nothing but its name", path === "" ? "" : `was at ${path}`];
}

function toDocument(leftover: Leftover) {
  const { name, path } = leftover.row;
  return { worktree: name, path: path === "" ? null : path, ...belongingsDocument(leftover) };
}
