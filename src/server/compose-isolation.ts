/** What would let a worktree's containers work on main's data after all. Found before anything is started. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { isAbsolute, join, posix } from "node:path";
import { configError, type PgroveError } from "../errors.ts";
import { errorCode, isInside } from "../sys/files.ts";
import type { ComposeConfig, ComposeMount, ComposeService } from "./compose-config.ts";

/**
 * Throws (exit 3) when the database of a second project, made from the checkout at `worktreeRoot`, would not be apart
 * from main's: two servers on one data folder destroy it.
 */
export async function requireIsolatable(config: ComposeConfig, service: string, worktreeRoot: string): Promise<void> {
  const found = config.services.get(service);
  if (found === undefined) {
    const known = [...config.services.keys()].join(", ") || "none";
    throw configError(
      `the compose files have no service ${service}`,
      `set server.compose.service in pgrove.yaml to one of: ${known}`,
    );
  }
  requireOwnNetwork(config, service, found);
  requireOwnVolumes(config, service, found);
  for (const { path, what } of await listDataFolders(config, found)) {
    if (isAbsolute(path) && (await isInside(worktreeRoot, path))) continue;
    throw sharedError(
      `the service ${service} keeps its data in ${what} ${path}, outside the worktree: it would be main's data`,
      "use a named volume of the project, or a folder inside the repository",
    );
  }
}

function requireOwnNetwork(config: ComposeConfig, name: string, { networkMode, networks }: ComposeService): void {
  if (networkMode === "host" || networkMode?.startsWith("container:")) {
    throw sharedError(
      `the service ${name} has network_mode: ${networkMode}, so every worktree's database would listen where main's does`,
      "take network_mode out, and publish the port under `ports:`",
    );
  }
  const outside = networks.find((network) => config.networks.get(network.name)?.external);
  if (outside === undefined) return;
  throw sharedError(
    `the service ${name} is in the external network ${outside.name}, where main's database answers to the same name`,
    "let it be in networks of the project only",
  );
}

function requireOwnVolumes(config: ComposeConfig, name: string, { mounts, volumesFrom }: ComposeService): void {
  const container = volumesFrom.find((source) => source.startsWith("container:"));
  if (container !== undefined) {
    throw sharedError(
      `the service ${name} has its volumes from ${container}: they would be main's data`,
      "give it a volume of the project",
    );
  }
  for (const { type, source, target } of mounts) {
    const volume = type === "volume" && source !== undefined ? config.volumes.get(source) : undefined;
    if (!volume?.external) continue;
    throw sharedError(
      `the service ${name} keeps ${target} in the external volume ${volume.name}: it would be main's data`,
      `make it a volume of the project: \`name: ${volume.name}\` without \`external\` keeps what is in it for main`,
    );
  }
}

interface DataFolder {
  path: string;
  /** For people. */
  what: string;
}

/** The folders of this machine that the service writes its data into. */
async function listDataFolders(config: ComposeConfig, service: ComposeService): Promise<DataFolder[]> {
  const places = listDataPlaces(service);
  const found = service.mounts.map(async ({ type, source, target, readOnly }: ComposeMount) => {
    if (source === undefined) return [];
    if (type === "bind" && !readOnly) {
      const isData = places.some((place) => overlap(place, target)) || (await holdsCluster(source));
      return isData ? [{ path: source, what: "the folder" }] : [];
    }
    const device = type === "volume" ? config.volumes.get(source)?.device : undefined;
    return device === undefined ? [] : [{ path: device, what: `the volume ${source} at` }];
  });
  return (await Promise.all(found)).flat();
}

/** `-D /data`, `--pgdata=/data`, `-c data_directory=/data`, also within a shell's line. */
const DATA_WORDS = /(?:^|[\s"'])(?:-D[\s=]*|--pgdata[\s=]+|(?:-c\s*|--)data[_-]directory\s*=\s*)["']?(\/[^\s"';]+)/g;
/** Variables by which images are told where it is. */
const DATA_VARIABLES = ["PGDATA", "POSTGRESQL_DATA_DIR", "DATADIR"];

function listDataPlaces({ environment, words }: ComposeService): string[] {
  const told = [...words.join(" ").matchAll(DATA_WORDS)].flatMap(([, path]) => (path === undefined ? [] : [path]));
  const named = DATA_VARIABLES.flatMap((name) => environment.get(name) ?? []);
  return [...DATA_PLACES, ...told, ...named];
}

/** How deep below a mounted folder a cluster lies in the layouts in use: `17/docker`, `17/main`, `pgdata`. */
const DEEPEST = 2;

/** Whether a folder has a cluster in it, whatever the image is told; one that only the server's user may read counts as such. */
async function holdsCluster(folder: string, depth = 0): Promise<boolean> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return depth === 0 && errorCode(error) === "EACCES";
  }
  if (entries.some(({ name }) => name === "PG_VERSION")) return true;
  if (depth === DEEPEST) return false;
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  for (const each of below) if (await holdsCluster(each, depth + 1)) return true;
  return false;
}

/** Where the images in use keep their data: the official one, Bitnami's, Red Hat's, Crunchy's, Timescale's. */
const DATA_PLACES = [
  "/var/lib/postgresql",
  "/bitnami/postgresql",
  "/var/lib/pgsql",
  "/pgdata",
  "/home/postgres/pgdata",
] as const;

function overlap(one: string, other: string): boolean {
  const contains = (outer: string, inner: string) => !posix.relative(outer, inner).startsWith("..");
  return contains(one, other) || contains(other, one);
}

/** The way out that is always there: a database needs no containers of its own. */
function sharedError(message: string, hint: string): PgroveError {
  return configError(message, `${hint}; or set \`isolation: database\` in pgrove.yaml`);
}
