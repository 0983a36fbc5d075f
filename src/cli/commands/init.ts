import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { SERVER_KINDS } from "../../config/config-schema.ts";
import { findConfigFile } from "../../config/load-config.ts";
import { detectProject } from "../../detect/detect.ts";
import { proposeConfig } from "../../detect/propose.ts";
import { refusal } from "../../errors.ts";
import { gitCommand, type Repository } from "../../repo/git.ts";
import { repositoryName } from "../../repo/names.ts";
import { errorCode } from "../../sys/files.ts";
import type { Runner } from "../../sys/process.ts";
import { defineCommand } from "../command.ts";
import { describeDoubts } from "../init-doubts.ts";

export const command = defineCommand({
  meta: {
    details: "It looks at compose files, env files and migration folders; it runs nothing, and overwrites nothing.",
    examples: [
      { line: "pgrove init", about: "pgrove.yaml from what is found here" },
      { line: "pgrove init --server local --dry-run", about: "shows the file for a private cluster" },
    ],
  },
  args: {
    server: { type: "enum", valueHint: "KIND", options: [...SERVER_KINDS], description: "where PostgreSQL runs" },
    "dry-run": { type: "boolean", description: "only show what would be written" },
  },
  async run({ args, context }) {
    const folder = await context.folder();
    const repository = await context.repository();
    const root = repository?.root ?? folder;
    const existing = findConfigFile(folder);
    const { dryRun } = args;
    if (existing !== undefined && !dryRun) throw exists(existing);
    const { server } = args;
    const detected = await detectProject(root, {
      name: nameOf(repository, root),
      askIgnored: (paths) => listIgnored(context.runner, root, paths),
    });
    const text = proposeConfig(detected, server === undefined ? {} : { server });
    const file = join(root, "pgrove.yaml");
    if (!dryRun) await writeNew(file, text);
    await context.output.answer({ file, written: !dryRun, content: text }, () => text);
    for (const said of await describeDoubts(root, detected)) context.output.note(said);
    context.output.note(
      dryRun ? "nothing was written (--dry-run)" : `wrote ${file}\nnext: pgrove up, then pgrove status`,
    );
  },
});

/** Which of the paths git ignores; none outside git. */
async function listIgnored(runner: Runner, root: string, paths: readonly string[]): Promise<string[]> {
  const question = gitCommand(root, ["check-ignore", "-z", "--stdin"]);
  const { stdout } = await runner.capture(question, { allowFailure: true, input: paths.join("\0") });
  return stdout.split("\0").filter((path) => path !== "");
}

/** A worktree's folder says nothing of the project. */
function nameOf(repository: Repository | undefined, root: string): string {
  return repository === undefined ? basename(root) : repositoryName(repository);
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    throw errorCode(error) === "EEXIST" ? exists(file) : error;
  }
}

function exists(file: string) {
  return refusal(
    "config_exists",
    `there is already a ${file}`,
    "pgrove init --dry-run     shows what it would propose",
  );
}
