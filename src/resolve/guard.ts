/**
 * What is protected is the database, and not the name that it was given: by its URL, another env file, another environment
 * or as main it is the same. Known by address, port and name; then by what its server said on the last visit. Servers are
 * not dialled for this.
 */
import { refusal } from "../errors.ts";
import { parseMark } from "../postgres/ownership.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { openServer } from "../server/open-server.ts";
import type { ServerTools } from "../server/server.ts";
import { isPlan } from "../sys/operation.ts";
import { type Identity, isSameIdentity, readIdentity, readVisits, rememberVisit, type Visit } from "./identities.ts";
import { databaseOf, sameDatabaseAs } from "./same-server.ts";
import type { LiveTarget, Target } from "./target.ts";
import type { TargetPlace } from "./target-place.ts";

/** A protected environment of some pgrove.yaml, and the target that it is there. */
export interface Guard {
  name: string;
  target(): Promise<Target>;
  /** What people are told when it counts. */
  note?: string;
}

/**
 * The target, protected where it is a protected environment's database. Not for a worktree's own: its server may be a copy
 * of a protected one's files.
 */
export async function withProtection(target: Target, place: TargetPlace, guards: readonly Guard[]): Promise<Target> {
  if (guards.length === 0) return target;
  const names = [...new Set(guards.map(({ name }) => name))];
  const guarded = { ...target, guards: names };
  if (target.protected) return guarded;
  const tools = await place.serverTools();
  const found = await Promise.all(
    guards.map(async (guard) => ({ ...guard, own: await guard.target().catch(() => undefined) })),
  );
  const isSame = sameDatabaseAs(target, tools);
  for (const { name, own, note } of found) {
    if (own === undefined || !(await isSame(own))) continue;
    if (note !== undefined) place.note(note);
    return protectedAs(guarded, name);
  }
  const known = await findVisited(target, names, await place.stateDir(), tools);
  return known === undefined ? guarded : protectedAs(guarded, known);
}

function protectedAs(target: Target, name: string): Target {
  return { ...target, protected: true, ...(target.environment === name ? {} : { protectedAs: name }) };
}

/** The protected environment that the target's last visit was to, under another address. */
async function findVisited(
  target: Target,
  names: readonly string[],
  stateDir: string,
  tools: ServerTools,
): Promise<string | undefined> {
  const visits = await readVisits(stateDir);
  const { label } = openServer(target.server, target.login, tools);
  const there = visits.filter(({ server }) => server === label);
  if (there.length === 0) return undefined;
  const database = await databaseOf(target, tools);
  const own = there.find((each) => each.database === database);
  return own === undefined ? undefined : findProtected(own, names, visits);
}

function findProtected(own: Visit, names: readonly string[], visits: readonly Visit[]): string | undefined {
  const same = visits.find(
    ({ environment, ...visit }) => names.includes(environment ?? "") && isSameIdentity(own, visit),
  );
  return same?.environment;
}

function isOwnEnvironment({ protected: isProtected, protectedAs }: Target): boolean {
  return isProtected && protectedAs === undefined;
}

/** Remembers who a protected environment's server is, for whoever only looks or runs SQL there; what it does not say is no matter. */
export async function rememberProtected(
  sql: Sql,
  { target, server, database }: Pick<LiveTarget, "target" | "server" | "database">,
  stateDir: string,
): Promise<void> {
  const { environment } = target;
  if (environment === undefined || !isOwnEnvironment(target)) return;
  const read = await readIdentity(sql, database);
  if (read === undefined) return;
  const { system, oid } = read;
  await rememberVisit(stateDir, { server: server.label, database, system, oid, environment });
}

/** Operations that change nothing in the target. */
const READS = new Set(["dump", "verify", "migrate check", "rehearse"]);

/**
 * Remembers whom the session's server is, and refuses (exit 5) to change what turns out to be a protected environment's
 * database: from then on it is known as such, and its name may be confirmed.
 */
export async function requireUnprotected(
  sql: Sql,
  { target, server, database }: LiveTarget,
  { operation, stateDir }: { operation: string; stateDir: string },
): Promise<void> {
  const { guards } = target;
  if (guards === undefined) return;
  const read = await readIdentity(sql, database);
  if (read === undefined) return;
  const { comment, ...identity } = read;
  if (parseMark(comment)?.kind === "worktree") return;
  const visit: Visit & Identity = { server: server.label, database, ...identity };
  const { environment } = target;
  await rememberVisit(
    stateDir,
    environment !== undefined && isOwnEnvironment(target) ? { ...visit, environment } : visit,
  );
  if (target.protected || READS.has(operation) || isPlan(operation)) return;
  const name = findProtected(visit, guards, await readVisits(stateDir));
  if (name === undefined) return;
  throw refusal(
    "protected",
    `${target.label} is the database of ${name}, which is protected, or a copy of its server's files`,
    `the same command with --confirm ${name}, if that is what you want`,
  );
}
