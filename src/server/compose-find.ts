/** Finds a compose service's container by its labels: one `docker ps`, whatever the project's name turns out to be. */
import { readFile, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { refusal } from "../errors.ts";
import { errorCode, pathExists } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import type { ProjectName } from "./compose-project.ts";
import { type Listed, listOnEngine } from "./engine-list.ts";
import type { ServerSpec } from "./server.ts";

export type ComposeSpec = Extract<ServerSpec, { kind: "compose" }>;

/** A container with compose's labels. */
export interface Candidate {
  id: string;
  name: string;
  state: string;
  project: string;
  service: string;
  number: number;
  oneoff: boolean;
  /** The compose files that it was made from. */
  files: readonly string[];
}

export interface FoundService {
  id: string;
  project: string;
  /** The project's name is not the one that compose would find by itself: it must be told. */
  unusual: boolean;
}

const LABEL = "com.docker.compose";
const LABELS = ["project", "service", "container-number", "oneoff", "project.config_files", "project.working_dir"].map(
  (name) => `${LABEL}.${name}`,
);

/** The containers that carry a compose label, stopped ones included. */
export async function listComposeContainers(runner: Runner, label: string, value: string): Promise<Candidate[]> {
  const listed = await listOnEngine(runner, "container", [`label=${LABEL}.${label}=${value}`], LABELS);
  return listed.map(readCandidate);
}

/** One line of the listing. */
export function readCandidate({ id, name, state, labels }: Listed): Candidate {
  const label = (key: string) => labels[`${LABEL}.${key}`] ?? "";
  const folder = label("project.working_dir");
  return {
    ...{ id, name, state, project: label("project"), service: label("service") },
    number: Number(label("container-number")) || 1,
    oneoff: label("oneoff").toLowerCase() === "true",
    files: label("project.config_files")
      .split(",")
      .filter((file) => file !== "")
      .map((file) => (isAbsolute(file) ? file : join(folder, file))),
  };
}

/**
 * The container of the service among the candidates: of the project where its name is known and has one, else made
 * from our file. Of a scaled service it is the first. Throws (exit 5) when two projects could be meant.
 */
export function pickContainer(
  candidates: readonly Candidate[],
  project: string | undefined,
  isOurs: (candidate: Candidate) => boolean,
  service: string,
): Candidate | undefined {
  const steady = candidates.filter((candidate) => !candidate.oneoff).sort((a, b) => a.number - b.number);
  const named = steady.find((candidate) => candidate.project === project);
  if (named !== undefined) return named;
  const ours = steady.filter(isOurs);
  const projects = [...new Set(ours.map((candidate) => candidate.project))];
  if (projects.length > 1) {
    throw refusal(
      "compose_ambiguous",
      `the service ${service} runs in ${projects.length} compose projects: ` +
        projects.map((name) => `${name} (${ours.find((one) => one.project === name)?.name})`).join(", "),
      "say which one: server.compose.project in pgrove.yaml",
    );
  }
  return ours[0];
}

/** Finds the service's container; undefined when there is none. `named` is the project's name as compose would find it. */
export async function findService(
  runner: Runner,
  spec: ComposeSpec,
  named: Promise<ProjectName | undefined>,
): Promise<FoundService | undefined> {
  const [wanted, candidates] = await Promise.all([named, listComposeContainers(runner, "service", spec.service)]);
  if (candidates.length === 0) return undefined;
  const ours = new Set(await Promise.all(spec.files.map(realOrSame)));
  const madeFrom = new Map<string, readonly string[]>();
  for (const { id, files } of candidates) madeFrom.set(id, await Promise.all(files.map(realOrSame)));
  const isOurs = ({ id }: Candidate) => (madeFrom.get(id) ?? []).some((file) => ours.has(file));
  // A project named by pgrove.yaml or the environment is meant exactly; any other name is only what compose would guess.
  const exact = wanted?.from === "pgrove.yaml" || wanted?.from === "environment";
  const found = pickContainer(candidates, wanted?.name, exact ? () => false : isOurs, spec.service);
  if (found === undefined) return undefined;
  if (wanted?.from === "folder" && !isOurs(found)) await requireSameRepository(found, spec);
  return { id: found.id, project: found.project, unusual: found.project !== wanted?.name || wanted.given === true };
}

async function realOrSame(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return resolve(path); // the file has gone since
  }
}

/**
 * Two repositories with a `deployment/docker-compose.yml` each are one project to compose. To take the other's database
 * for ours would end in a restore over it.
 */
async function requireSameRepository(found: Candidate, spec: ComposeSpec): Promise<void> {
  const ours = await findCommonGitFolder(spec.files[0] ?? "");
  let strangers = 0;
  for (const file of found.files) {
    if (!(await pathExists(file))) continue; // moved or removed since
    const theirs = await findCommonGitFolder(file);
    if (theirs !== undefined && theirs === ours) return;
    strangers++;
  }
  if (strangers === 0) return;
  throw refusal(
    "compose_elsewhere",
    `the compose project ${found.project} belongs to ${found.files.join(", ")}, another project in a folder of the same name`,
    "give this one a name of its own: `name:` in its compose file, or server.compose.project in pgrove.yaml",
  );
}

/** The git folder that all worktrees of a file's repository share, read from the files without asking git. */
export async function findCommonGitFolder(path: string): Promise<string | undefined> {
  for (let folder = dirname(await realOrSame(path)); ; folder = dirname(folder)) {
    const git = join(folder, ".git");
    const pointer = await readPointer(git);
    if (pointer === "folder") return git;
    if (pointer !== undefined) {
      // A linked worktree: `gitdir: <common>/worktrees/<id>`.
      const linked = resolve(folder, pointer);
      return linked.replace(/\/worktrees\/[^/]+\/?$/, "");
    }
    if (folder === dirname(folder)) return undefined;
  }
}

async function readPointer(git: string): Promise<string | undefined> {
  try {
    return /^gitdir:\s*(.+?)\s*$/m.exec(await readFile(git, "utf8"))?.[1];
  } catch (error) {
    return errorCode(error) === "EISDIR" ? "folder" : undefined;
  }
}
