/**
 * Whether a repository sends what is its user's own to a host that it names itself. What the shell and env files say is the
 * user's, but for an env file that is committed; and whoever has a secret in a variable may name its host in another one.
 */
import { basename, dirname } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import type { ValueSource } from "../config/variable-references.ts";
import { findPassfilePassword } from "../postgres/passfile.ts";
import { type Connection, eachAddress, isSocket, parseConnectionUrl } from "../postgres/url.ts";
import { gitCommand } from "../repo/git.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import type { TargetPlace } from "./target-place.ts";

export type ExposurePlace = Pick<TargetPlace, "environment" | "serverTools">;

/** The URL of pgrove.yaml; libpq's variables complete it only where it is the user's own. */
export function readOwnUrl(loaded: LoadedConfig, url: string, environment: Environment): Connection {
  const isOwn = loaded.interpolated.some(
    ({ path, name, from }) => path === "server.url" && from === "environment" && environment[name] === url,
  );
  return parseConnectionUrl(url, "server.url", { environment: isOwn ? environment : {}, isOwn });
}

/** Whether the server is on this machine, as far as the URL says. */
export function isHere(connection: Connection): boolean {
  const address = connection.hostaddr ?? connection.host;
  return isSocket(connection) || address === "localhost" || address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);
}

/** Keys whose values stay on this machine. */
const STAYS = /^(?:worktrees|dumps|env|environments|seeds|migrations|client_image|ports|services)\b/;

/** What the server of pgrove.yaml would be given that needs approval; undefined where there is nothing of that. */
export async function findExposure(loaded: LoadedConfig, place: ExposurePlace): Promise<TrustItem | undefined> {
  const { server } = loaded.config;
  if (server.kind !== "url" || !server.url) return undefined;
  const connection = readOwnUrl(loaded, server.url, place.environment);
  const away = eachAddress(connection).filter((each) => !isHere(each));
  if (away.length === 0) return undefined;
  const written = loaded.interpolated.filter(({ path, from }) => from !== "default" && !STAYS.test(path));
  const committed = await findCommitted(loaded, written, place);
  const own = written.filter(({ name, from }) => from === "environment" || !committed.has(name));
  const namesHost = (source: ValueSource) =>
    own.some(({ path, name, from }) => from === source && path === "server.url" && isHost(textOf(name, source)));
  const { host, hostaddr = host, others } = connection;
  const isHost = (value: string | undefined) =>
    value === server.url || (value === host && value === hostaddr && others === undefined);
  const textOf = (name: string, source: ValueSource) =>
    source === "environment" ? place.environment[name] : loaded.envFile.values[name];
  if (namesHost("environment")) return undefined;
  const exposed = namesHost("env_file") ? own.filter(({ from }) => from === "environment") : own;
  const names = [...new Set(exposed.map(({ name }) => name))].sort();
  if (!namesHost("env_file") && typeof loaded.config.database.password === "object") {
    names.push("the password that database.password says where to find");
  } else if (!namesHost("env_file") && (await isSentPassword(loaded, away))) names.push("a password of ~/.pgpass");
  if (names.length === 0) return undefined;
  return { key: "server.url", text: `${away.map(showHost).join(", ")} is sent ${names.join(", ")}` };
}

function showHost({ host, port, hostaddr }: Connection): string {
  const name = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return hostaddr === undefined ? name : `${name} at ${hostaddr}`;
}

/** Whether a password is sent that its user has not kept for that very host: for any host, or for the name of another one. */
async function isSentPassword({ config }: LoadedConfig, away: readonly Connection[]): Promise<boolean> {
  const { user, password, name } = config.database;
  for (const each of away) {
    if ((password ?? each.password) !== undefined) continue;
    const login = { ...each, user: user ?? each.user, database: name ?? each.database };
    const asked = each.hostaddr === undefined ? { ...login, host: "\0" } : login; // a host that no line names
    if ((await findPassfilePassword(asked)) !== undefined) return true;
  }
  return false;
}

/** The variables whose env file git tracks: that is the repository's word, not its user's. */
async function findCommitted(
  loaded: LoadedConfig,
  written: LoadedConfig["interpolated"],
  place: ExposurePlace,
): Promise<ReadonlySet<string>> {
  const names = new Map<string, string[]>();
  for (const { name, from } of written) {
    const file = from === "env_file" ? loaded.envFile.fileOf(name) : undefined;
    if (file !== undefined) names.set(file, [...(names.get(file) ?? []), name]);
  }
  if (names.size === 0) return new Set();
  const { runner } = await place.serverTools();
  const committed: string[] = [];
  for (const [file, each] of names) {
    const question = ["ls-files", "--error-unmatch", "--", basename(file)];
    const { exitCode } = await runner.capture(gitCommand(dirname(file), question), { allowFailure: true });
    if (exitCode === 0) committed.push(...each);
  }
  return new Set(committed);
}
