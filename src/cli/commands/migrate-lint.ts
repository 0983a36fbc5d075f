import { resolve } from "node:path";
import { missingError } from "../../errors.ts";
import type { MigrationFiles } from "../../migrate/files/read-migrations.ts";
import type { Finding, Migration } from "../../migrate/migration.ts";
import { locateMigrations } from "../../migrate/worktree-migrations.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { reportFindings } from "../findings.ts";
import { plural } from "../format.ts";

export const lint = defineCommand({
  meta: {
    details:
      "Without FILE: the migrations that the base branch does not have yet; all where git knows no base branch. " +
      "What is meant says so in the file: -- pgrove-ignore RULE",
    examples: [
      { line: "pgrove migrate lint", about: "this branch's own migrations" },
      { line: "pgrove migrate lint migrations/007_add_users.up.sql", about: "one migration" },
    ],
  },
  args: {
    file: {
      type: "positional",
      required: false,
      rest: true,
      description: "files to look at, each with the other direction's",
    },
    all: { type: "boolean", description: "all migrations, those of the base branch among them" },
  },
  async run({ args, context }) {
    const place = await locateMigrations(context);
    const files = await place.files();
    const named = args.file;
    const own = await findOwn(context, files);
    const chosen =
      named.length > 0 ? chooseNamed(context, files, named) : ((args.all ? undefined : own) ?? files.migrations);
    const { lintMigrations, toLintFiles } = await import("../../migrate/lint/lint.ts");
    const found = await lintMigrations(toLintFiles(chosen, own ?? []), place.settings.lint, files.migrations);
    const findings: Finding[] = named.length > 0 ? found : [...files.findings, ...found];
    return await reportFindings(context, findings, { checked: plural(chosen.length, "migration") });
  },
});

/** This branch's own migrations; undefined where git knows no base branch. */
async function findOwn(context: Context, files: MigrationFiles): Promise<readonly Migration[] | undefined> {
  const { compareWithBase } = await import("../../migrate/files/numbering.ts");
  return (await compareWithBase(files, {}, context.runner))?.own;
}

/** Throws (exit 4) when a path is no migration's. */
function chooseNamed({ cwd }: Context, files: MigrationFiles, named: readonly string[]): Migration[] {
  const paths = named.map((path) => resolve(cwd, path));
  const pathsOf = ({ up, down }: Migration) =>
    [up, down].flatMap((script) => (script === undefined ? [] : [resolve(files.root, script.file)]));
  const stray = named.find((_, index) => !files.migrations.some((each) => pathsOf(each).includes(paths[index] ?? "")));
  if (stray !== undefined) {
    throw missingError("migration_missing", `${stray} is no migration of this worktree`, "pgrove migrate status");
  }
  return files.migrations.filter((migration) => pathsOf(migration).some((path) => paths.includes(path)));
}
