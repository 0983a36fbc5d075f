/** What in a repository would act by itself: each thing that needs its user's approval before it does. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Config } from "../config/config-schema.ts";
import type { Environment } from "../config/env-vars.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { renderTemplate } from "../config/text-template.ts";
import { expandHome, isInside, pathExists } from "../sys/files.ts";
import { stringAt } from "../sys/untyped.ts";
import { isActing } from "./acting-variables.ts";

/** Where the things stand. */
export const TRUST_KEYS = [
  "worktrees.setup",
  "worktrees.teardown",
  "migrations.command.up",
  "migrations.command.down",
  "migrations.command.status",
  "migrations.command.history",
  "migrations.command.create",
  "database.password.command",
  "database.password.file",
  "client_image",
  "server.url",
  "env.set",
  "worktrees.dir",
  "dumps.dir",
  "dumps.key_file",
  "dumps.remote",
  "dumps.after_success.ping",
  "dumps.encrypt",
  "dumps.keep",
  "dumps.prove",
  "snapshots.keep",
  "environments.protected",
  "prune",
  "dumps.identity_file",
  "notify.webhook",
  "notify.ping",
  "notify.command",
  "worktrees.data",
  "server.compose",
  "migrations.dir",
  "seeds.dir",
  "sql",
  "dump",
  "superuser",
] as const;

export type TrustKey = (typeof TRUST_KEYS)[number];

/** Files that setup steps may run. */
export const FILE_KEYS = ["migrations.dir", "seeds.dir", "sql"] as const satisfies readonly TrustKey[];

export interface TrustItem {
  key: TrustKey;
  /** What would act, as it is shown: a command, an image, a file's name. */
  text: string;
  /** The hash of a file's content, where it is that which would act: under whatever name it comes. */
  content?: string;
  /** Where that file is. */
  file?: string;
}

/** What an approval is remembered by. */
export function idOf({ key, text, content }: TrustItem): string {
  const what = content === undefined ? [key, text] : ["content", content];
  return createHash("sha256").update(JSON.stringify(what)).digest("hex");
}

/** One hash of several things, in whatever order they come. */
export function hashOf(items: readonly TrustItem[]): string {
  return createHash("sha256").update(items.map(idOf).sort().join("\n")).digest("hex");
}

/** The commands of pgrove.yaml. */
export function listCommands({ worktrees, migrations, database, notify }: Config): TrustItem[] {
  const tool = migrations.command;
  const one = (command: string | undefined) => (command === undefined ? [] : [command]);
  const all: [TrustKey, readonly string[]][] = [
    ["worktrees.setup", worktrees.setup],
    ["worktrees.teardown", worktrees.teardown],
    ["migrations.command.up", one(tool?.up)],
    ["migrations.command.down", one(tool?.down)],
    ["migrations.command.status", one(tool?.status)],
    ["migrations.command.history", one(tool?.history)],
    ["migrations.command.create", one(tool?.create)],
    ["database.password.command", one(passwordFrom(database, "command"))],
    ["notify.command", notify.flatMap(({ command }) => one(command))],
  ];
  return all.flatMap(([key, commands]) => commands.map((text) => ({ key, text })));
}

/** The command that prints the password, or the file that holds it. */
export function passwordFrom({ password }: Config["database"], kind: "command" | "file"): string | undefined {
  return typeof password === "object" ? stringAt(password, kind) : undefined;
}

/** The file of the password, where it lies outside the repository. */
export async function listPasswordFile({ config, dir, root }: LoadedConfig, home: string): Promise<TrustItem[]> {
  const written = passwordFrom(config.database, "file");
  if (written === undefined || (await isInside(root, resolve(dir, expandHome(written, home))))) return [];
  return [{ key: "database.password.file", text: written }];
}

/** The keys by which others' dumps count as one's own, and by which encrypted ones are read. */
export function listKeys({ dumps }: Config): TrustItem[] {
  const { key_file: shared, identity_file: identity } = dumps;
  return [
    ...(shared === undefined ? [] : [{ key: "dumps.key_file" as const, text: shared }]),
    ...(identity === undefined ? [] : [{ key: "dumps.identity_file" as const, text: identity }]),
  ];
}

/** Who is able to read the dumps, and so perhaps nobody else: by their keys, not by the file that names them. */
export async function listReaders({ config, dir }: LoadedConfig, home: string): Promise<TrustItem[]> {
  const { recipients = [], recipients_file: file, passphrase_file: passphrase } = config.dumps.encrypt ?? {};
  const named = file === undefined ? "" : await readFile(resolve(dir, expandHome(file, home)), "utf8").catch(() => "");
  const listed = named.split("\n").map((line) => line.trim());
  const all = [...recipients, ...listed.filter((line) => line.startsWith("age1"))].sort();
  const text = passphrase === undefined ? [...new Set(all)].join(", ") : `the passphrase in ${passphrase}`;
  return text === "" ? [] : [{ key: "dumps.encrypt", text }];
}

/** Where dumps would be sent. */
export function listRemotes({ dumps: { remote } }: Config): TrustItem[] {
  if (remote === undefined) return [];
  const { s3, dir, ssh } = remote;
  const bucket = s3 === undefined ? [] : [`${s3.endpoint ?? "Amazon S3"}, bucket ${s3.bucket}`];
  const places = [...bucket, ...(dir === undefined ? [] : [dir]), ...(ssh === undefined ? [] : [ssh])];
  return places.map((text) => ({ key: "dumps.remote", text }));
}

/**
 * Who is told of dumps and checks, unless the user's environment holds the whole URL. The URL itself is a secret: its host is
 * shown.
 */
export function listTold(loaded: LoadedConfig, environment: Environment): TrustItem[] {
  const { dumps, notify } = loaded.config;
  const each = [
    { key: "dumps.after_success.ping" as const, path: "dumps.after_success.ping", url: dumps.after_success?.ping },
    ...notify.flatMap(({ webhook, ping }, at) => [
      { key: "notify.webhook" as const, path: `notify.${at}.webhook`, url: webhook },
      { key: "notify.ping" as const, path: `notify.${at}.ping`, url: ping },
    ]),
  ];
  return each.flatMap(({ url, ...place }) => (url ? listUrl(loaded, environment, { ...place, url }) : []));
}

const TOLD_OF: Partial<Readonly<Record<TrustKey, string>>> = {
  "dumps.after_success.ping": "each dump",
  "notify.webhook": "what checks find",
  "notify.ping": "each check",
};

function listUrl(
  { interpolated }: LoadedConfig,
  environment: Environment,
  { key, path, url }: { key: TrustKey; path: string; url: string },
): TrustItem[] {
  const used = interpolated.filter((each) => each.path === path && each.from !== "default");
  if (used.some(({ name, from }) => from === "environment" && environment[name] === url)) return [];
  const names = [...new Set(used.map(({ name }) => name))].sort();
  const what = [TOLD_OF[key] ?? "it", ...(names.length === 0 ? [] : [`and ${names.join(", ")}`])].join(", ");
  const content = createHash("sha256").update(url).digest("hex");
  return [{ key, text: `${URL.parse(url)?.host ?? "?"} is told of ${what}`, content }];
}

/** PostgreSQL's own image, by whatever tag. */
const OFFICIAL = /^(?:docker\.io\/library\/)?postgres:[\w.{}-]+$/;

/** The image whose programs would be given the database's password. */
export function listImages({ client_image: image }: Config): TrustItem[] {
  return OFFICIAL.test(image) ? [] : [{ key: "client_image", text: image }];
}

/** Variables of the env file that would change what programs do. */
export function listActingVariables({ env }: Config): TrustItem[] {
  const all = [env, ...(env.others ?? [])].flatMap(({ set }) => Object.entries(set));
  const acting = all.filter(([name, value]) => [name, ...namesInLines(value)].some(isActing));
  return acting.map(([name, value]) => ({ key: "env.set", text: `${name}=${value}` }));
}

/** What programs that read an env file line by line, as docker's --env-file does, take for variables within a longer value. */
function namesInLines(value: string): string[] {
  const [, ...lines] = value.split(/\r\n|\r|\n/);
  return lines.flatMap((line) => /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]/.exec(line)?.[1] ?? []);
}

/** Where the repository's folders are. */
export interface RepositoryFolders {
  /** The main worktree's; of a bare repository its git folder. */
  base: string;
  /** All that belong to the repository: its git folder, and its worktrees. */
  own: readonly string[];
}

/** The folder of new worktrees, where it lies elsewhere than beside or within the repository. */
export async function listWorktreeFolder({ config }: LoadedConfig, { base }: RepositoryFolders): Promise<TrustItem[]> {
  const written = config.worktrees.dir;
  const values = { name: "name", repo: basename(base).replace(/\.git$/, ""), project: config.project };
  const folder = dirname(resolve(base, renderTemplate(written, values, "worktrees.dir")));
  return (await isNeighbour(folder, base)) ? [] : [{ key: "worktrees.dir", text: written }];
}

/**
 * Whether a folder is within the repository, or beside it: not above, not hidden, and in no other repository. A link on
 * the way counts for where it leads.
 */
async function isNeighbour(folder: string, base: string): Promise<boolean> {
  const around = dirname(base);
  if (!(await isInside(around, folder))) return false;
  const isOwn = await isInside(base, folder);
  const from = isOwn ? base : around;
  const way = relative(from, folder);
  const steps = way === "" ? [] : way.split(sep);
  if (steps.includes("..") || isAbsolute(way) || steps.includes(".git")) return false;
  if (isOwn) return true;
  if (steps.some((step) => step.startsWith("."))) return false;
  for (let count = 1; count <= steps.length; count++) {
    if (await pathExists(join(from, ...steps.slice(0, count), ".git"))) return false;
  }
  return true;
}

/** The store, where it lies within the repository: its dumps would be the branch's, and ours might be committed. */
export async function listStore(
  { config, dir }: LoadedConfig,
  { own }: RepositoryFolders,
  { environment, home }: { environment: Environment; home: string },
): Promise<TrustItem[]> {
  const written = config.dumps.dir;
  if (written === undefined || (environment.BACKUP_DIR ?? "").trim() !== "") return [];
  const folder = resolve(dir, expandHome(renderTemplate(written, { project: config.project }, "dumps.dir"), home));
  const inside = await Promise.all(own.map((each) => isInside(each, folder)));
  return inside.includes(true) ? [{ key: "dumps.dir", text: written }] : [];
}
