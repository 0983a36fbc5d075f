import { relative } from "node:path";
import { quoteWord } from "../../sys/shell-word.ts";
import { completing, renderPlan } from "../answers/new.ts";
import { defineCommand } from "../command.ts";
import { approveEarly } from "../foreign-dump.ts";
import { WAIT_LOCK } from "../grammar.ts";
import { chooseData, readConfiguredData } from "../initial-data.ts";
import {
  describeProvisioned,
  provisionDocument,
  provisionRequest,
  warnOfInside,
  warnOfProvisioned,
} from "../provisioning.ts";
import { ROLE_MAP, readRoleMap } from "../role-map.ts";
import { formatFields } from "../table.ts";
import { requireTrust } from "../trust.ts";
import { requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  meta: {
    details:
      "A branch that exists is checked out, one of a remote is followed, else it begins at --from or at what is checked out " +
      "here. What stops on the way is completed by `pgrove provision`, and taken back by `pgrove remove`.",
    examples: [
      { line: "pgrove new feature/auth", about: "a worktree with a copy of main's database" },
      { line: "pgrove new hotfix --from origin/production --restore prod.dump", about: "from there, with those data" },
    ],
  },
  args: {
    branch: { type: "positional", description: "the branch to check out, or to begin" },
    name: { type: "string", valueHint: "NAME", description: "the worktree's name; default: made from the branch's" },
    from: { type: "string", valueHint: "REF", description: "what a new branch begins at" },
    copy: {
      type: "string",
      valueHint: "TARGET",
      optionalValue: true,
      description: "start with a copy of that; default: main",
    },
    restore: { type: "string", valueHint: "DUMP", description: "start with that dump" },
    ...ROLE_MAP,
    empty: { type: "boolean", description: "start with an empty database" },
    setup: { type: "boolean", default: true, negativeDescription: "do not run the setup steps" },
    start: { type: "boolean", default: true, negativeDescription: "do not start a server" },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "say what would be made, and change nothing" },
  },
  async run({ args, context }) {
    const tools = await requireWorktreeTools(context);
    const copy = args.copy === true ? "main" : args.copy;
    const given = { copy, restore: args.restore, empty: args.empty, roleMap: readRoleMap(args.roleMap) };
    const wanted = chooseData(given, readConfiguredData(tools.loaded, context.home));
    const choice = { setup: args.setup, start: args.start, silent: false };
    const request = await provisionRequest(context, wanted, choice);
    const [{ createWorktree, planWorktree }, { requireInitialData }, { tryNew }, { provisionWorktree }] =
      await Promise.all([
        import("../../worktree/create-worktree.ts"),
        import("../../worktree/data.ts"),
        import("../trying-new.ts"),
        import("../../worktree/provision.ts"),
      ]);
    // Whatever would stop it later is found before anything is made.
    const data = await requireInitialData(tools, wanted, request.dumps);
    const [name, from] = [args.name, args.from];
    const creation = {
      branch: args.branch,
      ...(name === undefined ? {} : { name }),
      ...(from === undefined ? {} : { from }),
    };
    if (args.dryRun) {
      const plan = await planWorktree(tools, creation);
      const { isolation } = tools.loaded.config;
      const document = { dry_run: true, name: plan.name, path: plan.root, branch: creation.branch, isolation, data };
      return void (await context.output.answer(document, () => renderPlan(plan, isolation, data)));
    }
    await requireTrust(context, { keys: ["worktrees.dir"] });
    const maySetUp = tools.loaded.config.worktrees.setup.length > 0 && (await request.maySetUp());
    await planWorktree(tools, creation);
    if (args.restore !== undefined && data.kind === "dump") {
      const target = { label: "the new worktree", name: args.branch, protected: false };
      await approveEarly(context, target, data.dump);
    }
    const tried = await tryNew(context, tools, data, choice.start);
    const created = await createWorktree(tools, creation);
    const provisioned = await completing(context, created.name, () =>
      provisionWorktree(tools, created.worktree, {
        ...{ ...request, ...tried, data, name: created.name },
        // It was agreed to, or is what the checked-out pgrove.yaml names: that is its user's choice by typing this.
        approveForeign: (doubt, database) => request.approveForeign({ ...doubt, isForeign: false }, database),
        maySetUp: async () => maySetUp,
      }),
    );
    const shown = relative(context.cwd, created.worktree.root) || ".";
    const document = { worktree: provisionDocument(provisioned) };
    await context.output.answer(document, () =>
      formatFields([["worktree", `${shown}  (${creation.branch})`], ...describeProvisioned(provisioned)]),
    );
    warnOfProvisioned(context, provisioned);
    await warnOfInside(context, tools, created.worktree.root);
    context.output.note(
      `next: cd ${quoteWord(shown)}${provisioned.data.made?.how === "empty" ? " && pgrove migrate up" : ""}`,
    );
  },
});
