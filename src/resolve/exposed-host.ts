/**
 * Whether a repository sends what is its user's own to a host that it names itself. What the shell and env files say is the
 * user's, but for an env file that is committed; and whoever has a secret in a variable may name its host in another one.
 */
import { basename, dirname } from "node:path";
import type { LoadedConfig } from "../config/load-config.ts";
import type { ValueSource } from "../config/variable-references.ts";
import { type Connection, parseConnectionUrl } from "../postgres/url.ts";
import { gitCommand } from "../repo/git.ts";
import type { TrustItem } from "../repo/trust-items.ts";
import type { TargetPlace } from "./target-place.ts";

export type ExposurePlace = Pick<TargetPlace, "environment" | "serverTools">;

/** Whether that host is this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Keys whose values stay on this machine. */
const STAYS = /^(?:worktrees|dumps|env|environments|seeds|migrations|client_image|ports|services)\b/;

/** What the server of pgrove.yaml would be given that needs approval; undefined where there is nothing of that. */
export async function findExposure(loaded: LoadedConfig, place: ExposurePlace): Promise<TrustItem | undefined> {
  const { server } = loaded.config;
  if (server.kind !== "url" || !server.url) return undefined;
  const connection = parseConnectionUrl(server.url, "server.url");
  if (isLoopback(connection.host) || connection.host.startsWith("/")) return undefined;
  const written = loaded.interpolated.filter(({ path, from }) => from !== "default" && !STAYS.test(path));
  const committed = await findCommitted(loaded, written, place);
  const own = written.filter(({ name, from }) => from === "environment" || !committed.has(name));
  const namesHost = (source: ValueSource) =>
    own.some(({ path, name, from }) => from === source && path === "server.url" && isHost(textOf(name, source)));
  const isHost = (value: string | undefined) => value === server.url || value === connection.host;
  const textOf = (name: string, source: ValueSource) =>
    source === "environment" ? place.environment[name] : loaded.envFile.values[name];
  if (namesHost("environment")) return undefined;
  const exposed = namesHost("env_file") ? own.filter(({ from }) => from === "environment") : own;
  if (exposed.length === 0) return undefined;
  const names = [...new Set(exposed.map(({ name }) => name))].sort().join(", ");
  return { key: "server.url", text: `${showHost(connection)} is sent ${names}` };
}

function showHost({ host, port }: Connection): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
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
