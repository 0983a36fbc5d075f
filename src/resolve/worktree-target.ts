/** The databases of worktrees: the main one's, and those that pgrove has given the others. */
import { join } from "node:path";
import { type LoadedConfig, requireNoMissing } from "../config/load-config.ts";
import { configError, missingError } from "../errors.ts";
import { readGitFolders, readIdentity } from "../repo/git-files.ts";
import { readRegistry, type WorktreeRow, worktreeStateDir } from "../repo/registry.ts";
import { repositoryState } from "../repo/state.ts";
import { findIdentityOnBranch } from "../repo/worktree.ts";
import type { ServerSpec } from "../server/server.ts";
import { composeFiles, mainLogin, mainServer } from "./main-server.ts";
import { poolOf } from "./pool.ts";
import type { LiveTarget, Target } from "./target.ts";
import type { TargetPlace } from "./target-place.ts";

/** Main's database; in isolation `schema` its schema, since what lies beside it belongs to the worktrees. */
export async function mainTarget(loaded: LoadedConfig, place: TargetPlace): Promise<Target> {
  const target: Target = {
    server: await mainServer(loaded, place),
    login: await mainLogin(loaded, place),
    label: "main",
    name: "main",
    protected: false,
    hasServices: true,
    ...poolOf(loaded, place.environment, loaded.envFile.values),
    ...(givesRoles(loaded.config) ? { schema: loaded.config.database.schema } : {}),
  };
  await requireNotWorktrees(target, loaded, place);
  return target;
}

/**
 * Throws (exit 3) when what is said to be main's database is a worktree's: a shell in a worktree whose variables name its
 * own database would else make it main's.
 */
async function requireNotWorktrees(
  { server, login }: Target,
  { root }: LoadedConfig,
  place: TargetPlace,
): Promise<void> {
  const isUrls = login.database === undefined && server.kind === "url";
  const database = isUrls ? server.connection.database : login.database;
  if (database === undefined) return;
  const repository = await readGitFolders(root); // to ask git itself takes its time, for every command
  const { rows } = await readRegistry(repository === undefined ? await place.stateDir() : repositoryState(repository));
  const row = rows.find((each) => each.isolation === "database" && each.database === database);
  if (row === undefined) return;
  throw configError(
    `${isUrls ? "server.url" : "database.name"} names ${database}, which is the database of the worktree ${row.name}, not main's`,
    "unset the variable in this shell, or write the name of main's database into pgrove.yaml",
  );
}

/** The target of a worktree that pgrove has given a database. */
export async function worktreeTarget(row: WorktreeRow, loaded: LoadedConfig, place: TargetPlace): Promise<Target> {
  const pool = poolOf(loaded, place.environment, loaded.envFile.values);
  const own = { label: row.name, name: row.name, protected: false, worktree: row, ...pool };
  const login = await mainLogin(loaded, place);
  switch (row.isolation) {
    case "database":
      return { ...own, server: await mainServer(loaded, place), login: { ...login, database: row.database } };
    case "schema":
      return {
        ...own,
        server: await mainServer(loaded, place),
        login: { ...login, database: row.database },
        ...(row.schema ? { schema: row.schema } : {}),
      };
    case "container": {
      const server = await ownServer(row, loaded, place);
      return {
        ...own,
        server,
        login: { ...login, ...(row.database === "" ? {} : { database: row.database }) },
        // Beside a private cluster, services are containers by name: main's.
        ...(server.kind === "compose" ? { hasServices: true } : {}),
      };
    }
  }
}

/** Whether a worktree has a server of its own, which goes with it. */
export function hasOwnServer({ isolation }: Pick<WorktreeRow, "isolation">): boolean {
  return isolation === "container";
}

/** Whether each worktree gets a role of its own. */
export function givesRoles({ isolation }: Pick<WorktreeRow, "isolation">): boolean {
  return isolation === "schema";
}

/** What a worktree has on main's server, for work that goes through main's login. */
export function belowMain(row: WorktreeRow, { target: mains, ...main }: LiveTarget): LiveTarget {
  const { schema: _, ...rest } = mains;
  const target = { ...rest, label: row.name, name: row.name };
  if (row.isolation === "database") return { ...main, target, database: row.database };
  return { ...main, target: { ...target, worktree: row, schema: row.schema ?? "" } };
}

/** The compose override of a worktree. */
export function overrideFile(stateDir: string, id: string): string {
  return join(worktreeStateDir(stateDir, id), "compose.override.yaml");
}

/** The folder of a worktree's private cluster. */
export function clusterFolder(stateDir: string, id: string): string {
  return join(worktreeStateDir(stateDir, id), "local");
}

/** Throws (exit 3) when pgrove.yaml's kind of server cannot be one of a worktree's own. */
export function requireOwnable({ config, file }: LoadedConfig): void {
  const { kind } = config.server;
  if (kind === "compose" || kind === "local") return;
  throw configError(
    `isolation: container needs server.compose or server.local, and ${file} has server.${kind}`,
    "isolation: database        gives each worktree a database on that server",
  );
}

/** The server that belongs to one worktree: its own checkout of the compose files, or a private cluster of its own. */
async function ownServer(row: WorktreeRow, loaded: LoadedConfig, place: TargetPlace): Promise<ServerSpec> {
  requireNoMissing(loaded, "server");
  requireOwnable(loaded);
  const { server } = loaded.config;
  const stateDir = await place.stateDir();
  if (server.kind === "local") {
    const folder = clusterFolder(stateDir, row.id);
    return { kind: "local", folder, ...(server.version === undefined ? {} : { version: server.version }) };
  }
  if (server.kind !== "compose" || row.project === undefined) {
    throw configError(
      `the worktree ${row.name} was made without containers, and ${loaded.file} has server.${server.kind} now`,
      `pgrove remove ${row.name}, and make it again; or go back to what pgrove.yaml had`,
    );
  }
  const { service, profiles } = server;
  const mains = await mainServer(loaded, place);
  const mainFile = mains.kind === "compose" ? mains.files[0] : undefined;
  const files = await composeFiles(loaded, place, { root: row.path, mainFile });
  return {
    ...{ kind: "compose", files: [...files, overrideFile(stateDir, row.id)], service, profiles, project: row.project },
    ...(mainFile === undefined ? {} : { mainFile }),
  };
}

/** The row of the worktree that one stands in; undefined when it has none. */
export async function findOwnRow(place: TargetPlace): Promise<WorktreeRow | undefined> {
  const repository = await place.repository();
  if (repository === undefined || repository.isMain) return undefined;
  const id = await readIdentity(repository.gitDir);
  if (id === undefined) return undefined;
  const { rows } = await readRegistry(await place.stateDir());
  return rows.find((row) => row.id === id);
}

/** The row of a worktree by its name, else by the branch that is checked out there now. */
export async function findRow(
  name: string,
  place: Pick<TargetPlace, "stateDir" | "repository">,
): Promise<WorktreeRow | undefined> {
  const { rows } = await readRegistry(await place.stateDir());
  const named = rows.find((row) => row.name === name);
  if (named !== undefined || rows.length === 0) return named;
  const repository = await place.repository();
  const id = repository === undefined ? undefined : await findIdentityOnBranch(repository.commonDir, name);
  return rows.find((row) => row.id === id);
}

/** The names of the worktrees that have a database. */
export async function worktreeNames(place: Pick<TargetPlace, "stateDir">): Promise<string[]> {
  const { rows } = await readRegistry(await place.stateDir());
  return rows.map((row) => row.name);
}

/** Throws (exit 4) while a worktree's database is not made yet, or is being removed. */
export function requireReady(row: WorktreeRow): WorktreeRow {
  if (row.state === "ready") return row;
  const [what, hint] =
    row.state === "creating"
      ? ["has no database yet: something stopped it on the way", `pgrove provision ${row.name}`]
      : ["is half removed", `pgrove remove ${row.name}`];
  throw missingError("not_ready", `the worktree ${row.name} ${what}`, hint);
}
