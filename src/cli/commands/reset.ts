import { migrateEmpty } from "../../migrate/migrate-empty.ts";
import { describeMigration } from "../../migrate/migration.ts";
import type { AppliedStep } from "../../migrate/run/apply.ts";
import { defineCommand } from "../command.ts";
import { consentToReplacement } from "../foreign-dump.ts";
import { formatBytes, formatDuration, plural } from "../format.ts";
import { TARGET, WAIT_LOCK } from "../grammar.ts";
import { describeFate, describeReplacement, replacesDocument } from "../loss.ts";
import { provisionRequest } from "../provisioning.ts";
import { seedEmpty } from "../seed/seed-flow.ts";
import { formatFields } from "../table.ts";
import { requireWorktreeTools } from "../worktree-tools.ts";

export const command = defineCommand({
  meta: {
    details:
      "A worktree that was made as a copy gets its source's data as they are now, one that was made from a dump gets the dump, " +
      "and one that was made empty is emptied, and given its migrations and seeds. What is replaced is kept until the next restore, copy or reset.",
    examples: [{ line: "pgrove reset feature-auth", about: "main's data again" }],
  },
  args: {
    target: { ...TARGET, description: "a worktree; default: the one you stand in" },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "say what would be replaced, and change nothing" },
  },
  async run({ args, context }) {
    const tools = await requireWorktreeTools(context);
    const target = await context.resolveTarget(args.target);
    const { planReset, resetWorktree } = await import("../../worktree/reset.ts");
    const request = await provisionRequest(
      context,
      { kind: "copy", source: "main" },
      { setup: false, start: true, silent: false },
    );
    if (args.dryRun) {
      const { database, data, from, loss } = await planReset(tools, target);
      const document = { dry_run: true, database, data, from: from ?? null, replaces: replacesDocument(loss) };
      const to = from ?? "nothing, then its migrations and seeds";
      return void (await context.output.answer(document, () =>
        formatFields([
          ["would reset", `${target.label} (${database}) to ${to}`],
          ["replacing", loss === undefined ? undefined : describeFate(loss, target.label)],
        ]),
      ));
    }
    const made = await resetWorktree(tools, target, {
      ...request,
      services: tools.loaded.config.services,
      consent: (loss, foreign) =>
        consentToReplacement(context, target, describeReplacement(loss, target.label), foreign),
    });
    const applied = made.how === "empty" ? await migrateEmpty(context, args.target) : undefined;
    const seeded = made.how === "empty" ? await seedEmpty(context, args.target) : [];
    const document = {
      target: target.name,
      how: made.how,
      from: made.from ?? null,
      size_bytes: made.sizeBytes,
      duration_ms: Math.round(made.durationMs),
      ...(applied === undefined ? {} : { migrations: applied.map(({ step }) => step.digits) }),
      ...(seeded.length === 0 ? {} : { seeds: Object.assign({}, ...seeded.map((part) => part.document)) }),
    };
    const from = made.from === undefined ? "nothing" : made.from;
    await context.output.answer(document, () =>
      formatFields([
        ["reset", `${target.label} to ${from} in ${formatDuration(made.durationMs)} (${made.how})`],
        ["size", formatBytes(made.sizeBytes)],
        ["migrated", applied === undefined ? undefined : describeApplied(applied)],
        ...seeded.flatMap(({ lines }) => lines ?? []),
      ]),
    );
  },
});

function describeApplied(applied: readonly AppliedStep[]): string {
  const last = applied.at(-1);
  return `${plural(applied.length, "migration")}${last === undefined ? "" : `, to ${describeMigration(last.step)}`}`;
}
