/** Where a command works: folder, repository, configuration, state, store. Each is looked for when it is first asked. */
import { resolve } from "node:path";
import type { Doubt } from "../config/env-file.ts";
import type { Environment } from "../config/env-vars.ts";
import type { LoadedConfig, LoadOptions } from "../config/load-config.ts";
import { configError } from "../errors.ts";
import type { Head, Repository } from "../repo/git.ts";
import { userKeyFile } from "../repo/state.ts";
import { listImages } from "../repo/trust-items.ts";
import { DEFAULT_CLIENT_IMAGE } from "../server/client-image.ts";
import type { ServerTools } from "../server/server.ts";
import type { EngineName } from "../sys/command.ts";
import { pathExists, readTextIfExists } from "../sys/files.ts";
import { once } from "../sys/once.ts";
import type { Runner } from "../sys/process.ts";
import type { Flags } from "./flags.ts";
import type { Output } from "./output.ts";

export interface CommandPlace {
  /** The folder to act in: that of -C, else where the user stands; of a bare repository, main's. */
  folder(): Promise<string>;
  repository(): Promise<Repository | undefined>;
  /** The commit and branch of the worktree, where there is one. */
  git(): Promise<Head | undefined>;
  config(): Promise<LoadedConfig | undefined>;
  /** Throws (exit 3) without a pgrove.yaml. */
  requireConfig(): Promise<LoadedConfig>;
  /** Where pgrove remembers what it did in this repository. */
  stateDir(): Promise<string>;
  /** Where the dumps of this repository are. */
  storeDir(): Promise<string>;
  serverTools(): Promise<ServerTools>;
}

export interface Surroundings {
  flags: Flags;
  output: Output;
  environment: Environment;
  cwd: string;
  home: string;
  runner: Runner;
  /** Told the engine that pgrove.yaml names, before anything is asked of one. */
  useEngine(engine: EngineName): void;
  /** Resolves when the image that pgrove.yaml names is approved; refuses else. */
  approveImage(image: string): Promise<void>;
}

/** The store's folder for what belongs to no pgrove.yaml. */
const UNNAMED_PROJECT = "default";

/** The places of one command. */
export function createPlaces(around: Surroundings): CommandPlace {
  const { output, environment, cwd, home, runner } = around;
  const folder = once(async () => {
    const named = await findFolder(around);
    const { findMainOfBare } = await import("../repo/main-root.ts");
    return (await findMainOfBare(named)) ?? named;
  });
  const config = once(async () => {
    const loaded = await readConfig(await folder(), around);
    if (loaded !== undefined) output.conceal(secretsOf(loaded));
    if (loaded?.config.engine !== undefined) around.useEngine(loaded.config.engine);
    return loaded;
  });
  const repository = once(async () => {
    const { findRepository } = await import("../repo/git.ts");
    return await findRepository(await folder(), runner);
  });
  const git = once(async () => {
    const found = await repository();
    if (found === undefined) return undefined;
    const { readHead } = await import("../repo/git.ts");
    return await readHead(found, runner);
  });
  const requireConfig = async () => {
    const loaded = await config();
    if (loaded !== undefined) return loaded;
    throw configError(`there is no pgrove.yaml in ${await folder()} or above it`, "pgrove init");
  };
  const stateDir = once(async () => {
    const state = await import("../repo/state.ts");
    return state.stateDir(await repository(), environment, home);
  });
  const storeDir = once(async () => {
    const { dumpStoreDir } = await import("../repo/store-dir.ts");
    const loaded = await config();
    const project = loaded?.config.project ?? UNNAMED_PROJECT;
    const configured = loaded?.config.dumps.dir;
    return dumpStoreDir({ configured, project, environment, home, baseDir: loaded?.dir ?? cwd });
  });
  const serverTools = once(async (): Promise<ServerTools> => {
    const loaded = await config();
    const clientImage = loaded?.config.client_image ?? DEFAULT_CLIENT_IMAGE;
    const approveImage = async () => {
      if (loaded !== undefined && listImages(loaded.config).length > 0) await around.approveImage(clientImage);
    };
    const memory = { folder: stateDir, key: userKeyFile(environment, home) };
    return { runner, clientImage, approveImage, stageParent: await storeDir(), memory, note: output.note };
  });
  return { folder, repository, git, config, requireConfig, stateDir, storeDir, serverTools };
}

/** What is never to be shown. A password that is the user's or the database's own name would only blacken those. */
function secretsOf({ secrets, config }: LoadedConfig): string[] {
  const names = ["postgres", config.database.user, config.database.name, config.project];
  return secrets.filter((secret) => secret.length >= 4 && !names.includes(secret));
}

async function findFolder({ flags, cwd, home, environment }: Surroundings): Promise<string> {
  if (flags.repo === undefined) return cwd;
  const { aliasFile, resolveRepoArgument } = await import("../repo/aliases.ts");
  return await resolveRepoArgument(flags.repo, { cwd, home, file: aliasFile(environment, home) });
}

/**
 * pgrove.yaml, with `${…}` from the environment and then from `--env-file`, else from the env file of its own key
 * `env.file`. That one is read only when something is left to be found there, or limits connections.
 */
async function readConfig(
  folder: string,
  { flags, cwd, environment, runner, output }: Surroundings,
): Promise<LoadedConfig | undefined> {
  const { findConfigFile, loadConfig } = await import("../config/load-config.ts");
  const file = findConfigFile(folder);
  if (file === undefined) return undefined;
  const doubts: Doubt[] = [];
  const readEnvFiles = (files: readonly string[]) => readInOrder(files, (doubt) => doubts.push(doubt));
  const load = async (options: Pick<LoadOptions, "envFile" | "envFileOf">) => {
    const found = await loadConfig(file, { environment, ...options });
    const used = new Set(found.interpolated.flatMap(({ name, from }) => (from === "env_file" ? [name] : [])));
    for (const { name, what } of doubts) if (used.has(name)) output.note(`note: ${name} in the env file: ${what}`);
    return found;
  };
  if (flags.envFile !== undefined) {
    return await load(await readEnvFiles([resolve(cwd, flags.envFile)]));
  }
  const loaded = await loadConfig(file, { environment });
  const open = loaded.missing.length > 0 || loaded.interpolated.some(({ from }) => from === "default");
  if (!open && !(await limitsPool(loaded))) return loaded;
  const files = await envFilesOf(loaded, runner);
  const there = await Promise.all(files.map((each) => pathExists(each)));
  return await load(await readEnvFiles(files.filter((_, at) => there[at])));
}

/** Whether the env file beside pgrove.yaml says how many connections there may be, which pgrove.yaml need not ask for. */
async function limitsPool({ root, config }: LoadedConfig): Promise<boolean> {
  const text = await readTextIfExists(resolve(root, config.env.file)).catch(() => undefined); // looked at again where it counts
  return text !== undefined && /\bDB_(?:MAX|MIN)_/.test(text);
}

/** What env files say; of several the last one counts. */
async function readInOrder(
  files: readonly string[],
  doubt: (doubt: Doubt) => void,
): Promise<Pick<LoadOptions, "envFile" | "envFileOf">> {
  const { readEnvFile } = await import("../config/env-file.ts");
  const read = await Promise.all(files.map(async (file) => ({ file, values: await readEnvFile(file, {}, doubt) })));
  return {
    envFile: Object.assign({}, ...read.map(({ values }) => values)),
    envFileOf: (name) => read.findLast(({ values }) => Object.hasOwn(values, name))?.file,
  };
}

/**
 * The env files that values may come from, the last one first. In a linked worktree the main one's counts before its
 * own: there DATABASE_URL and the like name the worktree's database, and pgrove.yaml means main's.
 */
async function envFilesOf(loaded: LoadedConfig, runner: Runner): Promise<string[]> {
  const [{ isLinked }, { findRepository }] = await Promise.all([
    import("../resolve/main-server.ts"),
    import("../repo/git.ts"),
  ]);
  const own = loaded.config.env.file;
  const mainRoot = (await isLinked(loaded)) ? (await findRepository(loaded.root, runner))?.mainRoot : undefined;
  if (mainRoot === undefined) return [own];
  const { pathInWorktree } = await import("../config/load-config.ts");
  return [own, pathInWorktree(loaded, own, mainRoot)];
}
