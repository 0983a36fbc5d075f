import { locateMigrations } from "../../migrate/worktree-migrations.ts";
import { defineCommand } from "../command.ts";
import { reportFindings } from "../findings.ts";
import { plural } from "../format.ts";
import { TARGET } from "../grammar.ts";
import { tryOnServer } from "../migrate/check-on-server.ts";

export const check = defineCommand({
  meta: {
    details:
      "This branch's own migrations: the files, their numbers and what has changed beside the base branch, and lint; and on " +
      "the target's server, in a throw-away database, those of the base branch up, and the own ones up, down and up again; " +
      "and whether migrations.schema_file is what they make.",
    examples: [
      { line: "pgrove migrate check", about: "everything that can be checked here" },
      { line: "pgrove migrate check --base origin/main --no-server", about: "in CI, without a database" },
    ],
  },
  args: {
    target: { ...TARGET, description: "whose server they are tried on; default: the worktree's" },
    base: {
      type: "string",
      valueHint: "REF",
      description: "the branch that they will be merged into; default: the remote's own",
    },
    all: { type: "boolean", description: "judge the migrations of the base branch, too" },
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
    const { base, all } = args;
    const request = { files, lint: place.settings.lint, all, ...(base === undefined ? {} : { base }) };
    const checked = await checkFiles(request, context.runner);
    const tried = !args.server
      ? { left: "--no-server", findings: [] }
      : await tryOnServer(context, args.target, place, { ...checked, all });
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
