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
  const brought = await Promise.all([...new Set(files)].map((file) => findBrought(scene, file)));
  const strange = await Promise.all(brought.flat().map((each) => findStrange(scene, each)));
  const [first, ...others] = strange.flat();
  if (first === undefined) return;
  const more = others.length === 0 ? "" : ` and ${plural(others.length, "other file")}`;
  throw refusal(
    "not_trusted",
    `a git hook would run what was not approved: ${first}${more}`,
    "pgrove trust && pgrove provision      in the worktree: shows it, and goes on",
  );
}

interface Brought {
  repository: Repository;
  file: string;
}

/** The file, and what it leads to, where a repository tracks them. */
async function findBrought({ runner }: HookScene, file: string): Promise<Brought[]> {
  if (!(await pathExists(file))) return []; // a pipe, or what the ledger has kept
  const real = await realpath(file);
  if (real.startsWith("/dev/")) return await requireNoFile(real);
  const named = join(await realpath(dirname(resolve(file))), basename(file));
  const found: Brought[] = [];
  for (const path of new Set([named, real])) {
    const repository = await findRepository(dirname(path), runner);
    if (repository === undefined) continue;
    if ((await keepTracked({ root: repository.root, files: [path] }, runner)).length > 0) {
      found.push({ repository, file: path });
    }
  }
  return found;
}

/** Where the system does not say which file standard input was opened from, none is taken. */
async function requireNoFile(device: string): Promise<Brought[]> {
  if (!(await stat(device)).isFile()) return [];
  throw refusal("not_trusted", "a git hook would run a file that cannot be told", "name the file: pgrove sql -f FILE");
}

/** Its name, where it was not approved. */
async function findStrange({ environment, home, runner }: HookScene, { repository, file }: Brought): Promise<string[]> {
  const { root, commonDir } = repository;
  const trusted = await readTrust({ file: trustFile(environment, home), repository: commonDir });
  const item: TrustItem = { key: "sql", text: showPath(file, root), content: await hashContent(file), file };
  return (await keepUnknown(trusted, [item], root, runner)).map(({ text }) => text);
}
