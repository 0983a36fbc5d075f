import { belongingsDocument, describeBelongings } from "../belongings.ts";
import { defineCommand } from "../command.ts";
import { WAIT_LOCK } from "../grammar.ts";
import { planRemovalOf } from "../removal.ts";
import { formatFields } from "../table.ts";
import { requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  meta: {
    details:
      "Takes away the worktree, its database with its snapshots, its container and volume, and frees its ports. Refuses with " +
      "changes that are in no commit or on no other branch and remote. The branch and the dumps stay.",
    examples: [
      { line: "pgrove remove feature-auth", about: "asks first, and says what is lost" },
      { line: "pgrove remove feature-auth --yes --delete-branch", about: "for scripts, with its branch" },
    ],
  },
  args: {
    worktree: { type: "positional", completes: "target", description: "its name, branch or folder" },
    force: { type: "boolean", description: "also with changes that are nowhere else" },
    "delete-branch": { type: "boolean", description: "the branch, too" },
    "keep-database": { type: "boolean", description: "the database stays, and is yours from then on" },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "say what would be removed, and change nothing" },
  },
  async run({ args, context }) {
    const tools = await requireWorktreeTools(context);
    const [force, keepDatabase] = [args.force, args.keepDatabase];
    const choice = { force, keepDatabase, deleteBranch: args.deleteBranch };
    const { name, path, branch, ...removal } = await planRemovalOf(context, tools, args.worktree, choice);
    const belongings = describeBelongings(removal.belongings);
    const taken = belongings === undefined || keepDatabase ? "" : ` with ${belongings}`;
    const what = `worktree ${name}${path === null ? "" : ` (${path})`}${taken}`;
    const kept = keepDatabase ? belongings : undefined;
    const facts = { database_kept: keepDatabase, ...belongingsDocument(removal.belongings) };
    if (args.dryRun) {
      const document = { dry_run: true, worktree: name, ...facts };
      return void (await context.output.answer(document, () =>
        formatFields([
          ["would remove", what],
          ["would keep", kept],
        ]),
      ));
    }
    const target = { label: name, name, protected: false };
    const rest = kept === undefined ? "" : `; ${kept} stays, and is yours then`;
    await context.requireConsent({ target, what: `${what} will be removed${rest}` });
    const { branchDeleted } = await removal.carryOut();
    const document = { worktree: name, path, ...facts, branch: branch ?? null, branch_deleted: branchDeleted };
    await context.output.answer(document, () =>
      formatFields([
        ["removed", name],
        [keepDatabase ? "kept" : "with", belongings],
        ["branch", branch === undefined ? undefined : `${branch} ${branchDeleted ? "deleted" : "stays"}`],
      ]),
    );
  },
});
