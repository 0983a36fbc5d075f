import { describeLosses, describePlan, listLines, planDocument, tellAside } from "../answers/prune.ts";
import { defineCommand } from "../command.ts";
import { WAIT_LOCK } from "../grammar.ts";
import { requireTrust } from "../trust.ts";
import { requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  meta: {
    details:
      "Worktrees that were deleted by hand leave their databases, containers, volumes and snapshots. What is gone for a week " +
      "(prune.after) is parked: renamed or stopped, and nothing is lost; `pgrove provision NAME` brings it back. What is parked for " +
      "a week (prune.keep) is dropped. What may only be away (moved, locked, on a disk that is not there) is kept, and named with " +
      "what to do. Does nothing unless git, docker and the server could be looked at completely.",
    examples: [
      { line: "pgrove prune --dry-run", about: "what would be done" },
      { line: "pgrove prune --yes", about: "for cron: it does not skip the waiting" },
      { line: "pgrove prune --list", about: "what is parked, and what waits" },
    ],
  },
  args: {
    "dry-run": { type: "boolean", description: "say what would be done, and change nothing" },
    list: { type: "boolean", description: "say what is parked and what waits, and change nothing" },
    ...WAIT_LOCK,
    now: {
      type: "boolean",
      description: "drop all that is gone without waiting; a name has to be typed, or --confirm",
    },
  },
  async run({ args, context }) {
    const tools = await requireWorktreeTools(context);
    const [{ findLeftovers, rememberGone }, { planPrune, pruneLeftovers }] = await Promise.all([
      import("../../worktree/leftovers.ts"),
      import("../../worktree/prune.ts"),
    ]);
    const leftovers = await findLeftovers(tools);
    const plan = planPrune(tools, leftovers, args.now);
    if (args.list) {
      return void (await context.output.answer(planDocument(tools, plan, "list"), () => listLines(tools, leftovers)));
    }
    tellAside(context, tools, plan);
    if (args.dryRun) {
      return void (await context.output.answer(planDocument(tools, plan, "dry_run"), () =>
        describePlan(plan, "would"),
      ));
    }
    await rememberGone(tools, leftovers);
    if (plan.park.length + plan.drop.length > 0) {
      if (!args.now) await requireTrust(context, { keys: ["prune"] }); // a branch that keeps for a shorter time is asked about
      context.output.note(describePlan(plan, "will"));
      const { project } = tools.loaded.config;
      const target = { label: "what is left over", name: args.now ? project : "prune", protected: false };
      const what = describeLosses(plan);
      const typed = args.now ? { typed: "this cannot be taken back" } : {};
      await context.requireConsent({ target, what, instead: "pgrove prune --dry-run", ...typed });
    }
    await pruneLeftovers(tools, plan);
    await context.output.answer(planDocument(tools, plan, "done"), () => describePlan(plan, "done"));
  },
});
