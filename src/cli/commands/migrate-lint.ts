import { resolve } from "node:path";
import type { MigrationFiles } from "../../migrate/files/read-migrations.ts";
import type { LintFile } from "../../migrate/lint/lint.ts";
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
      description: "SQL files to look at, migrations or not, each with the other direction's",
    },
    all: { type: "boolean", description: "all migrations, those of the base branch among them" },
  },
  async run({ args, context }) {
    const place = await locateMigrations(context);
    const files = await place.files();
    const settings = place.settings.lint;
    const comparison = await compare(context, files);
    const own = comparison?.own ?? [];
    if (args.file.length > 0) {
      const { chosen, strays, findings } = await chooseNamed(context, files, args.file);
      const { lintMigrations, toLintFiles } = await import("../../migrate/lint/lint.ts");
      const scripts = [...toLintFiles(chosen, own), ...strays.flatMap((each) => aloneFiles(toLintFiles([each], [])))];
      const found = [...findings, ...(await lintMigrations(scripts, settings, files.migrations))];
      return await reportFindings(context, found, { checked: countChecked(chosen, strays) });
    }
    const chosen = (args.all ? undefined : comparison?.own) ?? files.migrations;
    const { lintMigrations, toLintFiles } = await import("../../migrate/lint/lint.ts");
    const found = await lintMigrations(toLintFiles(chosen, own), settings, files.migrations);
    const [{ settle }, { ownFindings }] = await Promise.all([
      import("../../migrate/check.ts"),
      import("../../migrate/files/numbering.ts"),
    ]);
    const ofFiles = args.all || comparison === undefined ? files.findings : ownFindings(comparison);
    const findings = [...(await settle(ofFiles, files, settings)), ...found];
    return await reportFindings(context, findings, { checked: plural(chosen.length, "migration") });
  },
});

/** This branch's migrations beside the base branch's; undefined where git knows none. */
async function compare(context: Context, files: MigrationFiles) {
  const { compareWithBase } = await import("../../migrate/files/numbering.ts");
  return await compareWithBase(files, {}, context.runner);
}

interface Chosen {
  chosen: readonly Migration[];
  /** Files that are none of the worktree's migrations, as if they were. */
  strays: readonly Migration[];
  findings: readonly Finding[];
}

/** Throws (exit 4) when there is no such file. */
async function chooseNamed({ cwd }: Context, files: MigrationFiles, named: readonly string[]): Promise<Chosen> {
  const paths = named.map((path) => resolve(cwd, path));
  const pathsOf = ({ up, down }: Migration) =>
    [up, down].flatMap((script) => (script === undefined ? [] : [resolve(files.root, script.file)]));
  const chosen = files.migrations.filter((migration) => pathsOf(migration).some((path) => paths.includes(path)));
  const known = new Set(chosen.flatMap(pathsOf));
  const others = paths.filter((path) => !known.has(path));
  if (others.length === 0) return { chosen, strays: [], findings: [] };
  const { readAnyFile } = await import("../../migrate/lint/lint-file.ts");
  const read = others.map((path) => readAnyFile(path, files.root));
  const strays = read.flatMap(({ migrations }) => migrations);
  return { chosen, strays, findings: read.flatMap(({ findings }) => findings) };
}

/** Each stands for itself. */
function aloneFiles(files: readonly LintFile[]): LintFile[] {
  return files.map((file) => ({ ...file, change: files[0]?.script.file ?? "" }));
}

function countChecked(chosen: readonly Migration[], strays: readonly Migration[]): string {
  const parts = [
    ...(chosen.length === 0 ? [] : [plural(chosen.length, "migration")]),
    ...(strays.length === 0 ? [] : [plural(strays.length, "file")]),
  ];
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
