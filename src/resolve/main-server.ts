/** The repository's own server, as pgrove.yaml describes it. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type LoadedConfig, loadConfig, pathInWorktree, requireNoMissing } from "../config/load-config.ts";
import { configError, missingError } from "../errors.ts";
import { type Connection, isSocket } from "../postgres/url.ts";
import { findComposeFiles } from "../server/compose-files.ts";
import { openServer } from "../server/open-server.ts";
import type { Login, ServerSpec } from "../server/server.ts";
import { findExposure, isHere, readOwnUrl } from "./exposed-host.ts";
import { findOwnPassword } from "./own-password.ts";
import type { Target } from "./target.ts";
import type { TargetPlace } from "./target-place.ts";

/** The server of pgrove.yaml. Seen from a linked worktree, its compose files are those of the main one. */
export async function mainServer(loaded: LoadedConfig, place: TargetPlace): Promise<ServerSpec> {
  requireNoMissing(loaded, "server");
  const { server } = loaded.config;
  switch (server.kind) {
    case "compose": {
      const files = await composeFiles(loaded, place, { root: await mainCheckout(loaded, place) });
      const { service, project, profiles } = server;
      return { kind: "compose", files, service, profiles, ...(project === undefined ? {} : { project }) };
    }
    case "container":
      return { kind: "container", container: present(server.container, loaded) };
    case "local": {
      const folder = join(await place.stateDir(), "local");
      return { kind: "local", folder, ...(server.version === undefined ? {} : { version: server.version }) };
    }
    case "url":
      return { kind: "url", connection: await ownConnection(loaded, present(server.url, loaded), place) };
  }
}

/**
 * The main worktree's folder, where one stands in another worktree. Throws (exit 4) when there is none to be found: a
 * worktree's own compose files would start a second server beside main's.
 */
async function mainCheckout(loaded: LoadedConfig, place: TargetPlace): Promise<string | undefined> {
  const repository = (await isLinked(loaded)) ? await place.repository() : undefined;
  if (repository === undefined || repository.mainRoot !== undefined) return repository?.mainRoot;
  if (repository.bare) {
    throw missingError(
      "main_missing",
      `the repository is bare (${repository.commonDir}), and no worktree on its default branch plays the part of main`,
      "git worktree add PATH DEFAULT-BRANCH        main is what has the default branch checked out",
    );
  }
  throw missingError(
    "main_missing",
    `the main worktree cannot be found from here: its git folder ${repository.commonDir} lies apart from it`,
    "run pgrove once in the main worktree, such as `pgrove status`: from then on it is known",
  );
}

/** The pgrove.yaml of the main worktree, where one stands in another; undefined where none can be read. */
export async function mainConfig(loaded: LoadedConfig, place: TargetPlace): Promise<LoadedConfig | undefined> {
  const root = (await isLinked(loaded)) ? (await place.repository())?.mainRoot : undefined;
  if (root === undefined || root === loaded.root) return undefined;
  const file = pathInWorktree(loaded, loaded.file, root);
  return await loadConfig(file, { environment: place.environment }).catch(() => undefined);
}

/** Which checkout's compose files. */
export interface Checkout {
  /** Left out, that of pgrove.yaml. */
  root?: string | undefined;
  /** For a worktree's own project: the first file of main's. */
  mainFile?: string | undefined;
}

/** The compose files of a checkout: those of pgrove.yaml, and what compose finds beside them by itself. */
export async function composeFiles(
  loaded: LoadedConfig,
  { environment }: Pick<TargetPlace, "environment">,
  { root, mainFile }: Checkout,
): Promise<readonly string[]> {
  const { server } = loaded.config;
  if (server.kind !== "compose") return [];
  const files = server.files.map((file) => (root === undefined ? file : pathInWorktree(loaded, file, root)));
  const [file] = files;
  if (server.exact || file === undefined) return files;
  return await findComposeFiles({ file, environment, ...(mainFile === undefined ? {} : { mainFile }) });
}

/** The server elsewhere. Throws (exit 5) when the user's own values would go there, and that was not approved. */
async function ownConnection(loaded: LoadedConfig, url: string, place: TargetPlace): Promise<Connection> {
  const exposed = await findExposure(loaded, place);
  if (exposed !== undefined) await place.requireApproved(exposed);
  return readOwnUrl(loaded, url, place.environment);
}

/** Whether the configuration is a linked worktree's (or a submodule's): there `.git` is a file. Git itself costs 5 ms. */
export async function isLinked(loaded: Pick<LoadedConfig, "root">): Promise<boolean> {
  const found = await stat(join(loaded.root, ".git")).catch(() => undefined);
  return found?.isFile() ?? false;
}

/** What pgrove.yaml says of the main database's login. Throws (exit 5) when where the password is was not approved. */
export async function mainLogin(loaded: LoadedConfig, place: TargetPlace): Promise<Login> {
  requireNoMissing(loaded, "database");
  const { name, user } = loaded.config.database;
  const password = await findOwnPassword(loaded, place);
  return {
    ...(name === undefined ? {} : { database: name }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

function present(value: string | undefined, loaded: LoadedConfig): string {
  if (value === undefined || value === "") throw configError(`the server in ${loaded.file} is empty`);
  return value;
}

/** Whether a session inside the container is what the URL's parameters ask for; `options` go along. */
function asksForNothing(parameters: Connection["parameters"]): boolean {
  const {
    sslmode,
    connect_timeout: _,
    application_name: _name,
    fallback_application_name: _other,
    options: _settings,
    ...rest
  } = parameters;
  return Object.keys(rest).length === 0 && (sslmode === undefined || /^(disable|allow|prefer)$/.test(sslmode));
}

/**
 * The same target through the repository's own server, where the URL is one of its databases: its container's own
 * programs fit its version, and its login fills in a password that the URL leaves out.
 */
export async function adoptOwnServer(target: Target, connection: Connection, place: TargetPlace): Promise<Target> {
  const { others, parameters, extras, scheme } = connection;
  if (others !== undefined || isSocket(connection) || !isHere(connection) || !asksForNothing(parameters)) return target;
  const loaded = await place.config();
  if (loaded === undefined || loaded.config.server.kind === "url") return target;
  try {
    const [server, login] = [await mainServer(loaded, place), await mainLogin(loaded, place)];
    const opened = openServer(server, login, await place.serverTools());
    const { port } = await opened.inspect();
    if (port !== connection.port) return target;
    const { user, password } = await opened.access();
    const secret = connection.password ?? (user === connection.user ? password : undefined);
    const { database, host, hostaddr } = connection;
    return {
      ...target,
      server,
      dialled: { host, port, ...(hostaddr === undefined ? {} : { hostaddr }) },
      hasServices: true,
      ...(extras === undefined && scheme === undefined ? {} : { programs: { extras: extras ?? {}, scheme } }),
      login: {
        ...{ user: connection.user, database },
        ...(secret === undefined ? {} : { password: secret }),
        ...(parameters.options === undefined ? {} : { options: parameters.options }),
      },
    };
  } catch {
    return target; // a courtesy: without docker, the URL is as good as any other
  }
}
