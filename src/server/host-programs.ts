/** PostgreSQL's programs of this machine: where they lie and of which version they are. */
import { readdir, realpath } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { parseVersion } from "../postgres/version.ts";
import { pathExists } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";

export interface HostPrograms {
  folder: string;
  major: number;
  minor: number;
  /** initdb, pg_ctl and postgres are there too. */
  hasServer: boolean;
}

/** Debian and Ubuntu, Homebrew on both kinds of Mac, Postgres.app, Red Hat's and SUSE's packages. */
const PLACES = [
  "/usr/lib/postgresql/*/bin",
  "/opt/homebrew/opt/postgresql@*/bin",
  "/opt/homebrew/opt/libpq/bin",
  "/opt/homebrew/bin",
  "/usr/local/opt/postgresql@*/bin",
  "/usr/local/opt/libpq/bin",
  "/Applications/Postgres.app/Contents/Versions/*/bin",
  "/usr/pgsql-*/bin",
  "/usr/lib/postgresql*/bin",
];

const CLIENT_PROGRAMS = ["pg_dump", "pg_restore", "psql"];
const SERVER_PROGRAMS = ["initdb", "pg_ctl", "postgres"];

const known = new Map<string, Promise<HostPrograms[]>>();

/** Every folder of PostgreSQL's programs, newest first. Asked once per PATH. */
export function findHostPrograms(runner: Runner, path = process.env.PATH ?? ""): Promise<HostPrograms[]> {
  const asked = known.get(path) ?? searchFolders(runner, [...path.split(delimiter), ...PLACES]);
  known.set(path, asked);
  return asked;
}

/** The folders among `patterns` (one `*` each, at most) that hold PostgreSQL's programs, newest first. */
export async function searchFolders(runner: Runner, patterns: readonly string[]): Promise<HostPrograms[]> {
  const folders = new Set<string>();
  for (const pattern of patterns) {
    for (const folder of await expandPattern(pattern)) folders.add(folder);
  }
  const found = await Promise.all([...folders].map((folder) => describeFolder(runner, folder)));
  return found
    .filter((one): one is HostPrograms => one !== undefined)
    .sort((a, b) => b.major - a.major || b.minor - a.minor);
}

async function expandPattern(pattern: string): Promise<string[]> {
  const parts = pattern.split("/");
  const star = parts.findIndex((part) => part.includes("*"));
  if (star < 0) return pattern === "" ? [] : [pattern];
  const parent = parts.slice(0, star).join("/") || "/";
  const [before = "", after = ""] = (parts[star] ?? "").split("*");
  const names = await readdir(parent).catch(() => []); // no such place on this machine
  return names
    .filter((name) => name.startsWith(before) && name.endsWith(after) && name.length > before.length + after.length)
    .map((name) => join(parent, name, ...parts.slice(star + 1)));
}

async function describeFolder(runner: Runner, folder: string): Promise<HostPrograms | undefined> {
  if (!(await holdsAll(folder, CLIENT_PROGRAMS))) return undefined;
  // Debian's /usr/bin/pg_dump is a wrapper that chooses a version by rules of its own; the real ones are elsewhere.
  const real = await realpath(join(folder, "pg_dump"));
  if (basename(real) !== "pg_dump") return undefined;
  const command = { file: join(folder, "pg_dump"), args: ["--version"], env: {}, secrets: [] };
  const said = await runner.capture(command, { timeoutMs: 10_000 }).catch(() => undefined); // broken: as good as none
  const version = said === undefined ? undefined : parseVersion(said.stdout);
  return version === undefined ? undefined : { folder, ...version, hasServer: await holdsAll(folder, SERVER_PROGRAMS) };
}

async function holdsAll(folder: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    if (!(await pathExists(join(folder, name)))) return false;
  }
  return true;
}

/** The oldest programs that understand a server of that version: not older than it. */
export function chooseClientPrograms(found: readonly HostPrograms[], serverMajor: number): HostPrograms | undefined {
  return found.filter((one) => one.major >= serverMajor).sort((a, b) => a.major - b.major || b.minor - a.minor)[0];
}

/** The newest programs that can run a server, or those of the version asked for. */
export function chooseServerPrograms(
  found: readonly HostPrograms[],
  major: number | undefined,
): HostPrograms | undefined {
  return found
    .filter((one) => one.hasServer && (major === undefined || one.major === major))
    .sort((a, b) => b.major - a.major || b.minor - a.minor)[0];
}

/** "15.18 and 17.2", or "none". */
export function listVersions(found: readonly HostPrograms[]): string {
  const versions = [...new Set(found.map(({ major, minor }) => `${major}.${minor}`))];
  return versions.length === 0 ? "none" : versions.join(" and ");
}
