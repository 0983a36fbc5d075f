/**
 * A private cluster's files. The folder appears whole, by one rename, so that of two makers one wins and a killed one
 * leaves nothing that could be taken for a cluster.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { configError, failure, messageOf } from "../errors.ts";
import { ensureDir, errorCode, pathExists, readTextIfExists, writeFileAtomic } from "../sys/files.ts";
import { whole } from "../sys/form.ts";
import type { Command, Runner } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import { parseJson } from "../sys/untyped.ts";
import type { HostPrograms } from "./host-programs.ts";
import { type Account, runAs } from "./local-account.ts";
import { administratorBeside, FIRST_WITH_ADMINISTRATOR, type LocalRole, makeOwner } from "./local-roles.ts";

/** What `settings.json` remembers. */
export interface ClusterSettings {
  major: number;
  port: number;
  /** Whose the databases are. In a cluster of before there were administrators it is the superuser that initdb made. */
  user: string;
  /** The superuser that initdb made, where pgrove alone logs in as it. */
  administrator?: string;
  /** Where data and log are, when not beside this file: a git folder below /root is closed to PostgreSQL's user. */
  home?: string;
}

export interface Cluster {
  /** Where settings and password are. */
  folder: string;
  settings: ClusterSettings;
  home: string;
  dataFolder: string;
  logFile: string;
}

const SETTINGS = "settings.json";
const PASSWORD = "password";
const ADMINISTRATORS_PASSWORD = "administrator-password";
/** That of clusters without an administrator, and with one: an older pgrove would take the latter for the former. */
const [WITHOUT_ADMINISTRATOR, WITH_ADMINISTRATOR] = [1, 2] as const;
const ROOTS_HOME = "/var/lib/pgrove";

/** The cluster in the folder; undefined when none was made yet. */
export async function loadCluster(folder: string): Promise<Cluster | undefined> {
  const text = await readTextIfExists(join(folder, SETTINGS));
  if (text === undefined) return undefined;
  const settings = readSettings(text, join(folder, SETTINGS));
  const home = settings.home ?? folder;
  return { folder, settings, home, dataFolder: join(home, "data"), logFile: join(home, "server.log") };
}

function readSettings(text: string, path: string): ClusterSettings {
  const read = parseJson(text);
  if (read === undefined) {
    throw configError(
      `${path} is damaged: it is not JSON`,
      "the data beside it is whole; ask for help before removing",
    );
  }
  if (!v.is(settingsForm, read)) {
    throw configError(`${path} was not written by this version of pgrove`, "use a newer pgrove");
  }
  const { version: _, ...settings } = read;
  const { home } = settings;
  if (home !== undefined && !isChosenHome(home)) {
    throw configError(
      `${path} names a folder that pgrove does not make: ${home}`,
      "look at it; pgrove did not write it",
    );
  }
  return settings;
}

const remembered = { major: whole, port: whole, user: v.string(), home: v.exactOptional(v.string()) };
const settingsForm = v.variant("version", [
  v.object({ version: v.literal(WITHOUT_ADMINISTRATOR), administrator: v.exactOptional(v.never()), ...remembered }),
  v.object({ version: v.literal(WITH_ADMINISTRATOR), administrator: v.string(), ...remembered }),
]);

/** Changes what is remembered. */
export async function saveSettings(cluster: Cluster, settings: ClusterSettings): Promise<Cluster> {
  await writeFileAtomic(join(cluster.folder, SETTINGS), formatSettings(settings));
  return { ...cluster, settings };
}

function formatSettings(settings: ClusterSettings): string {
  const version = settings.administrator === undefined ? WITHOUT_ADMINISTRATOR : WITH_ADMINISTRATOR;
  return `${JSON.stringify({ version, ...settings }, undefined, 2)}\n`;
}

/** The user's or the administrator's password, as it was made with the cluster. */
export async function readPassword(
  cluster: Cluster,
  whose: "user" | "administrator" = "user",
): Promise<string | undefined> {
  const file = whose === "user" ? PASSWORD : ADMINISTRATORS_PASSWORD;
  return (await readTextIfExists(join(cluster.folder, file)))?.trim();
}

export interface ClusterPlan {
  folder: string;
  programs: HostPrograms;
  account: Account | undefined;
  /** Whose the databases are to be. */
  user: string;
  password: string | undefined;
  port: number;
  abort: AbortSignal;
}

/** Makes the cluster. When another pgrove was quicker, its cluster is the answer. */
export async function createCluster(runner: Runner, plan: ClusterPlan): Promise<Cluster> {
  const parent = dirname(plan.folder);
  await ensureDir(parent);
  await removeStaleDrafts(parent, basename(plan.folder));
  const draft = join(parent, `.${basename(plan.folder)}.${process.pid}.${randomBytes(3).toString("hex")}.tmp`);
  await mkdir(draft, { mode: 0o700 });
  // PostgreSQL's user has to pass through both; what lies in them is closed to it by its own modes.
  if (plan.account !== undefined) await Promise.all([chmod(parent, 0o711), chmod(draft, 0o711)]);
  const home = await chooseHome(runner, plan, draft);
  try {
    const [user, administrator] = [
      { name: plan.user, password: plan.password ?? randomPassword() },
      { name: administratorBeside(plan.user), password: randomPassword() },
    ];
    const parted = plan.programs.major >= FIRST_WITH_ADMINISTRATOR;
    await writeFile(join(draft, PASSWORD), `${user.password}\n`, { mode: 0o600 });
    if (parted) await writeFile(join(draft, ADMINISTRATORS_PASSWORD), `${administrator.password}\n`, { mode: 0o600 });
    const settings: ClusterSettings = {
      ...{ major: plan.programs.major, port: plan.port, user: user.name },
      ...(parted ? { administrator: administrator.name } : {}),
      ...(home === draft ? {} : { home }),
    };
    await writeFile(join(draft, SETTINGS), formatSettings(settings), { mode: 0o600 });
    await writeFile(join(home, "server.log"), "", { mode: 0o600 });
    await give(join(home, "server.log"), plan.account);
    await initialise(runner, plan, home, parted ? administrator : user);
    if (parted) await makeOwner(runner, { ...plan, data: join(home, "data") }, user);
    if (!(await publish(draft, plan.folder))) await discard(draft, home);
  } catch (error) {
    await discard(draft, home);
    throw error;
  }
  const cluster = await loadCluster(plan.folder);
  if (cluster === undefined) throw failure("local_broken", `${plan.folder} holds no cluster though it was just made`);
  return cluster;
}

function randomPassword(): string {
  return randomBytes(18).toString("base64url");
}

async function discard(draft: string, home: string): Promise<void> {
  await rm(draft, { recursive: true, force: true });
  if (home !== draft) await rm(home, { recursive: true, force: true });
}

/** False when the folder is taken. */
async function publish(draft: string, folder: string): Promise<boolean> {
  try {
    await rename(draft, folder);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOTEMPTY" || errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** The draft itself, unless PostgreSQL's user cannot get there. */
async function chooseHome(runner: Runner, { account, folder }: ClusterPlan, draft: string): Promise<string> {
  if (account === undefined) return draft;
  const look: Command = { file: "test", args: ["-x", draft], env: {}, secrets: [], cwd: "/" };
  if ((await runner.capture(runAs(account, look), { allowFailure: true })).exitCode === 0) return draft;
  await mkdir(ROOTS_HOME, { recursive: true, mode: 0o711 });
  const home = join(ROOTS_HOME, `${shortHash(folder)}-${randomBytes(3).toString("hex")}`);
  await mkdir(home, { mode: 0o711 });
  return home;
}

/** Whether a folder is one that `chooseHome` makes beside the cluster's own: no file of a repository names another one. */
function isChosenHome(home: string): boolean {
  return dirname(home) === ROOTS_HOME && /^[0-9a-f]{12}-[0-9a-f]{6}$/.test(basename(home));
}

export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

async function give(path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

const INVALID_LOCALE = /invalid locale|locale name|could not find suitable|encoding mismatch/i;

async function initialise(
  runner: Runner,
  plan: ClusterPlan,
  home: string,
  { name, password }: LocalRole,
): Promise<void> {
  const dataFolder = join(home, "data");
  const passwordFile = join(home, "initial-password");
  await mkdir(dataFolder, { mode: 0o700 });
  await give(dataFolder, plan.account);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await give(passwordFile, plan.account);
  try {
    const locales = candidateLocales(process.env);
    for (const [index, locale] of locales.entries()) {
      try {
        const command = initdbCommand(plan, name, dataFolder, passwordFile, locale);
        await runner.capture(runAs(plan.account, { ...command, cwd: home }), { abort: plan.abort });
        return;
      } catch (error) {
        if (index === locales.length - 1 || !isLocaleError(error)) throw explainInitdb(error);
      }
    }
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function initdbCommand(
  { programs }: ClusterPlan,
  user: string,
  data: string,
  passwordFile: string,
  locale: string,
): Command {
  const args = [
    ...["-D", data, "--username", user, `--pwfile=${passwordFile}`],
    ...["--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--data-checksums"],
    ...["--encoding=UTF8", `--locale=${locale}`, "--lc-messages=C"],
  ];
  return { file: join(programs.folder, "initdb"), args, env: { LC_ALL: "C" }, secrets: [] };
}

/** The user's own locale where it is UTF-8, then what most machines have. */
export function candidateLocales(env: Readonly<Record<string, string | undefined>>): string[] {
  const own = env.LC_ALL || env.LC_COLLATE || env.LANG || "";
  return [...new Set([...(/utf-?8/i.test(own) ? [own] : []), "en_US.UTF-8", "C.UTF-8", "C"])];
}

function isLocaleError(error: unknown): boolean {
  return error instanceof ToolError && INVALID_LOCALE.test(error.failure.stderr.join("\n"));
}

function explainInitdb(error: unknown): unknown {
  if (!(error instanceof ToolError) || error.failure.aborted) return error;
  return failure("local_not_made", `the local server could not be made: ${messageOf(error)}`, "pgrove doctor", error);
}

/**
 * Removes a cluster that does not run, with its data, and what killed makers have left of it. No error when there is
 * none. Its settings go last: they say where the rest is.
 */
export async function removeCluster(folder: string): Promise<void> {
  const cluster = await loadCluster(folder);
  if (cluster !== undefined && cluster.home !== folder) await rm(cluster.home, { recursive: true, force: true });
  if (await pathExists(dirname(folder))) await removeStaleDrafts(dirname(folder), basename(folder));
  await rm(folder, { recursive: true, force: true });
}

/** Drafts of makers that were killed. */
async function removeStaleDrafts(parent: string, name: string): Promise<void> {
  const draft = new RegExp(`^\\.${RegExp.escape(name)}\\.(\\d+)\\.[0-9a-f]+\\.tmp$`);
  for (const entry of await readdir(parent)) {
    const pid = Number(draft.exec(entry)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const left = join(parent, entry);
    const settings = await readFile(join(left, SETTINGS), "utf8").catch(() => undefined);
    const home = settings === undefined ? undefined : readSettings(settings, join(left, SETTINGS)).home;
    await discard(left, home ?? left);
  }
}

/** Whether a process of that number lives, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}
