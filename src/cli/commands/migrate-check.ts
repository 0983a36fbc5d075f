import { relative } from "node:path";
import { EXIT, messageOf, PgroveError } from "../../errors.ts";
import type { CheckResult } from "../../migrate/check.ts";
import type { Finding } from "../../migrate/model.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { reportFindings } from "../findings.ts";
import { plural } from "../format.ts";
import { locateMigrations, type MigrationPlace } from "../migrate/migrations.ts";
import { readRunFacts } from "../migrate/run-facts.ts";
import { findSchemaFile, schemaFileRequest } from "../migrate/schema-file.ts";

export const check = defineCommand({
  meta: {
    details:
      "The files, their numbers and what has changed beside the base branch, and lint of this branch's own migrations; and on " +
      "the target's server up, down and up again in a throw-away database, and whether migrations.schema_file is what they make.",
    examples: [
      { line: "pgrove migrate check", about: "everything that can be checked here" },
      { line: "pgrove migrate check --base origin/main --no-server", about: "in CI, without a database" },
    ],
  },
  args: {
    target: {
      type: "positional",
      required: false,
      target: true,
      completes: "target",
      description: "whose server they are tried on; default: the worktree's",
    },
    base: {
      type: "string",
      valueHint: "REF",
      description: "the branch that they will be merged into; default: the remote's own",
    },
    server: { type: "boolean", default: true, negativeDescription: "leave out what needs a server" },
  },
  async run({ args, context }) {
    const [{ requireOwnMigrations }, { checkFiles }, place] = await Promise.all([
      import("../../migrate/command-tool.ts"),
      import("../../migrate/check.ts"),
      locateMigrations(context),
    ]);
    requireOwnMigrations(place.settings, "check");
    const files = await place.files();
    const base = args.base;
    const request = { files, lint: place.settings.lint, ...(base === undefined ? {} : { base }) };
    const checked = await checkFiles(request, context.runner);
    const tried = !args.server
      ? { left: "--no-server", findings: [] }
      : await tryOnServer(context, args.target, place, checked);
    const { own, base: against } = checked;
    return await reportFindings(context, [...checked.findings, ...tried.findings], {
      checked: `${plural(files.migrations.length, "migration")}, ${own.length} of them new`,
      document: {
        migrations: files.migrations.length,
        own: own.length,
        base: against ?? null,
        server_left_out: tried.left ?? null,
      },
      lines: [
        ...(against === undefined ? ["not compared with a base branch: git knows none (--base REF names one)"] : []),
        ...(tried.left === undefined ? [] : [`not tried on a server: ${tried.left}`]),
      ],
    });
  },
});

interface Tried {
  findings: Finding[];
  /** Why it was left out. */
  left?: string;
}

/** Files that are wrong are not run; nor is a server needed, unless it was named. */
async function tryOnServer(
  context: Context,
  target: string | undefined,
  place: MigrationPlace,
  { findings: wrong, own }: CheckResult,
): Promise<Tried> {
  const files = await place.files();
  if (files.migrations.length === 0) return { findings: [] };
  if (files.findings.some(({ level }) => level === "error")) return { left: "the files are wrong", findings: [] };
  if (wrong.some(({ rule }) => rule === "syntax-error")) return { left: "there are syntax errors", findings: [] };
  const live = await openIfRunning(context, target);
  if (typeof live === "string") return { left: live, findings: [] };
  const { tryRoundTrip } = await import("../../migrate/schema/round-trip.ts");
  const file = findSchemaFile(place);
  const tried = await tryRoundTrip(await context.operationTools(), live, {
    ...{ files, own },
    settings: { lockTimeoutMs: 0, statementTimeoutMs: place.settings.statement_timeout },
    facts: await readRunFacts(context, place),
    schema: await schemaFileRequest(place),
    ...(file === undefined ? {} : { schemaFile: { path: file, shown: relative(place.root, file) } }),
  });
  return { findings: tried };
}

/** The target with its server open, or why it is not. Throws when it was named, and for everything but a missing server. */
async function openIfRunning(context: Context, target: string | undefined): Promise<LiveTarget | string> {
  try {
    return await context.openTarget(target);
  } catch (error) {
    const absent = error instanceof PgroveError && (error.exit === EXIT.missing || error.exit === EXIT.config);
    if (!absent || target !== undefined) throw error;
    return messageOf(error).split("\n")[0] ?? "";
  }
}
