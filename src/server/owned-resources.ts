/** What worktrees have on the engine: found by its labels, and removed by them, also when the compose files are gone. */
import { refusal } from "../errors.ts";
import type { EngineName } from "../sys/command.ts";
import { captureDocker } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import type { Runner } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import { type Listed, type ListedKind, listOnEngine } from "./engine-list.ts";
import { type Owner, REPOSITORY_LABEL, WORKTREE_LABEL } from "./owner-labels.ts";

/** Parts of a compose project, by the names that docker shows. */
export interface ProjectParts {
  containers: string[];
  /** The containers' own, which no other one that has the name has. */
  ids: string[];
  volumes: string[];
  networks: string[];
}

/** What a worktree has of one compose project. */
export interface OwnedProject extends ProjectParts {
  worktree: string;
  project: string;
}

interface Part extends Owner {
  kind: ListedKind;
  name: string;
  /** "" of a volume, which has none but its name. */
  id: string;
  project: string;
}

const PROJECT_LABEL = "com.docker.compose.project";
const REMOVE_TIMEOUT_MS = 120_000;
/** Their data goes with them: they need not end well, but a worker may have something to finish elsewhere. */
const STOP_GRACE_S = 5;

/** The whole of what a repository's worktrees have on the engine. Throws (exit 4) when docker does not answer. */
export async function findOwnedResources(runner: Runner, repository: string): Promise<OwnedProject[]> {
  const projects = new Map<string, OwnedProject>();
  for (const part of await listParts(runner, REPOSITORY_LABEL, repository)) {
    const { worktree, project } = part;
    const key = `${worktree} ${project}`;
    const found = projects.get(key) ?? { worktree, project, ...sortParts([]) };
    projects.set(key, found);
    found[PLURALS[part.kind]].push(part.name);
    if (part.kind === "container") found.ids.push(part.id);
  }
  return [...projects.values()];
}

/**
 * Removes a worktree's compose project: containers, volumes, networks; resolves with what there was. Containers that
 * were never in use are not waited for. Throws (exit 5) when one of its containers or volumes does not carry the
 * worktree's labels, (exit 4) when docker does not answer.
 */
export async function removeComposeProject(
  runner: Runner,
  project: string,
  owner: Owner,
  { inUse = true }: { inUse?: boolean } = {},
): Promise<ProjectParts> {
  const owned = await requireRemovableProject(runner, project, owner);
  if (inUse) await removeParts(runner, ["stop", "-t", String(STOP_GRACE_S)], owned.ids);
  await removeParts(runner, ["rm", "-f", "-v"], owned.ids);
  await removeParts(runner, ["volume", "rm"], owned.volumes);
  await removeParts(runner, ["network", "rm"], owned.networks);
  return owned;
}

/**
 * What of a compose project is the worktree's. Throws (exit 5) when it cannot be removed: a container or volume does not
 * carry the worktree's labels, or somebody else's container uses a volume or network of it.
 */
export async function requireRemovableProject(runner: Runner, project: string, owner: Owner): Promise<ProjectParts> {
  const parts = await listParts(runner, PROJECT_LABEL, project);
  const foreign = parts.filter((part) => !isOwned(part, owner) && part.kind !== "network");
  if (foreign.length > 0) throw foreignError(engineOf(runner), project, foreign);
  const owned = sortParts(parts.filter((part) => isOwned(part, owner)));
  for (const kind of ["volume", "network"] as const) {
    for (const name of owned[PLURALS[kind]]) {
      const users = (await listUsers(runner, kind, name)).filter((user) => !owned.containers.includes(user));
      if (users.length > 0) throw usedError(engineOf(runner), kind, name, users);
    }
  }
  return owned;
}

/** The containers, running or not, that have a volume or network. */
async function listUsers(runner: Runner, kind: "volume" | "network", name: string): Promise<string[]> {
  return (await listOnEngine(runner, "container", [`${kind}=${name}`])).map((user) => user.name);
}

function usedError(engine: EngineName, kind: ListedKind, name: string, users: readonly string[]): Error {
  return refusal(
    "in_use",
    `the ${kind} ${name} is used by a container that pgrove did not make: ${users.join(", ")}; nothing was removed`,
    kind === "network" ? `${engine} network disconnect ${name} ${users[0]}` : `${engine} rm ${users[0]}`,
  );
}

/** Whether a compose project of that name has parts that are not the worktree's. Throws (exit 4) without docker. */
export async function isForeignProject(runner: Runner, project: string, owner: Owner): Promise<boolean> {
  return (await listParts(runner, PROJECT_LABEL, project)).some((part) => !isOwned(part, owner));
}

function isOwned(part: Part, { repository, worktree }: Owner): boolean {
  return part.repository === repository && part.worktree === worktree;
}

function foreignError(engine: EngineName, project: string, foreign: readonly Part[]): Error {
  const names = foreign.map(({ kind, name }) => `${kind} ${name}`).join(", ");
  return refusal(
    "not_owned",
    `the compose project ${project} has parts that pgrove did not make for this worktree: ${names}; nothing was removed`,
    `look at them, and remove them yourself: ${engine} ps -a --filter label=${PROJECT_LABEL}=${project}`,
  );
}

const PLURALS = { container: "containers", volume: "volumes", network: "networks" } as const;

function sortParts(parts: readonly Part[]): ProjectParts {
  const names = (kind: ListedKind) => parts.filter((part) => part.kind === kind).map(({ name }) => name);
  const ids = parts.filter(({ kind }) => kind === "container").map(({ id }) => id);
  return { containers: names("container"), ids, volumes: names("volume"), networks: names("network") };
}

const KINDS = ["container", "volume", "network"] as const;

/** All that carries a label. */
async function listParts(runner: Runner, label: string, value: string): Promise<Part[]> {
  const lists = KINDS.map(async (kind) => {
    const found = await listOnEngine(runner, kind, [`label=${label}=${value}`], LABELS);
    return found.map((listed) => readPart(kind, listed));
  });
  return (await Promise.all(lists)).flat();
}

const LABELS = [PROJECT_LABEL, REPOSITORY_LABEL, WORKTREE_LABEL];

function readPart(kind: ListedKind, { name, id, labels }: Listed): Part {
  const [project = "", repository = "", worktree = ""] = LABELS.map((label) => labels[label]);
  return { kind, name, id, project, repository, worktree };
}

/** Runs a docker command on what is still there. */
async function removeParts(runner: Runner, args: readonly string[], names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  try {
    await captureDocker(runner, [...args, ...names], { timeoutMs: REMOVE_TIMEOUT_MS });
  } catch (error) {
    // Docker does the rest before it complains of what somebody else has removed meanwhile.
    const complaints = error instanceof ToolError ? error.failure.stderr.filter((line) => line.trim() !== "") : [];
    if (complaints.length === 0 || !complaints.every((line) => /no such|not found/i.test(line))) throw error;
  }
}
