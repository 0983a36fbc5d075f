/** Migrations of the base branch that this one has changed: they may have been run, so they must stay as they are. */
import { gitCommand } from "../../repo/git.ts";
import type { Runner } from "../../sys/process.ts";
import type { Finding } from "../migration.ts";
import { type Base, type CommittedFile, listCommitted, pathsOf } from "./base-branch.ts";
import { fileFinding } from "./layout.ts";
import type { MigrationFiles } from "./read-migrations.ts";

/** What became of a file. */
interface FileChange {
  kind: "changed" | "renamed" | "deleted";
  path: string;
  /** The new path of one that was renamed. */
  to?: string;
}

/**
 * The migrations that the base branch has had since this one left it, and that are changed, renamed or deleted here, be it
 * in a commit or not. Two spawns, and one more for each change.
 */
export async function findHistoryEdits(
  { base, files }: { base: Base; files: MigrationFiles },
  runner: Runner,
): Promise<Finding[]> {
  const committed = await listCommitted(files, base.fork, runner);
  if (committed.length === 0) return [];
  const changes = await listChanges(files, base.fork, committed, runner);
  const findings: Finding[] = [];
  for (const change of changes) {
    if (await isAlsoInBase(change, base, files.root, runner)) continue;
    findings.push(await describeChange(change, base, files.root, runner));
  }
  return findings;
}

/** The paths as git is to take them: a migration's name may hold what is a pattern elsewhere. */
function literally(args: readonly string[]): string[] {
  return ["--literal-pathspecs", ...args];
}

async function listChanges(
  files: MigrationFiles,
  fork: string,
  committed: readonly CommittedFile[],
  runner: Runner,
): Promise<FileChange[]> {
  const options = ["--relative", "--no-ext-diff", "--name-status", "--find-renames", "-z"];
  const { stdout } = await runner.capture(
    gitCommand(files.root, literally(["diff", ...options, fork, "--", ...pathsOf(files)])),
  );
  const known = new Set(committed.map(({ path }) => path));
  return readNameStatus(stdout).filter(({ path }) => known.has(path));
}

/** A letter, NUL, a path, NUL; after the letter R two paths. What was added is left out. */
function readNameStatus(output: string): FileChange[] {
  const words = output.split("\0").values();
  const changes: FileChange[] = [];
  for (const letter of words) {
    const path = words.next().value ?? "";
    if (letter.startsWith("R")) changes.push({ kind: "renamed", path, to: words.next().value ?? "" });
    else if (letter === "D") changes.push({ kind: "deleted", path });
    else if (letter === "M" || letter === "T") changes.push({ kind: "changed", path });
  }
  return changes;
}

/** Whether the base branch has come to the same since: merged by squashing, or picked from there. */
async function isAlsoInBase({ path, to }: FileChange, base: Base, root: string, runner: Runner): Promise<boolean> {
  if (base.tip === base.fork) return false;
  const paths = to === undefined ? [path] : [path, to];
  const question = literally(["diff", "--quiet", "--no-ext-diff", base.tip, "--", ...paths]);
  return (await runner.capture(gitCommand(root, question), { allowFailure: true })).exitCode === 0;
}

async function describeChange(change: FileChange, base: Base, root: string, runner: Runner): Promise<Finding> {
  const { kind, path, to } = change;
  const isDown = /[./]down\.sql$/.test(path); // what was run stays what it was
  const level = isDown && kind === "changed" ? "warning" : "error";
  const file = to ?? path;
  const line = kind === "changed" ? await findFirstChange(path, base, root, runner) : 1;
  const message = `${to === undefined ? "" : `was ${path}; `}${kind} since ${base.ref} has it, where it may have been run`;
  const hint = `git restore --source=${base.fork.slice(0, 12)} -- ${path}        and write a new migration`;
  return fileFinding(level, { rule: "history_changed", file, line, message, hint });
}

/** The line, in the file as it is now, on which it first differs. */
async function findFirstChange(path: string, base: Base, root: string, runner: Runner): Promise<number> {
  const question = literally(["diff", "-U0", "--no-ext-diff", "--no-color", base.fork, "--", path]);
  const { stdout } = await runner.capture(gitCommand(root, question));
  return Math.max(1, Number(/^@@ -\S+ \+(\d+)/m.exec(stdout)?.[1] ?? 1));
}
