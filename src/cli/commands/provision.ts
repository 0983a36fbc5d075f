import { relative } from "node:path";
import { hasOwnServer } from "../../resolve/worktree-target.ts";
import type { WrittenEnv } from "../../worktree/write-env.ts";
import { defineCommand } from "../command.ts";
import { WAIT_LOCK } from "../grammar.ts";
import { readConfiguredData } from "../initial-data.ts";
import {
  describeProvisioned,
  provisionDocument,
  provisionRequest,
  requireVariables,
  warnOfProvisioned,
} from "../provisioning.ts";
import { formatFields } from "../table.ts";
import { approvingOnce } from "../trust.ts";
import { dumpItem } from "../trust-collect.ts";
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
    const [tools, { openMain }, { provisionWorktree, writeMainEnv }, { findReturning }] = await Promise.all([
      requireWorktreeTools(context),
      import("../../worktree/open-main.ts"),
      import("../../worktree/provision.ts"),
      import("../returning.ts"),
    ]);
    const { start } = args;
    // Git and the server are asked at once: mostly there is nothing to do, and this is all that takes time.
    const [{ worktree, ...returning }, main] = await Promise.all([
      findReturning(context, tools, args.worktree, args.name),
      hasOwnServer(tools.loaded.config) ? undefined : openMain(tools, start),
    ]);
    if (worktree.isMain) {
      await requireVariables(context);
      const written = await writeMainEnv(tools, worktree);
      const document = {
        worktree: { name: "main", path: worktree.root, env: fileOf(written)[0], envs: fileOf(written) },
      };
      const lines = () => written.map(({ file, change }) => `${file}: ${change}`).join("\n");
      return void (await context.output.answer(document, lines));
    }
    const data = readConfiguredData(tools.loaded, context.home);
    const choice = { setup: args.setup, start, silent: false };
    const request = await provisionRequest(context, data, choice);
    const opened = main === undefined ? {} : { main };
    const approveDump = async (path: string, database: string) => {
      const target = { label: database, name: database, protected: false };
      const what = `${path}, which pgrove.yaml names, will be restored into ${database}: its SQL will be run`;
      await approvingOnce(context, await dumpItem(path, tools.loaded), () => context.requireConsent({ target, what }));
    };
    const provisioned = await provisionWorktree(tools, worktree, { ...request, ...opened, ...returning, approveDump });
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
