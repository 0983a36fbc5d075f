import { defineCommand } from "../command.ts";
import { SEED_ARGS } from "../seed/seed-options.ts";

export const command = defineCommand({
  meta: {
    details:
      "Without names the SQL files run: base.sql, then that of the environment or worktree, or those that pgrove.yaml lists; what has not changed is skipped. " +
      "With names, all or a number, factories make rows: seeds/*.yaml says how, and the schema itself says the rest. " +
      "Everything is one transaction: a run that fails leaves nothing. With all entities meant, what cannot have rows is left out and named. " +
      "`seed init` writes a first factories.yaml.",
    examples: [
      { line: "pgrove seed", about: "the SQL files of this worktree's database" },
      { line: "pgrove seed users 25", about: "25 users more" },
      { line: "pgrove seed --clean all 100", about: "everything anew" },
      { line: "pgrove seed --scenario user_onboarding --param users=50", about: "a scenario" },
      { line: "pgrove seed --clean --older-than 24h", about: "removes what earlier runs have made" },
    ],
  },
  args: SEED_ARGS,
  takesTarget: true,
  async run({ args, context }) {
    const { seed } = await import("../seed/seed-flow.ts");
    await seed(context, args);
  },
});
