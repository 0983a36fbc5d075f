import type { Args } from "../args.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { forceOnLedger } from "../migrate/force.ts";
import { sortWords } from "../migrate/migrate-options.ts";

const TARGET = { name: "TARGET", target: true, about: "default: the worktree you stand in" } as const;
const OPTIONS = [
  { name: "dry-run", about: "say what would be written down, and change nothing" },
  { name: "lock-timeout", value: "TIME", about: "how long to wait for another run that migrates: 1m" },
] as const;

export const force = defineCommand({
  details:
    "Writes down that everything up to VERSION is applied, and nothing above it; no script is run. That ends a doubt, " +
    "once the schema was repaired by hand. `none` or -1: nothing is applied.",
  positionals: [
    {
      ...{ name: "VERSION", required: true, negative: true },
      about: "a version, the beginning of a name, head, or none",
    },
    TARGET,
  ],
  options: OPTIONS,
  examples: [
    { line: "pgrove migrate force 42", about: "after a repair by hand" },
    { line: "pgrove migrate force none --dry-run", about: "what the ledger would forget" },
  ],
  run: (context, args) => run(context, "force", args),
});

export const baseline = defineCommand({
  details:
    "For a database that has its schema already, from before it was migrated: everything up to VERSION counts as applied. " +
    "Only where no migration was applied yet.",
  positionals: [{ name: "VERSION", about: "a version, or the beginning of a name; default: head" }, TARGET],
  options: OPTIONS,
  examples: [
    { line: "pgrove migrate baseline", about: "the schema is as the newest migration has it" },
    { line: "pgrove migrate baseline 42 @production", about: "it is as the migration 42 has it" },
  ],
  run: (context, args) => run(context, "baseline", args),
});

async function run(
  context: Context,
  action: "force" | "baseline",
  args: Args<"dry-run" | "lock-timeout", "VERSION" | "TARGET">,
): Promise<undefined> {
  const { word, target } = sortWords(args.positional("VERSION"), args.target);
  await forceOnLedger(context, {
    ...{ action, word, target, dryRun: args.flag("dry-run") },
    lockTimeout: args.string("lock-timeout"),
  });
}
