import { usageError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { COMPLETION_SHELLS, completionScript } from "../completion-scripts.ts";

export const command = defineCommand({
  meta: {
    details: "Commands, options, targets and the names of dumps are completed.",
    examples: [
      { line: 'eval "$(pgrove completions bash)"', about: "in ~/.bashrc" },
      { line: 'eval "$(pgrove completions zsh)"', about: "in ~/.zshrc, after compinit" },
      { line: "pgrove completions fish | source", about: "in ~/.config/fish/config.fish" },
    ],
  },
  args: { shell: { type: "positional", completes: "shell", description: COMPLETION_SHELLS.join(", ") } },
  async run({ args, context }) {
    const asked = args.shell;
    const shell = COMPLETION_SHELLS.find((each) => each === asked);
    if (shell === undefined)
      throw usageError(`there is completion for ${COMPLETION_SHELLS.join(", ")}; not for ${asked}`);
    const script = completionScript(shell);
    await context.output.answer({ shell, script }, () => script);
  },
});
