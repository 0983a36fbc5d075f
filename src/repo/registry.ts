/** What pgrove remembers of a repository's worktrees: one file in the git folder that all of them share. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config-schema.ts";
import { refusal } from "../errors.ts";
import { withLock } from "../sys/file-lock.ts";
import { ensureDir, readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { objectAt } from "../sys/untyped.ts";

export type Isolation = Config["isolation"];

/** What a new worktree's database starts with. */
export type InitialData =
  | { kind: "copy"; source: string }
  /** `configured`: pgrove.yaml named it, so a branch did, and not whoever typed a command. */
  | { kind: "dump"; dump: string; configured?: true }
  | { kind: "empty" };

/** What tells a worktree's place from another one of the same path. */
export interface SeenPlace {
  /** What git calls it: the name of its own folder among git's. */
  gitName: string;
  /** The folder that it lies in, as `identifyFolder` knows it. */
  parent: string;
}

/** A worktree that pgrove knows. Paths are absolute. */
export interface WorktreeRow {
  /** A UUID, also kept in the worktree's own git folder: paths and names change, it does not. */
  id: string;
  name: string;
  /** Where it was last seen. */
  path: string;
  /** What else was seen of it there. Older versions of pgrove have not written it. */
  seen?: SeenPlace;
  /** The branch that it was made for; undefined when it was detached. */
  branch?: string;
  /** 1, 2, …, unique among the living ones; the main worktree is 0. */
  index: number;
  isolation: Isolation;
  /** Its database; in isolation `schema` main's. */
  database: string;
  schema?: string;
  /** The role that owns the schema. */
  role?: { name: string; password: string };
  /** The compose project, in isolation `container`. */
  project?: string;
  /** Allocated host ports by name. */
  ports: Record<string, number>;
  data: InitialData;
  /** `creating` until everything is in place; `removing` from the moment that something of it may be gone. */
  state: "creating" | "ready" | "removing";
  /** Whether the setup steps have run. */
  setup: "pending" | "done" | "skipped";
  createdAt: string;
}

const VERSION = 1;
const LOCK_WAIT_MS = 30_000;

/** What the file says. A file that cannot be read as one counts as lost: its rows are found again where the data is. */
export type Registry = { state: "whole"; rows: WorktreeRow[] } | { state: "absent" | "damaged"; rows: [] };

/** Where the registry is. */
export function registryFile(stateDir: string): string {
  return join(stateDir, "registry.json");
}

/** The registry of a repository. Throws (exit 5) when a newer pgrove has written it. */
export async function readRegistry(stateDir: string): Promise<Registry> {
  const file = registryFile(stateDir);
  const text = await readTextIfExists(file);
  if (text === undefined) return { state: "absent", rows: [] };
  const content = parseJson(text);
  const version = objectAt(content, "version");
  if (typeof version === "number" && version > VERSION) {
    throw refusal("registry_newer", `${file} was written by a newer pgrove`, "install that version of pgrove");
  }
  const rows: unknown = version === VERSION ? objectAt(content, "worktrees") : undefined;
  if (!Array.isArray(rows) || !rows.every(isRow)) return { state: "damaged", rows: [] };
  return { state: "whole", rows };
}

/**
 * Changes the registry, alone among all runs, and resolves with what `change` says. The rows that `change` leaves in
 * the array are written. A damaged file is put aside. Throws (exit 5) when another run keeps the lock.
 */
export async function updateRegistry<T>(stateDir: string, change: (rows: WorktreeRow[]) => Promise<T> | T): Promise<T> {
  await ensureDir(stateDir);
  const file = registryFile(stateDir);
  return await withLock(`${file}.lock`, LOCK_WAIT_MS, async () => {
    const registry = await readRegistry(stateDir);
    const rows: WorktreeRow[] = [...registry.rows];
    const before = JSON.stringify(rows);
    const answer = await change(rows);
    if (JSON.stringify(rows) === before) return answer;
    if (registry.state === "damaged") await rename(file, `${file}.damaged`);
    await writeFileAtomic(file, `${JSON.stringify({ version: VERSION, worktrees: rows }, null, 2)}\n`);
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

/** Forgets a worktree: its names and ports are free again. */
export async function removeRow(stateDir: string, id: string): Promise<void> {
  await updateRegistry(stateDir, (rows) => {
    const place = rows.findIndex((row) => row.id === id);
    if (place >= 0) rows.splice(place, 1);
  });
}

/** Where what belongs to one worktree is kept: its compose override, its private cluster. */
export function worktreeStateDir(stateDir: string, id: string): string {
  return join(stateDir, "worktrees", id);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ISOLATIONS: readonly Isolation[] = ["container", "database", "schema"];
const STATES: readonly WorktreeRow["state"][] = ["creating", "ready", "removing"];

function isRow(value: unknown): value is WorktreeRow {
  if (typeof value !== "object" || value === null) return false;
  const field = (name: string): unknown => Reflect.get(value, name);
  const texts = ["id", "name", "path", "database", "createdAt", "setup"].every(
    (name) => typeof field(name) === "string",
  );
  const [ports, seen] = [field("ports"), field("seen")];
  return (
    texts &&
    ISOLATIONS.some((known) => known === field("isolation")) &&
    STATES.some((state) => state === field("state")) &&
    Number.isInteger(field("index")) &&
    typeof field("data") === "object" &&
    (seen === undefined || isSeenPlace(seen)) &&
    typeof ports === "object" &&
    ports !== null &&
    Object.values(ports).every(Number.isInteger)
  );
}

function isSeenPlace(value: unknown): value is SeenPlace {
  if (typeof value !== "object" || value === null) return false;
  return ["gitName", "parent"].every((name) => typeof Reflect.get(value, name) === "string");
}
