import { usageError } from "../../errors.ts";
import { databaseArgument } from "../../postgres/identifier.ts";
import { asOwnRole, sessionOptions } from "../../resolve/reach.ts";
import { openTarget, type Target } from "../../resolve/target.ts";
import { isTerminal } from "../../sys/is-terminal.ts";
import { newRunId } from "../../sys/run-id.ts";
import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";
import { withoutInterrupts } from "../interrupts.ts";

export const command = defineCommand({
  meta: {
    details: "psql of the server's own version, already logged in. Its exit code becomes pgrove's.",
    examples: [
      { line: "pgrove shell", about: "psql on main" },
      { line: "pgrove shell @staging -- -X --expanded=auto", about: "with arguments for psql" },
    ],
  },
  args: { target: TARGET },
  after: "psql's arguments",
  async run({ args, context }) {
    if (context.flags.json) throw usageError("shell is for people and has no --json", "pgrove sql -c … --json");
    const target = asOwnRole(await context.resolveTarget(args.target));
    const { toolbox, database } = await openTarget(target, await context.serverTools());
    const terminal = isTerminal(0) && isTerminal(1);
    const psql = toolbox.interactive(
      [...entryArguments(target, database), ...args.after],
      newRunId(context.clock.now()),
      database,
      terminal,
    );
    await context.output.flush();
    return await withoutInterrupts(() => context.runner.inherit(psql));
  },
});

/** Where the login would not find the target's schema by itself, psql is told. */
function entryArguments(target: Target, database: string): string[] {
  const options = sessionOptions(target);
  if (options === undefined) return [];
  return [`--dbname=${databaseArgument(database)} options='${options.replace(/[\\']/g, "\\$&")}'`];
}
