/** Removes a worktree with everything that it has of its own. Branch and dumps stay. */
import { access, constants } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { pathInWorktree } from "../config/load-config.ts";
import { failure, refusal } from "../errors.ts";
import { captureBesideGits, gitCommand } from "../repo/git.ts";
import { readRegistry, type WorktreeRow } from "../repo/registry.ts";
import { ensureRepositoryIdentity } from "../repo/repository-identity.ts";
import { type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import { pathExists, readTextIfExists } from "../sys/files.ts";
import { putAside } from "../work/put-aside.ts";
import { type Belongings, belongingsOf, takeInventory } from "./belongings.ts";
import { destroyBelongings, forgetWorktree, requireDestroyable, requireSeparable } from "./destroy.ts";
import { readEnvBlock } from "./env-block.ts";
import { findMoved, lookForWorktrees } from "./gone.ts";
import { openingMainOnce } from "./open-main.ts";
import { runSteps } from "./steps.ts";
import type { WorktreeTools } from "./tools.ts";
import { requireNothingUnsaved } from "./unsaved.ts";

export interface RemovalChoice {
  /** Also with changes that are nowhere else. */
  force: boolean;
  keepDatabase: boolean;
}

export interface RemoveRequest extends RemovalChoice {
  deleteBranch: boolean;
  /** What was shown to whoever agreed. */
  shown: Belongings;
  /** Whether the teardown steps may run; asked only when there are some. */
  mayTearDown: () => Promise<boolean>;
}

/** What a removal would take away. */
export interface RemovalPlan {
  name: string;
  /** The repository's identity. */
  repository: string;
  /** Undefined when pgrove was stopped before it came as far. */
  row?: WorktreeRow;
  belongings: Belongings;
}

export interface Removed {
  branchDeleted: boolean;
}

/**
 * Looks at what a removal would take away. Throws (exit 5) for the main worktree, a locked one, one that pgrove did not
 * provision, one with changes that are nowhere else, and when something of it could not be taken away, or is not what
 * was shown before.
 */
export async function planRemoval(
  given: WorktreeTools,
  worktree: GitWorktree,
  choice: RemovalChoice,
  shown?: Belongings,
): Promise<RemovalPlan> {
  const tools = openingMainOnce(given);
  const row = await requireRemovable(tools, worktree, choice);
  const name = row?.name ?? basename(worktree.root);
  const repository = await ensureRepositoryIdentity(tools.repository.commonDir, tools.stateDir);
  if (row === undefined)
    return { name, repository, belongings: { databases: [], schemas: [], roles: [], projects: [], clusters: [] } };
  const { keepDatabase } = choice;
  requireSeparable(tools, row, keepDatabase);
  const inventory = await takeInventory(tools, { repository, kinds: new Set([row.isolation]), start: true });
  const belongings = belongingsOf(inventory, row.id);
  await requireDestroyable(tools, { row, repository, keepDatabase, shown: shown ?? belongings });
  return { name, repository, row, belongings };
}

/**
 * Removes the worktree, after the checks of `planRemoval`, which it makes again, and before which nothing is done. What
 * stops it on the way leaves something that a second call removes.
 */
export async function removeWorktree(
  given: WorktreeTools,
  shown: GitWorktree,
  request: RemoveRequest,
): Promise<Removed> {
  const tools = openingMainOnce(given);
  const worktree = await findAgain(tools, shown);
  const { row, repository } = await planRemoval(tools, worktree, request, request.shown);
  if (row !== undefined) {
    const { keepDatabase, shown } = request;
    const mayHaveSteps = row.state === "ready" && !worktree.missing;
    const isTornDown = mayHaveSteps && (await tearDown(tools, worktree, row, request));
    // A step may have stopped the server.
    await destroyBelongings(isTornDown ? given : tools, { row, repository, keepDatabase, shown });
  }
  await removeFolder(tools, worktree);
  const branchDeleted = request.deleteBranch && (await deleteBranch(tools, worktree, request.force));
  if (row !== undefined) await forgetWorktree(tools, row.id);
  return { branchDeleted };
}

/** As git knows it now: it may have been locked or moved since the question. */
async function findAgain({ repository, operation }: WorktreeTools, worktree: GitWorktree): Promise<GitWorktree> {
  const found = (await listWorktrees(repository, operation.runner)).find(({ gitDir }) => gitDir === worktree.gitDir);
  return found ?? { ...worktree, missing: true };
}

/** Resolves with whether steps were run. */
async function tearDown(
  { loaded, operation }: WorktreeTools,
  { root }: GitWorktree,
  { name }: WorktreeRow,
  { mayTearDown }: RemoveRequest,
): Promise<boolean> {
  const steps = loaded.config.worktrees.teardown;
  if (steps.length === 0 || !(await mayTearDown())) return false;
  const file = pathInWorktree(loaded, loaded.config.env.file, root);
  const env = (await readEnvBlock((await readTextIfExists(file)) ?? "", file)) ?? {};
  const { runner, abort, note: say } = operation;
  await runSteps(steps, { cwd: root, env, runner, say, abort, goOn: `pgrove remove ${name}` });
  return true;
}

/** Its row, where it has one. Throws (exit 5) for what git or the user would miss. */
async function requireRemovable(
  tools: WorktreeTools,
  worktree: GitWorktree,
  { force }: RemovalChoice,
): Promise<WorktreeRow | undefined> {
  const { rows } = await readRegistry(tools.stateDir);
  const row = rows.find(({ id }) => id === worktree.id);
  requireOwned(worktree, row);
  if (worktree.missing) {
    await requireNoFolder(worktree);
    if (!force) await requireNotMoved(tools, worktree, row);
    return row;
  }
  await requireDeletable(worktree);
  if (!force) await requireNothingUnsaved(tools, worktree);
  return row;
}

/** Throws (exit 5) when its folder has only lost its `.git` file: git would not remove it, and its database would be gone by then. */
async function requireNoFolder({ root }: GitWorktree): Promise<void> {
  if (!(await pathExists(root))) return;
  throw refusal(
    "worktree_cut_off",
    `${root} is there, and its .git file, by which git knows it, is missing or damaged`,
    "git worktree repair        writes that file anew; then again, or move the folder away",
  );
}

/** Throws (exit 5) when its folder is elsewhere: what is in no commit could not be looked at. */
async function requireNotMoved(tools: WorktreeTools, worktree: GitWorktree, row?: WorktreeRow): Promise<void> {
  const moved = await findMoved(worktree, row?.seen, await lookForWorktrees(tools, row === undefined ? [] : [row]));
  if (moved === undefined) return;
  throw refusal(
    "worktree_moved",
    `${worktree.root} is not there; it was moved to ${moved}`,
    `git worktree repair ${moved}        then again; --force removes it without looking there`,
  );
}

/** Throws (exit 5) when git could not delete the folder: its database would be gone by then. */
async function requireDeletable({ root }: GitWorktree): Promise<void> {
  for (const folder of [root, dirname(root)]) {
    if (await isWritable(folder)) continue;
    throw refusal("folder_stays", `${root} cannot be deleted: ${folder} may not be written to`, `ls -ld ${folder}`);
  }
}

async function isWritable(folder: string): Promise<boolean> {
  return await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

function requireOwned(worktree: GitWorktree, row: WorktreeRow | undefined): void {
  if (worktree.isMain) throw refusal("main_worktree", "the main worktree is never removed", "pgrove list");
  if (worktree.strayed) {
    throw refusal(
      "worktree_strayed",
      `${worktree.root} belongs to another repository; this one was moved, or is a copy of that one`,
      `git worktree repair ${worktree.root}        if it was moved`,
    );
  }
  if (worktree.locked) {
    throw refusal("worktree_locked", `${worktree.root} is locked`, `git worktree unlock ${worktree.root}`);
  }
  if (row !== undefined || worktree.unfinished) return;
  if (worktree.id !== undefined && !worktree.missing) {
    throw refusal(
      "not_registered",
      `pgrove no longer knows what it has given ${worktree.root}`,
      `pgrove provision ${basename(worktree.root)}        finds it again; then remove it`,
    );
  }
  throw refusal(
    "not_owned",
    `pgrove has given ${worktree.root} nothing, so it is not pgrove's to remove`,
    `git worktree remove ${worktree.root}`,
  );
}

/** Forced, since what is not in a commit was looked at before. Git finds the folder gone, and needs no time to delete it. */
async function removeFolder({ repository, operation }: WorktreeTools, worktree: GitWorktree): Promise<void> {
  const git = (args: readonly string[]) => captureBesideGits(operation.runner, gitCommand(repository.commonDir, args));
  if (worktree.unfinished) await git(["worktree", "unlock", worktree.root]);
  const aside = worktree.missing ? undefined : await putAside(operation, worktree.root);
  const { exitCode, stderr } = await git(["worktree", "remove", "--force", worktree.root]);
  if (exitCode === 0) return await aside?.remove();
  await aside?.undo();
  throw failure(
    "git_failed",
    `git could not remove ${worktree.root}: ${stderr.replace(/^fatal: /, "").trim()}`,
    "its database is gone; pgrove remove again, or git worktree remove --force",
  );
}

async function deleteBranch(
  { repository, operation }: WorktreeTools,
  { branch }: GitWorktree,
  force: boolean,
): Promise<boolean> {
  if (branch === undefined) return false;
  const command = gitCommand(repository.commonDir, ["branch", force ? "-D" : "-d", "--", branch]);
  const { exitCode, stderr } = await captureBesideGits(operation.runner, command);
  if (exitCode !== 0) operation.note(`the branch ${branch} stays: ${stderr.replace(/^error: /, "").split("\n")[0]}`);
  return exitCode === 0;
}
