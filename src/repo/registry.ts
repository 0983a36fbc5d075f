/** What pgrove remembers of a repository's worktrees: one file in the git folder that all of them share. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config-schema.ts";
import { refusal } from "../errors.ts";
import { withLock } from "../sys/file-lock.ts";
import { ensureDir, readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { objectAt, parseJson } from "../sys/untyped.ts";
import { areParked, areRows, type ParkedWorktree, type WorktreeRow } from "./registry-rows.ts";

export type { InitialData, ParkedWorktree, SeenPlace, WorktreeRow } from "./registry-rows.ts";

export type Isolation = Config["isolation"];

const VERSION = 1;
const LOCK_WAIT_MS = 30_000;

/** The lists that the file holds. */
export interface RegistryLists {
  rows: WorktreeRow[];
  parked: ParkedWorktree[];
}

/** What the file says. A file that cannot be read as one counts as lost: its rows are found again where the data is. */
export interface Registry extends RegistryLists {
  state: "whole" | "absent" | "damaged";
}

/** Where the registry is. */
export function registryFile(stateDir: string): string {
  return join(stateDir, "registry.json");
}

/** The registry of a repository. Throws (exit 5) when a newer pgrove has written it. */
export async function readRegistry(stateDir: string): Promise<Registry> {
  const file = registryFile(stateDir);
  const text = await readTextIfExists(file);
  if (text === undefined) return { state: "absent", rows: [], parked: [] };
  const content = parseJson(text);
  const version = objectAt(content, "version");
  if (typeof version === "number" && version > VERSION) {
    throw refusal("registry_newer", `${file} was written by a newer pgrove`, "install that version of pgrove");
  }
  const rows: unknown = version === VERSION ? objectAt(content, "worktrees") : undefined;
  const parked: unknown = objectAt(content, "parked") ?? [];
  if (!areRows(rows) || !areParked(parked)) return { state: "damaged", rows: [], parked: [] };
  return { state: "whole", rows, parked };
}

/**
 * Changes the registry, alone among all runs, and resolves with what `change` says. What `change` leaves in the lists is
 * written. A damaged file is put aside. Throws (exit 5) when another run keeps the lock.
 */
export async function updateRegistry<T>(
  stateDir: string,
  change: (rows: WorktreeRow[], parked: ParkedWorktree[]) => Promise<T> | T,
): Promise<T> {
  await ensureDir(stateDir);
  const file = registryFile(stateDir);
  return await withLock(`${file}.lock`, LOCK_WAIT_MS, async () => {
    const registry = await readRegistry(stateDir);
    const { rows, parked } = registry;
    const before = JSON.stringify([rows, parked]);
    const answer = await change(rows, parked);
    if (JSON.stringify([rows, parked]) === before) return answer;
    if (registry.state === "damaged") await rename(file, `${file}.damaged`);
    const lists = { worktrees: rows, ...(parked.length === 0 ? {} : { parked }) };
    await writeFileAtomic(file, `${JSON.stringify({ version: VERSION, ...lists }, null, 2)}\n`);
    return answer;
  });
}

/** Changes one row, if it is there. */
export async function updateRow(stateDir: string, id: string, change: Partial<WorktreeRow>): Promise<void> {
  await updateRegistry(stateDir, (rows) => {
    const row = rows.find((each) => each.id === id);
    if (row !== undefined) Object.assign(row, change);
  });
}

/** Forgets a worktree, parked or not: its names and ports are free again. */
export async function removeRow(stateDir: string, id: string): Promise<void> {
  await updateRegistry(stateDir, (rows, parked) => {
    takeOut(rows, (row) => row.id === id);
    takeOut(parked, ({ row }) => row.id === id);
  });
}

/** Takes the first one out of a list; undefined when there is none. */
export function takeOut<T>(list: T[], isMeant: (each: T) => boolean): T | undefined {
  const place = list.findIndex(isMeant);
  return place < 0 ? undefined : list.splice(place, 1)[0];
}

/**
 * Where what belongs to one worktree is kept: its compose override, its private cluster. It is removed with the worktree, so
 * no identity that a file or a mark claims may lead out of it: throws (exit 5).
 */
export function worktreeStateDir(stateDir: string, id: string): string {
  if (/^[A-Za-z0-9-]+$/.test(id)) return join(stateDir, "worktrees", id);
  throw refusal("identity", `${JSON.stringify(id)} is no worktree's identity, and nothing was removed for its sake`);
}
