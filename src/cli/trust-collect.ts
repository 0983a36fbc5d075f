/** What of this repository would act: gathered where each thing stands. */
import type { Environment } from "../config/env-vars.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { findInCommits, hashContent, hashText, hashTracked, readCommitted, showPath } from "../repo/approved-files.ts";
import { LOOSENED_KEYS } from "../repo/loosened.ts";
import { readTrust, type Trusted, type TrustPlace, trustFile } from "../repo/trust.ts";
import {
  FILE_KEYS,
  listActingVariables,
  listCommands,
  listImages,
  listKeys,
  listPasswordFile,
  listReaders,
  listRemotes,
  listStore,
  listTold,
  listWorktreeFolder,
  type RepositoryFolders,
  type TrustItem,
  type TrustKey,
} from "../repo/trust-items.ts";
import type { TargetPlace } from "../resolve/target-place.ts";
import { hasOwnServer } from "../resolve/worktree-target.ts";
import type { Runner } from "../sys/process.ts";
import type { CommandPlace } from "./command-place.ts";

/** Where it is gathered. */
export interface TrustScene
  extends Pick<CommandPlace, "folder" | "repository" | "storeDir" | "config" | "requireConfig"> {
  readonly environment: Environment;
  readonly home: string;
  readonly cwd: string;
  readonly runner: Runner;
  readonly targetPlace: TargetPlace;
}

/** What would act under these keys, approved or not. */
export async function listItems(place: TrustScene, keys: readonly TrustKey[]): Promise<TrustItem[]> {
  const loaded = await place.requireConfig();
  const { config } = loaded;
  const direct = [
    ...[...listCommands(config), ...listImages(config), ...listActingVariables(config), ...listKeys(config)],
    ...listRemotes(config),
    ...listTold(loaded, place.environment),
  ];
  const gathered = await Promise.all([
    keys.includes("server.url") ? listExposed(place, loaded) : [],
    keys.includes("database.password.file") ? listPasswordFile(loaded, place.home) : [],
    keys.includes("worktrees.dir") ? listWorktreeFolder(loaded, await foldersOf(place, loaded, false)) : [],
    keys.includes("dumps.dir") && config.dumps.dir !== undefined
      ? listStore(loaded, await foldersOf(place, loaded, true), place)
      : [],
    keys.includes("dumps.encrypt") ? listReaders(loaded, place.home) : [],
    LOOSENED_KEYS.some((key) => keys.includes(key)) ? listTakenAway(place, loaded) : [],
    keys.includes("worktrees.data") ? listData(place, loaded) : [],
    keys.includes("server.compose") ? listCompose(place, loaded) : [],
    FILE_KEYS.some((key) => keys.includes(key)) ? listBranchFiles(place, loaded, keys) : [],
  ]);
  return [...direct, ...gathered.flat()].filter(({ key }) => keys.includes(key));
}

/** Which of them were not approved, in this or another worktree, nor are the default branch's of an approved state. */
export async function listUnapproved(place: TrustScene, items: readonly TrustItem[]): Promise<TrustItem[]> {
  if (items.length === 0) return [];
  const trusted = await readTrust(await trustPlace(place));
  return await keepUnknown(trusted, items, (await place.config())?.root ?? place.cwd, place.runner);
}

/** The same by the approvals that were read, for files of the worktree in that folder. */
export async function keepUnknown(
  trusted: Trusted,
  items: readonly TrustItem[],
  root: string,
  runner: Runner,
): Promise<TrustItem[]> {
  const left = items.filter((item) => !trusted.has(item));
  const files = left.flatMap(({ file }) => file ?? []);
  const known = await findInCommits({ root, files, commits: trusted.commits }, runner);
  return left.filter(({ file }) => file === undefined || !known.has(file));
}

/** Where the approvals of this repository are. */
export async function trustPlace({ environment, home, cwd, repository, config }: TrustScene): Promise<TrustPlace> {
  const folder = (await repository())?.commonDir ?? (await config())?.dir ?? cwd;
  return { file: trustFile(environment, home), repository: folder };
}

/** A dump of the repository's choice, by its content. */
export async function dumpItem(path: string, { root }: Pick<LoadedConfig, "root">): Promise<TrustItem> {
  return { key: "worktrees.data", text: showPath(path, root), content: await hashContent(path), file: path };
}

async function foldersOf(place: TrustScene, { root }: LoadedConfig, all: boolean): Promise<RepositoryFolders> {
  const repository = await place.repository();
  const base = repository === undefined ? root : (repository.mainRoot ?? repository.commonDir);
  return { base, own: all ? await ownFolders(place) : [] };
}

/** The folders that belong to the repository: its git folder and its worktrees; without git that of pgrove.yaml. */
export async function ownFolders(place: Pick<TrustScene, "repository" | "config" | "runner">): Promise<string[]> {
  const repository = await place.repository();
  const loaded = await place.config();
  if (repository === undefined) return loaded === undefined ? [] : [loaded.root];
  const { listWorktrees } = await import("../repo/worktree.ts");
  const worktrees = await listWorktrees(repository, place.runner);
  return [repository.commonDir, ...worktrees.map((each) => each.root)];
}

async function listExposed({ targetPlace }: TrustScene, loaded: LoadedConfig): Promise<TrustItem[]> {
  const { findExposure } = await import("../resolve/exposed-host.ts");
  const exposed = await findExposure(loaded, targetPlace);
  return exposed === undefined ? [] : [exposed];
}

async function listData(place: TrustScene, loaded: LoadedConfig): Promise<TrustItem[]> {
  const { readConfiguredData } = await import("./initial-data.ts");
  const data = readConfiguredData(loaded, place.home);
  const repository = await place.repository();
  if (data.kind !== "dump" || repository === undefined) return [];
  const [{ requireDump }, { isInOwnStore }] = await Promise.all([
    import("../dump/store.ts"),
    import("../worktree/own-store.ts"),
  ]);
  const storeDir = await place.storeDir();
  const dump = await requireDump(data.dump, storeDir, place.cwd, place.home).catch(() => undefined); // missed where it is used
  if (dump === undefined) return [];
  const { environment, runner } = place;
  const isOwn = await isInOwnStore({ loaded, repository, environment, runner }, dump.path, storeDir);
  return isOwn ? [] : [await dumpItem(dump.path, loaded)];
}

async function listTakenAway(place: TrustScene, loaded: LoadedConfig) {
  const { listLoosenedItems } = await import("./trust-loosened.ts");
  return await listLoosenedItems(place, loaded);
}

async function listBranchFiles(place: TrustScene, loaded: LoadedConfig, keys: readonly TrustKey[]) {
  const { listStepFiles } = await import("./trust-files.ts");
  return await listStepFiles(place, loaded, keys);
}

/** The compose files of this checkout, with what its containers are made of and find in them, where each worktree has containers of its own. */
async function listCompose(place: TrustScene, loaded: LoadedConfig): Promise<TrustItem[]> {
  const { config, root } = loaded;
  if (!hasOwnServer(config) || config.server.kind !== "compose") return [];
  const [{ composeFiles, mainServer }, { listComposeParts, listInclusions }, { listComposeInputs }] = await Promise.all(
    [import("../resolve/main-server.ts"), import("../server/compose-parts.ts"), import("../server/compose-inputs.ts")],
  );
  const { findComposeEnvFiles, readVariablesOf } = await import("../server/compose-project.ts");
  const mains = await mainServer(loaded, place.targetPlace);
  const mainFile = mains.kind === "compose" ? mains.files[0] : undefined;
  const files = await composeFiles(loaded, place, { root, mainFile });
  const { environment, runner } = place;
  const envFiles = files[0] === undefined ? [] : await findComposeEnvFiles(files[0], environment);
  const own = { ...(await readVariablesOf(envFiles, environment)), ...environment };
  const parts = await listComposeParts(files, own);
  const ofParts = (await listInclusions(parts, own)).flatMap((each) => each.envFiles);
  const variables = { ...(await readVariablesOf(ofParts, environment)), ...own };
  const paths = await listComposeInputs(parts, config.server.service, root, variables);
  const inputs = await hashTracked({ root, paths }, runner);
  const written = await Promise.all(parts.map(async (file) => composeItem(file, root, await hashContent(file))));
  const beside = inputs.map(({ file, content }) => composeItem(file, root, content));
  return [...written, ...beside, ...(await listComposeVariables(place, [...new Set([...envFiles, ...ofParts])], root))];
}

function composeItem(file: string, root: string, content: string): TrustItem {
  return { key: "server.compose", text: showPath(file, root), content, file };
}

/** What the branch says of compose's variables, which may stand for images and commands: as committed, without our own lines. */
async function listComposeVariables(
  { runner }: TrustScene,
  files: readonly string[],
  root: string,
): Promise<TrustItem[]> {
  const items = files.map(async (file) => {
    const text = await readCommitted({ root, file, commit: "HEAD" }, runner);
    return text === undefined ? [] : [composeItem(file, root, hashText(text))];
  });
  return (await Promise.all(items)).flat();
}
