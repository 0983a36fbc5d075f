/** What a compose file comes to once compose has merged its parts and put the variables in. */
import { EXIT, missingError, PgroveError } from "../errors.ts";
import { captureDocker, parseDockerJson } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import type { Runner } from "../sys/process.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { composeCommand, explainComposeError } from "./compose-command.ts";
import type { ComposeSpec } from "./compose-find.ts";

/** The parts of it that a copy of the project beside the first one depends on. */
export interface ComposeConfig {
  project: string;
  services: ReadonlyMap<string, ComposeService>;
  /** Volumes and networks by their name in the file. */
  volumes: ReadonlyMap<string, ComposeVolume>;
  networks: ReadonlyMap<string, ComposeNetwork>;
}

export interface ComposeService {
  image: string | undefined;
  containerName: string | undefined;
  networkMode: string | undefined;
  environment: ReadonlyMap<string, string>;
  /** Its entrypoint's and command's words, where the files give some. */
  words: readonly string[];
  ports: readonly ComposePort[];
  mounts: readonly ComposeMount[];
  volumesFrom: readonly string[];
  networks: readonly ServiceNetwork[];
}

export interface ComposePort {
  /** The port inside. */
  target: number;
  /** The host's port, the first one of a range; undefined when docker chooses it. */
  published: number | undefined;
  hostIp: string | undefined;
  protocol: string;
}

export interface ComposeMount {
  type: string;
  /** A volume's name in the file, or a folder's absolute path; undefined for a volume without a name. */
  source: string | undefined;
  target: string;
  readOnly: boolean;
}

export interface ServiceNetwork {
  name: string;
  /** The addresses that the file gives the service there: `ipv4_address`, `ipv6_address`. */
  fixedAddresses: readonly string[];
}

export interface ComposeVolume {
  name: string;
  external: boolean;
  /** Where its data really lies, when the file's driver options say so. */
  device: string | undefined;
}

export interface ComposeNetwork {
  name: string;
  external: boolean;
  /** The file says which addresses it has. */
  hasSubnet: boolean;
}

const TIMEOUT_MS = 60_000;

/**
 * Asks compose for it. Throws (exit 4) when compose is missing or too old to be overridden, (exit 1) with compose's
 * words when the files are wrong.
 */
export async function readComposeConfig(runner: Runner, spec: ComposeSpec): Promise<ComposeConfig> {
  const [text] = await Promise.all([resolveConfig(runner, spec), requireRecentCompose(runner, spec)]);
  return parseComposeConfig(parseDockerJson(text, "docker compose config"));
}

/**
 * With all profiles, because a service of another profile can be started by its name. Where that fails, such as for
 * want of its env file, it could not be started either.
 */
async function resolveConfig(runner: Runner, spec: ComposeSpec): Promise<string> {
  try {
    return await captureCompose(runner, { ...spec, profiles: ["*"] }, ["config", "--format", "json"]);
  } catch (error) {
    if (!(error instanceof PgroveError) || error.exit === EXIT.missing) throw error;
    return await captureCompose(runner, spec, ["config", "--format", "json"]);
  }
}

async function captureCompose(runner: Runner, spec: ComposeSpec, args: readonly string[]): Promise<string> {
  const command = await composeCommand(spec, undefined, args);
  try {
    return await captureDocker(runner, command.args, {
      timeoutMs: TIMEOUT_MS,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    });
  } catch (error) {
    throw explainComposeError(error, spec, engineOf(runner));
  }
}

/** The first version that knows `!override`. */
const OLDEST = [2, 24, 4] as const;

async function requireRecentCompose(runner: Runner, spec: ComposeSpec): Promise<void> {
  const version = (await captureCompose(runner, spec, ["version", "--short"])).trim();
  if (!isOlderCompose(version)) return;
  throw missingError(
    "compose_old",
    `docker compose ${version} cannot give a worktree containers of its own: ${OLDEST.join(".")} or newer is needed`,
    "update Docker's compose plugin: https://docs.docker.com/compose/install/",
  );
}

/** Whether a version, such as `v2.20.3` or `2.26.1-desktop.1`, is too old. One that cannot be read is not. */
export function isOlderCompose(version: string): boolean {
  const parts = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version)?.slice(1).map(Number);
  if (parts === undefined) return false;
  const place = OLDEST.findIndex((least, index) => (parts[index] || 0) !== least);
  return place >= 0 && (parts[place] || 0) < (OLDEST[place] ?? 0);
}

/** Compose's JSON. */
export function parseComposeConfig(config: unknown): ComposeConfig {
  const project = stringAt(config, "name") ?? "";
  return {
    project,
    services: mapAt(config, "services", readService),
    volumes: mapAt(config, "volumes", (volume, key) => ({ ...readNamed(volume, project, key), ...readDevice(volume) })),
    networks: mapAt(config, "networks", (network, key) => ({
      ...readNamed(network, project, key),
      hasSubnet: listAt(objectAt(network, "ipam"), "config").length > 0,
    })),
  };
}

function readService(service: unknown): ComposeService {
  return {
    image: stringAt(service, "image"),
    containerName: stringAt(service, "container_name"),
    networkMode: stringAt(service, "network_mode"),
    environment: mapAt(service, "environment", (value) => String(value ?? "")),
    words: [...listAt(service, "entrypoint"), ...listAt(service, "command")].map(String),
    ports: listAt(service, "ports").map(readPort),
    mounts: listAt(service, "volumes").map(readMount),
    volumesFrom: listAt(service, "volumes_from").map(String),
    networks: [...mapAt(service, "networks", readFixedAddresses)].map(([name, fixedAddresses]) => ({
      name,
      fixedAddresses,
    })),
  };
}

function readPort(port: unknown): ComposePort {
  return {
    target: Number(objectAt(port, "target")),
    published: Number.parseInt(String(objectAt(port, "published")), 10) || undefined,
    hostIp: stringAt(port, "host_ip"),
    protocol: stringAt(port, "protocol") ?? "tcp",
  };
}

function readMount(mount: unknown): ComposeMount {
  return {
    type: stringAt(mount, "type") ?? "",
    source: stringAt(mount, "source"),
    target: stringAt(mount, "target") ?? "",
    readOnly: objectAt(mount, "read_only") === true,
  };
}

function readFixedAddresses(network: unknown): string[] {
  return ["ipv4_address", "ipv6_address"].filter((key) => stringAt(network, key) !== undefined);
}

function readNamed(entry: unknown, project: string, key: string): { name: string; external: boolean } {
  return { name: stringAt(entry, "name") ?? `${project}_${key}`, external: objectAt(entry, "external") === true };
}

function readDevice(volume: unknown): { device: string | undefined } {
  const options = objectAt(volume, "driver_opts");
  return { device: stringAt(options, "type") === "tmpfs" ? undefined : stringAt(options, "device") };
}

function mapAt<T>(value: unknown, key: string, read: (entry: unknown, key: string) => T): Map<string, T> {
  const entries: [string, unknown][] = Object.entries(Object(objectAt(value, key)));
  return new Map(entries.map(([name, entry]) => [name, read(entry, name)]));
}

function listAt(value: unknown, key: string): unknown[] {
  const list = objectAt(value, key);
  return Array.isArray(list) ? list : [];
}
