import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";

export const command = defineCommand({
  meta: {
    details:
      "Rows of tables up to 64 MB are counted; of larger ones the last ANALYZE says how many there are about. USED is the part of a sequence, or of its column's type, that is used up.",
    examples: [
      { line: "pgrove stats", about: "of this worktree's database" },
      { line: "pgrove stats @staging --json | jq '.tables[0]'", about: "the largest table, for a script" },
    ],
  },
  args: { target: TARGET },
  async run({ args, context }) {
    const { answerStats } = await import("../seed/seed-stats.ts");
    await answerStats(context, await context.openTarget(args.target));
  },
});
