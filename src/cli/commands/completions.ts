import { usageError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { COMPLETION_SHELLS, completionScript } from "../completion-scripts.ts";

export const command = defineCommand({
  details: "Commands, options, targets and the names of dumps are completed.",
  positionals: [{ name: "SHELL", required: true, about: COMPLETION_SHELLS.join(", ") }],
  options: [],
  examples: [
    { line: 'eval "$(pgrove completions bash)"', about: "in ~/.bashrc" },
    { line: 'eval "$(pgrove completions zsh)"', about: "in ~/.zshrc, after compinit" },
    { line: "pgrove completions fish | source", about: "in ~/.config/fish/config.fish" },
  ],
  async run(context, args) {
    const asked = args.positional("SHELL");
    const shell = COMPLETION_SHELLS.find((each) => each === asked);
    if (shell === undefined)
      throw usageError(`there is completion for ${COMPLETION_SHELLS.join(", ")}; not for ${asked}`);
    const script = completionScript(shell);
    await context.output.answer({ shell, script }, () => script);
  },
});
