/** Names for worktrees, databases, schemas, roles and compose projects, made from the names of branches. */
import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import type { Repository } from "./git.ts";

/** What PostgreSQL keeps of a name; the others keep as much. All names made here are ASCII. */
const MAX_LENGTH = 63;
const HASH_LENGTH = 8;
/** Where nothing of a name can stay: a hash alone would begin with its separator, as an option does. */
const NAMELESS = "worktree";
/** The word for the main worktree among the targets. */
const RESERVED = new Set(["main", "head"]);

/** Whether a name belongs to somebody already. */
export type IsTaken = (name: string) => boolean;

/** The worktree's name for a branch: `feature/x` is feature-x, or feature-x-1a2b3c4d where another one has that name. */
export function chooseWorktreeName(branch: string, isTaken: IsTaken): string {
  const { text, lossy } = toAscii(branch);
  const slug = text.replace(/[^A-Za-z0-9._]+/g, "-").replace(/^[-.]+|[-.]+$/g, "") || NAMELESS;
  const reserved = RESERVED.has(slug.toLowerCase());
  return chooseName(slug, { separator: "-", key: branch, mustHash: lossy || reserved }, isTaken);
}

/** The name of a worktree's database, schema or role: letters, digits and `_`, so that nobody has to quote it. */
export function chooseDatabaseName(project: string, worktree: string, isTaken: IsTaken): string {
  const plain = `${project}_${worktree}`.toLowerCase().replace(/[^a-z0-9]+/g, "_");
  const slug = /^[0-9]/.test(plain) ? `db_${plain}` : plain;
  return chooseName(slug, { separator: "_", key: worktree, mustHash: false }, isTaken);
}

/** The name of a worktree's compose project: what compose allows, `[a-z0-9][a-z0-9_-]*`. */
export function chooseProjectName(project: string, worktree: string, isTaken: IsTaken): string {
  const slug = `${project}-${worktree}`.toLowerCase().replace(/[^a-z0-9_-]+/g, "-");
  return chooseName(slug, { separator: "-", key: worktree, mustHash: false }, isTaken);
}

/** The repository's own name, which is none of a worktree: `proj` of `proj/.bare`, `proj/.git` and `proj.git`. */
export function repositoryName({
  mainRoot,
  commonDir,
  bare,
}: Pick<Repository, "mainRoot" | "commonDir" | "bare">): string {
  if (mainRoot !== undefined && !bare) return basename(mainRoot);
  const name = basename(commonDir);
  return name.startsWith(".") ? basename(dirname(commonDir)) : name.replace(/\.git$/, "");
}

interface HowToHash {
  separator: string;
  /** What the hash is made of. */
  key: string;
  /** The slug alone would be ambiguous. */
  mustHash: boolean;
}

/** The slug where it is free and short enough, else with a hash; with further ones until it is free. */
function chooseName(slug: string, { separator, key, mustHash }: HowToHash, isTaken: IsTaken): string {
  if (!mustHash && slug.length <= MAX_LENGTH && !isTaken(slug)) return slug;
  for (let attempt = 0; ; attempt++) {
    const hash = createHash("sha256").update(attempt === 0 ? key : `${key}\0${attempt}`);
    const suffix = separator + hash.digest("hex").slice(0, HASH_LENGTH);
    const kept = slug.slice(0, MAX_LENGTH - suffix.length).replace(/[-_.]+$/, "");
    const name = (kept || NAMELESS) + suffix;
    if (!isTaken(name)) return name;
  }
}

/** Text in ASCII, accents taken off; lossy when letters or digits had to be left out. */
function toAscii(text: string): { text: string; lossy: boolean } {
  const plain = text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replaceAll("ß", "ss")
    .replaceAll("ø", "o");
  return { text: plain, lossy: /[^\0-\x7f]/.test(plain) };
}
