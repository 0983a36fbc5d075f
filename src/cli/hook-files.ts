/** Files that a step of a git hook is about to run: what a branch brings along runs only when it was approved. */
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { refusal } from "../errors.ts";
import { hashContent, keepTracked, showPath } from "../repo/approved-files.ts";
import { findRepository, type Repository } from "../repo/git.ts";
import { readTrust, trustFile } from "../repo/trust.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import { pathExists } from "../sys/files.ts";
import { plural } from "./format.ts";
import { keepUnknown, type TrustScene } from "./trust-collect.ts";

type HookScene = Pick<TrustScene, "environment" | "home" | "runner">;

/**
 * Resolves when all of them are approved, as they are now, or are no branch's: nothing that git tracks. Refuses (exit 5)
 * else, and asks nobody. Of standard input the file counts that it was opened from.
 */
export async function requireApprovedFiles(scene: HookScene, files: readonly string[]): Promise<void> {
  const paths = (await Promise.all([...new Set(files)].map(pathsOf))).flat();
  const strange: string[] = [];
  for (const { repository, files: own } of await groupByRepository(scene, [...new Set(paths)])) {
    strange.push(...(await findStrange(scene, repository, own)));
  }
  const [first, ...others] = strange;
  if (first === undefined) return;
  const more = others.length === 0 ? "" : ` and ${plural(others.length, "other file")}`;
  throw refusal(
    "not_trusted",
    `a git hook would run what was not approved: ${first}${more}`,
    "pgrove trust && pgrove provision      in the worktree: shows it, and goes on",
  );
}

/** The file's own path, and that of what it leads to. */
async function pathsOf(file: string): Promise<string[]> {
  if (!(await pathExists(file))) return []; // a pipe, or what the ledger has kept
  const real = await realpath(file);
  if (real.startsWith("/dev/")) return await requireNoFile(real);
  return [join(await realpath(dirname(resolve(file))), basename(file)), real];
}

interface RepositoryFiles {
  repository: Repository;
  files: string[];
}

/** Git is asked once for each folder, however many files lie in it. */
async function groupByRepository({ runner }: HookScene, paths: readonly string[]): Promise<RepositoryFiles[]> {
  const groups = new Map<string, RepositoryFiles>();
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    const repository = await findRepository(folder, runner);
    if (repository === undefined) continue;
    const group = groups.get(repository.root) ?? { repository, files: [] };
    group.files.push(...paths.filter((path) => dirname(path) === folder));
    groups.set(repository.root, group);
  }
  return [...groups.values()];
}

/** Where the system does not say which file standard input was opened from, none is taken. */
async function requireNoFile(device: string): Promise<string[]> {
  if (!(await stat(device)).isFile()) return [];
  throw refusal("not_trusted", "a git hook would run a file that cannot be told", "name the file: pgrove sql -f FILE");
}

/** The names of those that a branch brings, since git tracks them, and nobody has approved. */
async function findStrange(
  { environment, home, runner }: HookScene,
  { root, commonDir }: Repository,
  files: readonly string[],
): Promise<string[]> {
  const tracked = await keepTracked({ root, files }, runner);
  if (tracked.length === 0) return [];
  const trusted = await readTrust({ file: trustFile(environment, home), repository: commonDir });
  const items = tracked.map(async (file): Promise<TrustItem> => {
    return { key: "sql", text: showPath(file, root), content: await hashContent(file), file };
  });
  return (await keepUnknown(trusted, await Promise.all(items), root, runner)).map(({ text }) => text);
}
