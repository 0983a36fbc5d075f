import { isatty } from "node:tty";
import { usageError } from "../../errors.ts";
import { newRunId } from "../../sys/run-id.ts";
import { defineCommand } from "../command.ts";
import { withoutInterrupts } from "../interrupts.ts";

export const command = defineCommand({
  details: "psql of the server's own version, already logged in. Its exit code becomes pgrove's.",
  positionals: [{ name: "TARGET", target: true, about: "default: main" }],
  options: [],
  after: "psql's arguments",
  examples: [
    { line: "pgrove shell", about: "psql on main" },
    { line: "pgrove shell @staging -- -X --expanded=auto", about: "with arguments for psql" },
  ],
  async run(context, args) {
    if (context.flags.json) throw usageError("shell is for people and has no --json", "pgrove sql -c … --json");
    const { toolbox, database } = await context.openTarget(args.target);
    const terminal = isatty(0) && isatty(1);
    const psql = toolbox.interactive(args.after, newRunId(context.clock.now()), database, terminal);
    await context.output.flush();
    return await withoutInterrupts(() => context.runner.inherit(psql));
  },
});
