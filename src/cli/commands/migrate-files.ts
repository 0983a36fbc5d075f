import { relative } from "node:path";
import { usageError } from "../../errors.ts";
import { locateMigrations } from "../../migrate/worktree-migrations.ts";
import { noteNext, renderRenumber, renumberDocument } from "../answers/migrate-renumber.ts";
import { defineCommand } from "../command.ts";
import { WAIT_LOCK } from "../grammar.ts";

export const create = defineCommand({
  meta: {
    details:
      "Numbered behind the others and as they are. The first migration of a folder is 000001 with golang-migrate's files, and " +
      "has the time as its number with dbmate's and goose's.",
    examples: [{ line: "pgrove migrate create add_users", about: "makes the files and prints their paths" }],
  },
  args: {
    name: { type: "positional", description: "what it does: add_users" },
    sequential: { type: "boolean", description: "the number behind the highest" },
    timestamp: { type: "boolean", description: "the time in UTC as the number: 20260115143022" },
  },
  async run({ args, context }) {
    const { name } = args;
    const numbering = readNumbering(args.sequential, args.timestamp);
    const { settings, files } = await locateMigrations(context);
    if (settings.command !== undefined) {
      const { runCommandTool } = await import("../migrate/run-tool.ts");
      return await runCommandTool(context, { verb: "create", words: [name] });
    }
    const { createMigration } = await import("../../migrate/files/create-migration.ts");
    const request = { files: await files(), name, now: context.clock.now() };
    const created = await createMigration({ ...request, ...(numbering === undefined ? {} : { numbering }) });
    const paths = created.paths.map((path) => relative(context.cwd, path));
    const migration = { version: created.digits, name: created.name, files: paths };
    await context.output.answer({ migration }, () => paths.join("\n"));
    context.output.note("next: write the SQL, then: pgrove migrate up");
  },
});

function readNumbering(sequential: boolean, timestamp: boolean): "sequential" | "timestamp" | undefined {
  if (sequential && timestamp) throw usageError("--sequential and --timestamp exclude each other");
  if (sequential) return "sequential";
  return timestamp ? "timestamp" : undefined;
}

export const renumber = defineCommand({
  meta: {
    details:
      "The migrations that the base branch does not have are moved behind the newest one there: the files are renamed, by git " +
      "where it knows them, and the databases of this repository's worktrees that have applied them are told.",
    examples: [
      { line: "pgrove migrate renumber", about: "after a merge in which two branches have added the same number" },
      { line: "pgrove migrate renumber --base develop --dry-run", about: "what it would do" },
    ],
  },
  args: {
    base: {
      type: "string",
      valueHint: "REF",
      description: "the branch to come behind; default: origin's own, else main or master",
    },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "say what would be renamed, and rename nothing" },
  },
  async run({ args, context }) {
    const { planRenumber, runRenumber } = await import("../../worktree/renumber.ts");
    const { base, dryRun } = args;
    const plan = await planRenumber(context, {
      ...(base === undefined ? {} : { base }),
      worktreeTools: async () => (await import("../worktree-tools.ts")).requireWorktreeTools(context),
    });
    if (!dryRun) await runRenumber(context, plan);
    await context.output.answer(renumberDocument(plan, dryRun), () => renderRenumber(plan, dryRun));
    if (!dryRun && plan.moves.length > 0) noteNext(context, plan);
  },
});
