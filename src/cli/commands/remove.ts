import { belongingsDocument, describeBelongings } from "../belongings.ts";
import { defineCommand } from "../command.ts";
import { formatFields } from "../table.ts";
import { isConfigTrusted } from "../trust.ts";
import { requireWorktree, requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  details:
    "Takes away the worktree, its database with its snapshots, its container and volume, and frees its ports. Refuses with " +
    "changes that are in no commit or on no other branch and remote. The branch and the dumps stay.",
  positionals: [{ name: "WORKTREE", required: true, about: "its name, branch or folder" }],
  options: [
    { name: "force", about: "also with changes that are nowhere else" },
    { name: "delete-branch", about: "the branch, too" },
    { name: "keep-database", about: "the database stays, and is yours from then on" },
    { name: "dry-run", about: "say what would be removed, and change nothing" },
  ],
  examples: [
    { line: "pgrove remove feature-auth", about: "asks first, and says what is lost" },
    { line: "pgrove remove feature-auth --yes --delete-branch", about: "for scripts, with its branch" },
  ],
  async run(context, args) {
    const tools = await requireWorktreeTools(context);
    const worktree = await requireWorktree(tools, args.positional("WORKTREE"));
    const { planRemoval, removeWorktree } = await import("../../worktree/remove.ts");
    const [force, keepDatabase] = [args.flag("force"), args.flag("keep-database")];
    const plan = await planRemoval(tools, worktree, { force, keepDatabase });
    const belongings = describeBelongings(plan.belongings);
    const taken = belongings === undefined || keepDatabase ? "" : ` with ${belongings}`;
    const what = `worktree ${plan.name} (${worktree.root})${taken}`;
    if (args.flag("dry-run")) {
      const document = { dry_run: true, worktree: plan.name, ...belongingsDocument(plan.belongings) };
      return void (await context.output.answer(document, () => formatFields([["would remove", what]])));
    }
    const target = { label: plan.name, name: plan.name, protected: false };
    await context.requireConsent({ target, what: `${what} will be removed` });
    const removed = await removeWorktree(tools, worktree, {
      ...{ force, keepDatabase, deleteBranch: args.flag("delete-branch") },
      mayTearDown: async () => {
        if (await isConfigTrusted(context)) return true;
        context.output.note("the teardown steps are left out: they were not approved (pgrove trust)");
        return false;
      },
    });
    const document = {
      worktree: plan.name,
      path: worktree.root,
      database_kept: keepDatabase,
      ...belongingsDocument(plan.belongings),
      branch: worktree.branch ?? null,
      branch_deleted: removed.branchDeleted,
    };
    const branch =
      worktree.branch === undefined ? undefined : `${worktree.branch} ${removed.branchDeleted ? "deleted" : "stays"}`;
    await context.output.answer(document, () =>
      formatFields([
        ["removed", plan.name],
        [keepDatabase ? "kept" : "with", belongings],
        ["branch", branch],
      ]),
    );
  },
});
