/** Gives a worktree its place in the registry: names, ports and a number that no other worktree has. */
import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type PgroveError, refusal } from "../errors.ts";
import { chooseDatabaseName, chooseProjectName, chooseWorktreeName, type IsTaken } from "../repo/names.ts";
import {
  type InitialData,
  type ParkedWorktree,
  readRegistry,
  takeOut,
  updateRegistry,
  type WorktreeRow,
} from "../repo/registry.ts";
import { ensureIdentity, type GitWorktree } from "../repo/worktree.ts";
import { choosePorts, portChecker } from "../server/ports.ts";
import { seePlace } from "./gone.ts";
import type { WorktreeTools } from "./tools.ts";

const PASSWORD_BYTES = 24;

export interface Allocation {
  worktree: GitWorktree;
  data: InitialData;
  /** The name that the user wants; left out, its folder's. */
  name?: string;
  /** The ports to allocate: by name the main worktree's. */
  ports: Readonly<Record<string, number>>;
}

/**
 * The worktree's row, made when it has none. Within the registry's lock, so that two runs never share a name or port.
 * Throws (exit 5) when a newer pgrove wrote the registry, (exit 1) when no port is left.
 */
export async function allocateRow(tools: WorktreeTools, allocation: Allocation): Promise<WorktreeRow> {
  const { worktree } = allocation;
  const [id, seen] = await Promise.all([ensureIdentity(worktree.gitDir), seePlace(worktree)]);
  const present = (await readRegistry(tools.stateDir)).rows.find((row) => row.id === id);
  if (present !== undefined && isComplete(present, allocation, seen)) return present; // mostly: the lock costs 5 ms
  return await updateRegistry(tools.stateDir, async (rows, parked) => {
    const isIts = (row: WorktreeRow) => row.id === id;
    const back = takeOut(parked, ({ row }) => isIts(row));
    if (back !== undefined && !rows.some(isIts)) rows.push(reviveRow(back, allocation, rows));
    const known = rows.find(isIts);
    if (known === undefined) {
      const made = { ...(await makeRow(tools, id, allocation, rows)), ...seen };
      rows.push(made);
      return made;
    }
    Object.assign(known, { path: worktree.root, ...seen });
    delete known.gone;
    const missing = Object.entries(allocation.ports).filter(([name]) => known.ports[name] === undefined);
    Object.assign(known.ports, await allocatePorts(tools, id, Object.fromEntries(missing), rows));
    return known;
  });
}

/** The row of a worktree whose data was parked. What has come to be another's since is left out, and allocated anew. */
function reviveRow({ row }: ParkedWorktree, { name: wanted }: Allocation, rows: readonly WorktreeRow[]): WorktreeRow {
  const name = wanted ?? row.name;
  if (rows.some((each) => each.name === name)) throw nameTaken(row.name, name);
  const others = new Set(rows.flatMap(({ ports }) => Object.values(ports)));
  const ports = Object.entries(row.ports).filter(([, port]) => !others.has(port));
  const indexes = rows.map(({ index }) => index);
  const index = indexes.includes(row.index) ? firstFree(indexes) : row.index;
  return { ...row, name, index, ports: Object.fromEntries(ports) };
}

/** What is said of a parked one whose name is another's by now. */
export function nameTaken(own: string, name: string): PgroveError {
  const message = `there is another worktree named ${name} by now`;
  return refusal("name_taken", message, `pgrove provision ${own} --name OTHER`);
}

async function makeRow(
  tools: WorktreeTools,
  id: string,
  { worktree, data, name: wanted, ports }: Allocation,
  rows: readonly WorktreeRow[],
): Promise<WorktreeRow> {
  const { project, isolation, database } = tools.loaded.config;
  const isTaken = (field: "name" | "database" | "schema" | "project"): IsTaken => {
    return (candidate) => rows.some((row) => row[field] === candidate);
  };
  const name = wanted ?? chooseWorktreeName(basename(worktree.root), isTaken("name"));
  const row: WorktreeRow = {
    ...{ id, name, path: worktree.root, isolation, data, state: "creating", setup: "pending" },
    ...(worktree.branch === undefined ? {} : { branch: worktree.branch }),
    index: firstFree(rows.map(({ index }) => index)),
    database: database.name ?? "",
    ports: await allocatePorts(tools, id, ports, rows),
    createdAt: tools.operation.clock.now().toISOString(),
  };
  switch (isolation) {
    case "database":
      return { ...row, database: chooseDatabaseName(project, name, isTaken("database")) };
    case "container":
      return { ...row, project: chooseProjectName(project, name, isTaken("project")) };
    case "schema": {
      const schema = chooseDatabaseName(project, name, isTaken("schema"));
      return { ...row, schema, role: { name: schema, password: randomBytes(PASSWORD_BYTES).toString("base64url") } };
    }
  }
}

function isComplete(row: WorktreeRow, { worktree, ports }: Allocation, seen: Pick<WorktreeRow, "seen">): boolean {
  const isSeen = row.gone === undefined && row.path === worktree.root && isDeepStrictEqual(row.seen, seen.seen);
  return isSeen && Object.keys(ports).every((name) => row.ports[name] !== undefined);
}

function firstFree(indexes: readonly number[]): number {
  for (let index = 1; ; index++) if (!indexes.includes(index)) return index;
}

async function allocatePorts(
  { loaded, operation }: WorktreeTools,
  identity: string,
  names: Readonly<Record<string, number>>,
  rows: readonly WorktreeRow[],
): Promise<Record<string, number>> {
  if (Object.keys(names).length === 0) return {};
  const { ports: mains, worktrees } = loaded.config;
  const range = worktrees.port_range;
  const taken = new Set([...Object.values(mains), ...rows.flatMap(({ ports }) => Object.values(ports))]);
  return await choosePorts(
    { identity, names, ...(range === undefined ? {} : { range }), taken },
    portChecker(operation.runner),
  );
}
