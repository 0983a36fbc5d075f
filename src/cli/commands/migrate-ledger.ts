import type { Args } from "../args.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { defineArgs, TARGET, WAIT_LOCK } from "../grammar.ts";
import { forceOnLedger } from "../migrate/ask-force.ts";
import { sortWords } from "../migrate/migrate-options.ts";

const OPTIONS = defineArgs({
  "dry-run": { type: "boolean", description: "say what would be written down, and change nothing" },
  ...WAIT_LOCK,
  "lock-timeout": {
    ...{ type: "string", valueHint: "TIME" },
    description: "how long to wait for another run that migrates; default: --wait-lock, else 1m",
  },
});

export const force = defineCommand({
  meta: {
    details:
      "Writes down that everything up to VERSION is applied, and nothing above it; no script is run. That ends a doubt, " +
      "once the schema was repaired by hand. `none` or -1: nothing is applied.",
    examples: [
      { line: "pgrove migrate force 42", about: "after a repair by hand" },
      { line: "pgrove migrate force none --dry-run", about: "what the ledger would forget" },
    ],
  },
  args: {
    version: { type: "positional", negative: true, description: "a version, the beginning of a name, head, or none" },
    target: TARGET,
    ...OPTIONS,
  },
  run: ({ context, args }) => writeDown(context, "force", args.version, args),
});

export const baseline = defineCommand({
  meta: {
    details:
      "For a database that has its schema already, from before it was migrated: everything up to VERSION counts as applied. " +
      "Only where no migration was applied yet.",
    examples: [
      { line: "pgrove migrate baseline", about: "the schema is as the newest migration has it" },
      { line: "pgrove migrate baseline 42 @production", about: "it is as the migration 42 has it" },
    ],
  },
  args: {
    version: {
      type: "positional",
      required: false,
      description: "a version, or the beginning of a name; default: head",
    },
    target: TARGET,
    ...OPTIONS,
  },
  run: ({ context, args }) => writeDown(context, "baseline", args.version, args),
});

async function writeDown(
  context: Context,
  action: "force" | "baseline",
  version: string | undefined,
  args: Args<typeof OPTIONS>,
): Promise<undefined> {
  const { dryRun, lockTimeout } = args;
  await forceOnLedger(context, { action, ...sortWords(version, args.target), dryRun, lockTimeout });
}
