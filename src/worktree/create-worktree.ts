/** `git worktree add`, with everything that pgrove gives a worktree. */
import { realpath } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DEFAULT_WORKTREES_DIR } from "../config/config-schema.ts";
import { renderTemplate } from "../config/text-template.ts";
import { failure, missingError, refusal, usageError } from "../errors.ts";
import { captureBesideGits, gitCommand, type Repository } from "../repo/git.ts";
import { chooseWorktreeName, repositoryName } from "../repo/names.ts";
import { readRegistry } from "../repo/registry.ts";
import { type GitWorktree, listWorktrees, UNFINISHED_REASON } from "../repo/worktree.ts";
import { withLock } from "../sys/file-lock.ts";
import { pathExists } from "../sys/files.ts";
import type { Command } from "../sys/process.ts";
import type { WorktreeTools } from "./tools.ts";

export interface CreateRequest {
  branch: string;
  /** The worktree's name; left out, it is made from the branch's. */
  name?: string;
  /** What a new branch begins at; left out, what is checked out here. */
  from?: string;
}

export interface Created {
  name: string;
  worktree: GitWorktree;
}

/** Checking out a large repository takes its time. */
const LOCK_WAIT_MS = 120_000;

/**
 * Makes the worktree, and its branch where there is none of that name here or on a remote. Throws (exit 5) when the
 * branch is checked out already, or name or folder are taken, and (exit 1) when git fails.
 */
export async function createWorktree(tools: WorktreeTools, request: CreateRequest): Promise<Created> {
  // Two `git worktree add` for one folder or branch at once leave a worktree that git itself cannot read.
  return await withLock(join(tools.stateDir, "create.lock"), LOCK_WAIT_MS, () => createAlone(tools, request));
}

/** The name and folder that a worktree would be given. Throws as `createWorktree` does, before anything is made. */
export async function planWorktree(
  tools: WorktreeTools,
  request: CreateRequest,
): Promise<{ name: string; root: string }> {
  await requireBranchName(tools, request.branch);
  await requireBeginning(tools, request);
  const worktrees = await listWorktrees(tools.repository, tools.operation.runner);
  requireNotCheckedOut(worktrees, request.branch);
  const name = await chooseName(tools, worktrees, request);
  const root = placeOf(tools, name);
  if (!(await pathExists(root))) return { name, root };
  throw refusal("folder_exists", `${root} exists already`, `pgrove new ${request.branch} --name OTHER`);
}

async function createAlone(tools: WorktreeTools, request: CreateRequest): Promise<Created> {
  const { repository, operation } = tools;
  const { name, root } = await planWorktree(tools, request);
  await addWorktree(tools, root, request);
  const real = await realpath(root); // as git writes it down
  const made = (await listWorktrees(repository, operation.runner)).find((each) => each.root === real);
  if (made === undefined) throw failure("git_failed", `git made no worktree at ${root}`, "git worktree list");
  return { name, worktree: made };
}

async function requireBranchName({ repository, operation }: WorktreeTools, branch: string): Promise<void> {
  const command = gitCommand(repository.root, ["check-ref-format", "--branch", branch]);
  const { exitCode } = await operation.runner.capture(command, { allowFailure: true });
  if (exitCode === 0 && !branch.startsWith("-")) return;
  throw usageError(`${branch} cannot be a branch's name`, "git check-ref-format --branch NAME tells what can");
}

/** What the branch is to begin at has to be there; a repository without a commit has nothing of the kind. */
async function requireBeginning(tools: WorktreeTools, { from, branch }: CreateRequest): Promise<void> {
  const exists = await hasBranch(tools, branch);
  if (from !== undefined) {
    if (exists) {
      const message = `the branch ${branch} exists already, so it cannot begin at ${from}`;
      throw refusal("branch_exists", message, "leave --from out");
    }
    if (from === "-" || (await isCommit(tools, from))) return; // "-": git's word for the branch before
    const message = `there is no commit ${from} that ${branch} could begin at`;
    throw missingError("commit_missing", message, "git log --oneline --all");
  }
  if (exists || (await isCommit(tools, "HEAD")) || (await isOnOneRemote(tools, branch))) return;
  throw refusal(
    "no_commit",
    "there is no commit yet that a worktree could begin at",
    `git commit --allow-empty -m start; then pgrove new ${branch}`,
  );
}

function requireNotCheckedOut(worktrees: readonly GitWorktree[], branch: string): void {
  const found = worktrees.find((worktree) => worktree.branch === branch);
  if (found === undefined) return;
  const { root, isMain, missing } = found;
  if (missing) {
    throw refusal(
      "branch_checked_out",
      `the branch ${branch} is checked out in a worktree whose folder is gone: ${root}`,
      `pgrove provision ${basename(root)}        brings it back if it is parked\npgrove remove ${basename(root)} takes away what is left of it`,
    );
  }
  throw refusal(
    "branch_checked_out",
    `the branch ${branch} is checked out already: ${root}`,
    isMain ? "choose another branch" : `pgrove provision ${basename(root)}        gives it a database`,
  );
}

async function chooseName(
  { stateDir }: WorktreeTools,
  worktrees: readonly GitWorktree[],
  { branch, name }: CreateRequest,
): Promise<string> {
  const { rows } = await readRegistry(stateDir);
  const known = [...rows.map((row) => row.name), ...worktrees.map(({ root }) => basename(root))];
  const taken = new Set(known.map((each) => each.toLowerCase())); // not every disk tells a folder X from x
  const isTaken = (candidate: string) => taken.has(candidate.toLowerCase());
  if (name === undefined) return chooseWorktreeName(branch, isTaken);
  if (chooseWorktreeName(name, () => false) !== name) {
    throw usageError(`${name} cannot be a worktree's name`, "letters, digits, dots, _ and -; not main");
  }
  if (isTaken(name)) throw refusal("name_taken", `there is a worktree named ${name}`, "pgrove list");
  return name;
}

/** The folder that pgrove.yaml gives a worktree of that name. */
export function placeOf({ loaded, repository }: WorktreeTools, name: string): string {
  const { dir } = loaded.config.worktrees;
  // Where there is no main worktree that the others lie around, they lie side by side.
  const template =
    dir === DEFAULT_WORKTREES_DIR && (repository.bare || repository.mainRoot === undefined) ? SIDE_BY_SIDE : dir;
  const values = { name, repo: repositoryName(repository), project: loaded.config.project };
  return resolve(baseOf(repository), renderTemplate(template, values, "worktrees.dir"));
}

const SIDE_BY_SIDE = "../{name}";

/** What paths of worktrees are relative to. A git folder that lies apart is not among them. */
export function baseOf({ mainRoot, bare, commonDir, root }: Repository): string {
  return mainRoot ?? (bare ? commonDir : root);
}

/** The hooks are told to do nothing: what they would do follows. */
async function addWorktree(
  { repository, operation }: WorktreeTools,
  root: string,
  request: CreateRequest,
): Promise<void> {
  // A git that has stumbled over another worktree has made the branch of its own already.
  const add = () => describeAdding({ repository, operation }, root, request);
  const { exitCode, stderr } = await captureBesideGits(operation.runner, add, { abort: operation.abort });
  if (exitCode === 0) return;
  if (!/^fatal: /m.test(stderr) && (await pathExists(root))) {
    const said = stderr.replace(/^Preparing worktree .*\n/m, "").trim();
    operation.note(`the worktree is made, but the repository's post-checkout hook failed: ${said}`);
    return;
  }
  const said = /^fatal: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim();
  if (/already (exists|checked out|used by|registered)/.test(said))
    throw refusal("worktree_exists", `git: ${said}`, "pgrove list");
  throw failure("git_failed", `git could not make the worktree: ${said}`, "git worktree list");
}

type Asking = Pick<WorktreeTools, "repository" | "operation">;

async function describeAdding(asking: Asking, root: string, { branch, from }: CreateRequest): Promise<Command> {
  const exists = await hasBranch(asking, branch);
  const known = exists || (from === undefined && (await isOnOneRemote(asking, branch)));
  const what = known ? [root, branch] : ["-b", branch, root, ...(from === undefined ? [] : [from])];
  const words = ["worktree", "add", "--lock", "--reason", UNFINISHED_REASON, ...what];
  const command = gitCommand(asking.repository.root, words);
  return { ...command, env: { ...command.env, PGROVE_SKIP_HOOKS: "1" } };
}

async function hasBranch({ repository, operation }: Asking, branch: string): Promise<boolean> {
  const command = gitCommand(repository.root, ["show-ref", "--verify", "--quiet", `refs/heads/${branch}`]);
  return (await operation.runner.capture(command, { allowFailure: true })).exitCode === 0;
}

async function isCommit({ repository, operation }: Asking, word: string): Promise<boolean> {
  const words = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${word}^{commit}`];
  return (await operation.runner.capture(gitCommand(repository.root, words), { allowFailure: true })).exitCode === 0;
}

/** Whether a remote has the branch: then git makes a local one that follows it. Throws (exit 5) when several have. */
async function isOnOneRemote({ repository, operation }: Asking, branch: string): Promise<boolean> {
  const form = "--format=%(refname:lstrip=2)";
  const command = gitCommand(repository.root, ["for-each-ref", form, `refs/remotes/*/${branch}`]);
  const { stdout } = await operation.runner.capture(command);
  const found = stdout.split("\n").filter((line) => line !== "");
  if (found.length < 2) return found.length === 1;
  throw refusal(
    "branch_ambiguous",
    `several remotes have the branch ${branch}: ${found.join(", ")}`,
    `pgrove new ${branch} --from ${found[0]}`,
  );
}
