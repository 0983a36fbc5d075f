import { defineCommand } from "../command.ts";

export const command = defineCommand({
  details:
    "Without names the SQL files run: base.sql, then that of the environment or worktree, or those that pgrove.yaml lists; what has not changed is skipped. " +
    "With names, all or a number, factories make rows: seeds/*.yaml says how, and the schema itself says the rest. " +
    "Everything is one transaction: a run that fails leaves nothing. `seed init` writes a first factories.yaml.",
  takesTarget: true,
  positionals: [
    { name: "NAME", rest: true, about: "entities or tables, or all; a number behind them is how many rows" },
  ],
  options: [
    { name: "clean", about: "first remove the rows of those entities, children first" },
    { name: "clean-force", about: "the same, without asking" },
    { name: "generated", about: "with --clean: only rows that pgrove has made" },
    {
      name: "older-than",
      value: "TIME",
      about: "with --clean: only those of runs before that, such as 24h; makes no rows",
    },
    { name: "reset", about: "first empty the database and migrate it; a snapshot keeps what was there" },
    { name: "reset-force", about: "the same, without asking" },
    { name: "upsert", about: "the same rows again: insert new ones, update changed ones" },
    { name: "scenario", value: "NAME", about: "a scenario of the factory files" },
    { name: "param", value: "NAME=VALUE", repeatable: true, about: "a parameter of the scenario" },
    {
      name: "seed",
      value: "N",
      number: { min: 0, max: 4_294_967_295 },
      about: "other rows: the same number, the same rows",
    },
    { name: "skip-triggers", about: "fire no triggers while rows are loaded" },
    { name: "file", value: "FILE", about: "run just this SQL file" },
    { name: "force", about: "run what has not changed since it ran, too" },
    { name: "no-transaction", about: "run SQL files statement by statement, not all in one transaction" },
    { name: "stats", about: "show the tables' statistics afterwards" },
    { name: "stats-only", about: "show them, and do nothing else" },
    { name: "dry-run", about: "show the plan, with ten rows of each entity, and change nothing" },
  ],
  examples: [
    { line: "pgrove seed", about: "the SQL files of this worktree's database" },
    { line: "pgrove seed users 25", about: "25 users more" },
    { line: "pgrove seed --clean all 100", about: "everything anew" },
    { line: "pgrove seed --scenario user_onboarding --param users=50", about: "a scenario" },
    { line: "pgrove seed --clean --older-than 24h", about: "removes what earlier runs have made" },
  ],
  async run(context, args) {
    const { seed } = await import("../seed/seed-flow.ts");
    await seed(context, args);
  },
});
