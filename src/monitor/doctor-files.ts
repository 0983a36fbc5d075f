/** Files and folders of this machine: whether they can be used, who may read them, and what killed processes left. */
import { access, chmod, constants, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LoadedConfig } from "../config/load-config.ts";
import { errorCode, isTemporaryPath } from "../sys/files.ts";
import { processBirth, TEMPORARY_LASTS_MS } from "../sys/run-record.ts";
import type { Check } from "./check.ts";

export interface FilePlaces {
  now: Date;
  /** The file of the key that this user's records are signed with. */
  userKey: string;
  storeDir(): Promise<string>;
  stateDir(): Promise<string>;
  config(): Promise<LoadedConfig | undefined>;
}

/** The dumps' folder first; what is as it should be is told of that one alone. */
export async function checkFiles(places: FilePlaces): Promise<Check[]> {
  const store = await places.storeDir();
  const config = await places.config();
  return [
    await checkStore(store),
    ...(await checkPermissions("signing key", places.userKey, { no: 0o077, to: 0o600, who: "read" })),
    ...(config === undefined ? [] : await checkPermissions("config", config.file, { no: 0o002, who: "changed" })),
    ...(await checkTemporary([store, await places.stateDir(), dirname(places.userKey)], places.now)),
  ];
}

async function checkStore(folder: string): Promise<Check> {
  const name = "dump store";
  try {
    const found = await stat(folder);
    if (!found.isDirectory())
      return { name, state: "problem", found: `${folder} is not a folder`, fix: "set dumps.dir" };
    await access(folder, constants.W_OK | constants.X_OK);
    const [open] = await checkPermissions(name, folder, { no: 0o077, to: 0o700, who: "read" });
    return open ?? { name, state: "ok", found: folder };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { name, state: "ok", found: `${folder}, made with the first dump` };
    return { name, state: "problem", found: `${folder} cannot be written (${errorCode(error)})`, fix: "set dumps.dir" };
  }
}

interface Permissions {
  /** The bits that it must not have. */
  no: number;
  /** The mode that it is given; left out, its own without those bits. */
  to?: number;
  who: "read" | "changed";
}

async function checkPermissions(name: string, path: string, { no, to, who }: Permissions): Promise<Check[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (found.mode & no) === 0) return [];
  const mode = to ?? found.mode & 0o777 & ~no;
  const command = `chmod ${mode.toString(8)} '${path}'`;
  const mends = [{ what: `${command} will be done`, run: () => chmod(path, mode) }];
  return [{ name, state: "problem", found: `${path} can be ${who} by others`, fix: command, mends }];
}

/** Half-written files of processes that are gone for a day: whose a younger one is cannot be told from here. */
async function checkTemporary(folders: readonly string[], now: Date): Promise<Check[]> {
  const found = (await Promise.all([...new Set(folders)].map((folder) => findTemporary(folder, now)))).flat();
  if (found.length === 0) return [];
  const shown = `half-written files of processes that are gone: ${found.join(", ")}`;
  const run = async () => {
    for (const file of found) await rm(file, { force: true });
  };
  const mends = [{ what: `they will be removed, ${shown}`, run }];
  return [{ name: "temporary files", state: "problem", found: shown, fix: "pgrove doctor --fix", mends }];
}

async function findTemporary(folder: string, now: Date): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const judged = names.filter(isTemporaryPath).map(async (name) => {
    const file = join(folder, name);
    const written = await stat(file).catch(() => undefined);
    const pid = Number(/\.(\d+)\.[a-f0-9]{8}\.tmp/.exec(name)?.[1]);
    const isOld = written?.isFile() === true && now.getTime() - written.mtimeMs > TEMPORARY_LASTS_MS;
    return isOld && (await processBirth(pid)) === undefined ? [file] : [];
  });
  return (await Promise.all(judged)).flat();
}
