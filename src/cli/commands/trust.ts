import { listExecutable, trustKey } from "../../repo/trust.ts";
import { defineCommand } from "../command.ts";
import { plural } from "../format.ts";
import { describeExecutable, isConfigTrusted, requireTrust } from "../trust.ts";

export const command = defineCommand({
  meta: {
    details:
      "pgrove runs no command of pgrove.yaml (worktrees.setup, worktrees.teardown, migrations.command) before you have " +
      "approved it here. One approval serves all worktrees of the repository; a command that changes is asked about again.",
    examples: [
      { line: "pgrove trust", about: "shows the commands, and asks" },
      { line: "pgrove trust --yes", about: "approves them unasked, as in CI" },
    ],
  },
  args: {},
  async run({ context }) {
    const loaded = await context.requireConfig();
    const commands = listExecutable(loaded.config).flatMap(({ key, commands }) =>
      commands.map((command) => ({ key, command })),
    );
    const known = await isConfigTrusted(context);
    const { yes } = context.flags;
    if (!known && yes) context.output.note(describeExecutable(loaded));
    if (!known) await requireTrust(context, { yes, instead: "pgrove trust --yes      approves them unasked" });
    const document = { key: trustKey(loaded.config), approved: true, changed: !known, commands };
    await context.output.answer(document, () => {
      if (commands.length === 0) return "pgrove.yaml runs no commands: there is nothing to approve";
      if (known) return `${describeExecutable(loaded)}\napproved before`;
      return `approved: ${plural(commands.length, "command")}, for all worktrees of this repository`;
    });
  },
});
