/**
 * Which commands of a repository's pgrove.yaml its user has approved. Kept outside the repository, since an archive from
 * a stranger may hold a `.git` folder, too; by repository and by what would run, so that one approval serves all
 * worktrees, and a changed command asks again.
 */
import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../config/config-schema.ts";
import type { Environment } from "../config/load-config.ts";
import { loadTextFile } from "../config/text-file.ts";
import { ensureDir, pathExists, writeFileAtomic } from "../sys/files.ts";
import { damagedError, parseOwnFile } from "./own-file.ts";
import { xdgFolder } from "./state.ts";

/** Commands of pgrove.yaml under their key, such as "worktrees.setup". */
export interface Executable {
  key: string;
  commands: readonly string[];
}

/** Where an approval is looked for. */
export interface TrustPlace {
  /** The file of all approvals. */
  file: string;
  /** The folder that stands for the repository: the git folder that all of its worktrees share. */
  repository: string;
}

interface Approval {
  /** Its real path. */
  repository: string;
  /** Of what was approved: see trustKey. */
  key: string;
  approved_at: string;
}

const VERSION = 1;

/** The file that holds the approvals: `pgrove/trust.json` below XDG_STATE_HOME. */
export function trustFile(environment: Environment, home: string): string {
  return join(xdgFolder(environment.XDG_STATE_HOME, join(home, ".local", "state")), "pgrove", "trust.json");
}

/** Everything in pgrove.yaml that would be run as a command. */
export function listExecutable({ worktrees, migrations }: Config): Executable[] {
  const { up, down, status, history, create } = migrations.command ?? {};
  const one = (command: string | undefined) => (command === undefined ? [] : [command]);
  const all: Executable[] = [
    { key: "worktrees.setup", commands: worktrees.setup },
    { key: "worktrees.teardown", commands: worktrees.teardown },
    { key: "migrations.command.up", commands: one(up) },
    { key: "migrations.command.down", commands: one(down) },
    { key: "migrations.command.status", commands: one(status) },
    { key: "migrations.command.history", commands: one(history) },
    { key: "migrations.command.create", commands: one(create) },
  ];
  return all.filter(({ commands }) => commands.length > 0);
}

/** A hash of everything executable: another command, order or key is another hash; whatever else changes is not. */
export function trustKey(config: Config): string {
  const canonical = listExecutable(config).map(({ key, commands }) => [key, commands]);
  return createHash("sha256").update(JSON.stringify(canonical)).digest("hex");
}

/** Whether all that pgrove.yaml would run was approved; true when that is nothing. */
export async function isTrusted(place: TrustPlace, config: Config): Promise<boolean> {
  if (listExecutable(config).length === 0) return true;
  const [repository, key] = [await realpath(place.repository), trustKey(config)];
  return (await listApprovals(place.file)).some((each) => each.repository === repository && each.key === key);
}

/** Remembers that all that pgrove.yaml would run is approved. */
export async function approve(place: TrustPlace, config: Config, now: Date): Promise<void> {
  if (await isTrusted(place, config)) return;
  const approval = {
    repository: await realpath(place.repository),
    key: trustKey(config),
    approved_at: now.toISOString(),
  };
  const approvals = [...(await listApprovals(place.file)), approval];
  await ensureDir(dirname(place.file));
  await writeFileAtomic(place.file, `${JSON.stringify({ version: VERSION, approvals }, undefined, 2)}\n`);
}

async function listApprovals(file: string): Promise<Approval[]> {
  if (!(await pathExists(file))) return [];
  return parseApprovals(await loadTextFile(file, "the list of approvals"), file);
}

function parseApprovals(text: string, file: string): Approval[] {
  const repair = `rm ${file}      then approve again: pgrove trust`;
  const own = { file, what: "the list of approvals", version: VERSION, repair };
  const approvals = parseOwnFile(text, own, "approvals");
  if (!Array.isArray(approvals) || !approvals.every(isApproval)) throw damagedError(own);
  return approvals;
}

function isApproval(value: unknown): value is Approval {
  if (typeof value !== "object" || value === null) return false;
  return ["repository", "key", "approved_at"].every((name) => typeof Reflect.get(value, name) === "string");
}
