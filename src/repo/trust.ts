/**
 * What of a repository its user has approved. Kept outside the repository, since an archive from a stranger may hold a
 * `.git` folder, too; each thing by itself, so that one approval serves all worktrees and a changed thing asks again.
 */
import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import type { Environment } from "../config/env-vars.ts";
import { loadTextFile } from "../config/text-file.ts";
import { withLock } from "../sys/file-lock.ts";
import { ensureDir, pathExists, writeFileAtomic } from "../sys/files.ts";
import { time } from "../sys/form.ts";
import { damagedError, parseOwnFile } from "./own-file.ts";
import { xdgFolder } from "./state.ts";
import { idOf, type TrustItem, type TrustKey } from "./trust-items.ts";

/** Where an approval is looked for. */
export interface TrustPlace {
  /** The file of all approvals. */
  file: string;
  /** The folder that stands for the repository: the git folder that all of its worktrees share. */
  repository: string;
}

/** One approved thing of one repository. */
export interface Approval {
  /** Its real path. */
  repository: string;
  id: string;
  /** What it was when it was approved: for people, and for the difference to what is there now. */
  key: string;
  text: string;
  approved_at: string;
}

/** A commit of the default branch whose files are approved. */
interface ApprovedState {
  repository: string;
  commit: string;
  approved_at: string;
}

interface Approvals {
  approvals: readonly Approval[];
  states: readonly ApprovedState[];
}

const VERSION = 2;
const NOTHING: Approvals = { approvals: [], states: [] };
const LOCK_WAIT_MS = 10_000;

/** The file that holds the approvals: `pgrove/trust.json` below XDG_STATE_HOME. */
export function trustFile(environment: Environment, home: string): string {
  return join(xdgFolder(environment.XDG_STATE_HOME, join(home, ".local", "state")), "pgrove", "trust.json");
}

/** What of one repository is approved. */
export interface Trusted {
  has(item: TrustItem): boolean;
  /** What was approved under a key the last time. */
  lastOf(key: TrustKey): readonly string[];
  /** Commits of the default branch whose files are approved, the last one first. */
  commits: readonly string[];
  approvals: readonly Approval[];
}

/** The approvals of a repository. Throws (exit 3) when they cannot be read: they count for nothing then. */
export async function readTrust(place: TrustPlace): Promise<Trusted> {
  const { approvals, states } = await load(place.file);
  const repository = await realpath(place.repository);
  const own = approvals.filter((each) => each.repository === repository);
  const ids = new Set(own.map(({ id }) => id));
  return {
    has: (item) => ids.has(idOf(item)),
    lastOf: (key) => {
      const under = own.filter((each) => each.key === key);
      const last = under.map((each) => each.approved_at).sort();
      return under.filter(({ approved_at }) => approved_at === last.at(-1)).map(({ text }) => text);
    },
    commits: states
      .filter((each) => each.repository === repository)
      .map(({ commit }) => commit)
      .reverse(),
    approvals: own,
  };
}

/** Remembers that these things are approved, and the files of that commit of the default branch. */
export async function approve(
  place: TrustPlace,
  { items, commit }: { items: readonly TrustItem[]; commit?: string | undefined },
  now: Date,
): Promise<void> {
  const repository = await realpath(place.repository);
  const stamp = { repository, approved_at: now.toISOString() };
  await change(place.file, ({ approvals, states }) => {
    const known = new Set(approvals.flatMap((each) => (each.repository === repository ? [each.id] : [])));
    const added = items.filter((item) => !known.has(idOf(item)));
    const fresh = added.map((item) => ({ ...stamp, id: idOf(item), key: item.key, text: item.text }));
    const others = states.filter((each) => each.repository !== repository || each.commit !== commit);
    return {
      approvals: [...approvals, ...fresh],
      states: commit === undefined ? states : [...others, { ...stamp, commit }],
    };
  });
}

/** Takes all approvals of a repository back. Resolves with them. */
export async function revoke(place: TrustPlace): Promise<readonly Approval[]> {
  const repository = await realpath(place.repository);
  let revoked: readonly Approval[] = [];
  await change(place.file, ({ approvals, states }) => {
    revoked = approvals.filter((each) => each.repository === repository);
    return {
      approvals: approvals.filter((each) => each.repository !== repository),
      states: states.filter((each) => each.repository !== repository),
    };
  });
  return revoked;
}

/** Two runs may approve at once. */
async function change(file: string, changed: (before: Approvals) => Approvals): Promise<void> {
  await ensureDir(dirname(file));
  await withLock(`${file}.lock`, LOCK_WAIT_MS, async () => {
    const text = JSON.stringify({ version: VERSION, trust: changed(await load(file)) }, undefined, 2);
    await writeFileAtomic(file, `${text}\n`);
  });
}

async function load(file: string): Promise<Approvals> {
  if (!(await pathExists(file))) return NOTHING;
  return parseTrust(await loadTextFile(file, "the list of approvals"), file);
}

function parseTrust(text: string, file: string): Approvals {
  const repair = `rm ${file}      then approve again: pgrove trust`;
  const own = { file, what: "the list of approvals", version: VERSION, repair };
  // Approvals of before were of all commands at once: they are asked for anew.
  if (/^\s*\{\s*"version"\s*:\s*1\s*,/.test(text)) return NOTHING;
  const trust = parseOwnFile(text, own, "trust");
  const list = (name: keyof Approvals): unknown => (typeof trust === "object" && trust ? Reflect.get(trust, name) : 0);
  const [approvals, states] = [list("approvals"), list("states")];
  if (!v.is(approvalList, approvals) || !v.is(stateList, states)) throw damagedError(own);
  return { approvals, states };
}

const approvalList: v.GenericSchema<Approval[]> = v.array(
  v.object({ repository: v.string(), id: v.string(), key: v.string(), text: v.string(), approved_at: time }),
);
const stateList: v.GenericSchema<ApprovedState[]> = v.array(
  v.object({ repository: v.string(), commit: v.string(), approved_at: time }),
);
