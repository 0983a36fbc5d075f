/** Which target a finding is of, whatever it is called; and whether that target is still there. */
import { createHash } from "node:crypto";
import type { MeasureScope } from "../../config/measures.ts";
import { eachAddress } from "../../postgres/url.ts";
import { spellOneWay } from "../../resolve/same-server.ts";
import type { Target } from "../../resolve/target.ts";
import { hasOwnServer } from "../../resolve/worktree-target.ts";

/**
 * What tells a target from all others, as long as it lives. Its name does not: two URLs may lead to databases of one name, an
 * environment may be called like a worktree, and a worktree may be made anew. What is measured of a server, or of the
 * repository, is the same at whichever of its targets it was measured.
 */
export function identityOf(target: Target, scope: MeasureScope): string {
  if (scope === "store" || scope === "repository") return "repository";
  const { worktree, environment, label } = target;
  if (worktree !== undefined)
    return scope === "server" && !hasOwnServer(worktree) ? MAIN : `worktree ${worktree.id} ${worktree.name}`;
  if (environment !== undefined) return `environment ${environment}`;
  if (label === MAIN) return MAIN; // a URL's label is "main on …", though its name may be "main"
  return describePlace(target, scope);
}

const MAIN = "main";

/** By a hash: where somebody's database is need not be read in a file. */
function describePlace({ dialled, server, login, schema }: Target, scope: MeasureScope): string {
  const connection = server.kind === "url" ? server.connection : undefined;
  const addresses = dialled !== undefined ? [dialled] : connection === undefined ? [] : eachAddress(connection);
  const inside = scope === "server" ? [] : [login.database ?? connection?.database, schema];
  const place = JSON.stringify([addresses.map(spellOneWay), ...inside]);
  return `${scope === "server" ? "server" : "database"} ${createHash("sha256").update(place).digest("hex").slice(0, 16)}`;
}

/** The targets that a repository has now. Undefined where that cannot be read: what is not seen is not gone. */
export interface KnownTargets {
  /** The ids of the worktrees that have data. */
  worktrees: ReadonlySet<string> | undefined;
  environments: ReadonlySet<string> | undefined;
}

/** A target that is not there any more. */
export interface GoneTarget {
  name: string;
  /** Why, in a few words. */
  why: string;
}

/** The target of that identity, where it is gone for certain. */
export function findGoneTarget(identity: string, { worktrees, environments }: KnownTargets): GoneTarget | undefined {
  const [, kind, rest = ""] = /^(worktree|environment) (.*)$/s.exec(identity) ?? [];
  if (kind === "worktree") {
    const [id = "", ...name] = rest.split(" ");
    if (worktrees?.has(id) !== false) return undefined;
    return { name: name.join(" "), why: "the target is gone: the worktree was removed" };
  }
  if (kind === undefined || environments?.has(rest) !== false) return undefined;
  return { name: rest, why: "the target is gone: pgrove.yaml names no such environment any more" };
}
