/** Which files `docker compose` reads beside the one that pgrove.yaml names, found as compose finds them. */
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { pathExists } from "../sys/files.ts";
import { readComposeVariables, type Variables } from "./compose-project.ts";

/** In compose's order: of several in a folder the first one counts. */
const USUAL_NAMES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDE_NAMES = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

export interface ComposeFileRequest {
  /** Absolute. */
  file: string;
  environment: Variables;
  /** For a worktree's checkout: main's file, whose env file counts where the worktree's says nothing. */
  mainFile?: string;
}

/**
 * The files of a project, in compose's order: those of COMPOSE_FILE where the file is among them, else it and the override
 * file beside it where it is the one that compose would take of its folder. In a worktree's checkout what git does not
 * track may be missing; it is left out there.
 */
export async function findComposeFiles({ file, environment, mainFile }: ComposeFileRequest): Promise<string[]> {
  const listed = await listWanted({ file, environment, ...(mainFile === undefined ? {} : { mainFile }) });
  if (listed === undefined) return [file, ...(await findOverride(file))];
  if (!listed.includes(file)) return [file];
  if (mainFile === undefined) return listed;
  const there = await Promise.all(listed.map((each) => pathExists(each)));
  return listed.filter((each, index) => each === file || there[index]);
}

/** What COMPOSE_FILE names, from the folder in which that leads to the file; undefined where it says nothing. */
async function listWanted({ file, environment, mainFile }: ComposeFileRequest): Promise<string[] | undefined> {
  const written = {
    ...(mainFile === undefined ? {} : await readFileVariables(mainFile, environment)),
    ...(await readFileVariables(file, environment)),
  };
  const variables = { ...written, ...environment };
  const wanted = variables.COMPOSE_FILE;
  if (!wanted) return undefined;
  const parts = wanted.split(variables.COMPOSE_PATH_SEPARATOR || delimiter).filter((part) => part !== "");
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const listed = parts.map((part) => resolve(folder, part));
    if (listed.includes(file) || folder === dirname(folder) || (await pathExists(join(folder, ".git")))) return listed;
  }
}

const readFileVariables = (file: string, environment: Variables) =>
  readComposeVariables(file, environment, "COMPOSE_FILE");

async function findOverride(file: string): Promise<string[]> {
  const folder = dirname(file);
  if ((await findFirst(folder, USUAL_NAMES)) !== basename(file)) return [];
  const name = await findFirst(folder, OVERRIDE_NAMES);
  return name === undefined ? [] : [join(folder, name)];
}

async function findFirst(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if (await pathExists(join(folder, name))) return name;
  return undefined;
}
