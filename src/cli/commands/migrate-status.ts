import { EXIT } from "../../errors.ts";
import { withLedgerSession } from "../../migrate/ledger/ledger-session.ts";
import { openMigrations } from "../../migrate/worktree-migrations.ts";
import { defineCommand } from "../command.ts";
import { TARGET } from "../grammar.ts";
import { historyDocument, renderHistory } from "../migrate/migration-history.ts";

export const status = defineCommand({
  meta: {
    details: [
      "Shows what is applied, pending, in doubt, applied but not in this branch, or edited since. Nothing is written: a ledger of another tool is taken over by the first `migrate up`.",
      "With migrations.command in pgrove.yaml that tool's status command is run.",
    ].join("\n"),
    examples: [
      { line: "pgrove migrate status", about: "of the worktree's database" },
      { line: "pgrove migrate status @production --exit-code --json", about: "for a CI step" },
    ],
  },
  args: { target: TARGET, "exit-code": { type: "boolean", description: "exit 6 when something is pending or wrong" } },
  async run({ args, context }) {
    const migrations = await openMigrations(context, args.target);
    if (migrations.settings.command !== undefined) {
      const { runCommandTool } = await import("../migrate/run-tool.ts");
      return await runCommandTool(context, { verb: "status", target: args.target, words: [] });
    }
    const files = await migrations.files();
    const [{ isUpToDate, readStatus }, { renderStatus, statusDocument }] = await Promise.all([
      import("../../migrate/ledger/status.ts"),
      import("../migrate/migration-status.ts"),
    ]);
    const found = await withLedgerSession(context, migrations, (sql, where) => readStatus(sql, where, files));
    const { label, name } = migrations.target;
    const about = { label, files: files.migrations, now: context.clock.now() };
    await context.output.answer({ target: name, ...statusDocument(found) }, () => renderStatus(found, about));
    return args.exitCode && !isUpToDate(found) ? EXIT.problems : EXIT.ok;
  },
});

export const history = defineCommand({
  meta: {
    details: [
      "What was done to the migrations of a database, by whomever, newest first; failures too.",
      "With migrations.command in pgrove.yaml that tool's history command is run.",
    ].join("\n"),
    examples: [{ line: "pgrove migrate history @production --limit 5", about: "the last five" }],
  },
  args: {
    target: TARGET,
    limit: { type: "string", valueHint: "N", number: { min: 1 }, description: "how many (default: 20)" },
  },
  async run({ args, context }) {
    const migrations = await openMigrations(context, args.target);
    if (migrations.settings.command !== undefined) {
      const { runCommandTool } = await import("../migrate/run-tool.ts");
      return await runCommandTool(context, { verb: "history", target: args.target, words: [] });
    }
    const { readHistory, readLedger } = await import("../../migrate/ledger/ledger.ts");
    const limit = args.limit ?? 20;
    const entries = await withLedgerSession(context, migrations, async (sql, where) =>
      readHistory(sql, await readLedger(sql, where), limit),
    );
    await context.output.answer({ history: entries.map(historyDocument) }, () =>
      entries.length === 0 ? "nothing yet" : renderHistory(entries, context.clock.now()),
    );
  },
});
