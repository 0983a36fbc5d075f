import { relative } from "node:path";
import type { WrittenEnv } from "../../worktree/write-env.ts";
import { defineCommand } from "../command.ts";
import { WAIT_LOCK } from "../grammar.ts";
import { provisionNamed } from "../provision-named.ts";
import { describeProvisioned, provisionDocument, requireVariables, warnOfProvisioned } from "../provisioning.ts";
import { formatFields } from "../table.ts";
import { requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  meta: {
    details:
      "Completes what is missing, and else changes nothing: the database, the env file's block, the setup steps. The git " +
      "hook does the same for a worktree that `git worktree add` makes. What `prune` has parked is brought back, with its " +
      "folder where that is gone. For main it writes the env file's block alone.",
    examples: [
      { line: "pgrove provision", about: "this worktree" },
      { line: "pgrove provision hotfix --no-setup", about: "another one, without its setup steps" },
    ],
  },
  args: {
    worktree: {
      type: "positional",
      required: false,
      completes: "target",
      description: "its name, branch or folder; default: the one you stand in",
    },
    name: { type: "string", valueHint: "NAME", description: "another name, for a parked one whose own is taken" },
    ...WAIT_LOCK,
    setup: { type: "boolean", default: true, negativeDescription: "do not run the setup steps" },
    start: { type: "boolean", default: true, negativeDescription: "do not start a server" },
  },
  async run({ args, context }) {
    const tools = await requireWorktreeTools(context);
    const asked = { text: args.worktree, name: args.name, setup: args.setup, start: args.start };
    const { worktree, provisioned } = await provisionNamed(context, tools, asked);
    if (provisioned === undefined) {
      await requireVariables(context);
      const { writeMainEnv } = await import("../../worktree/provision.ts");
      const written = await writeMainEnv(tools, worktree);
      const document = {
        worktree: { name: "main", path: worktree.root, env: fileOf(written)[0], envs: fileOf(written) },
      };
      const lines = () => written.map(({ file, change }) => `${file}: ${change}`).join("\n");
      return void (await context.output.answer(document, lines));
    }
    const shown = relative(context.cwd, worktree.root) || ".";
    await context.output.answer({ worktree: provisionDocument(provisioned) }, () =>
      formatFields([["worktree", `${shown}  (${worktree.branch ?? "detached"})`], ...describeProvisioned(provisioned)]),
    );
    warnOfProvisioned(context, provisioned);
    if (provisioned.data.made?.how === "empty") context.output.note("next: pgrove migrate up");
  },
});

function fileOf(written: readonly WrittenEnv[]) {
  return written.map(({ file, change }) => ({ file, change }));
}
