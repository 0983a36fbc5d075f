/** What worktrees have of their own, wherever it is: found by marks and labels, never by names. */
import { isAnyWorktrees, isOwnedMark } from "../postgres/ownership.ts";
import { schemaSizeBytes } from "../postgres/schema.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { type Isolation, readRegistry, type WorktreeRow } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { clusterFolder } from "../resolve/worktree-target.ts";
import { loadCluster } from "../server/local-cluster.ts";
import { findOwnedResources, type OwnedProject } from "../server/owned-resources.ts";
import {
  findBelongings,
  inDatabase,
  listDatabases,
  listRoles,
  listSchemas,
  type MarkedDatabase,
  type MarkedRole,
  type MarkedSchema,
  onServer,
} from "../unit/marks.ts";
import { openMain } from "./open-main.ts";
import type { WorktreeTools } from "./tools.ts";

export interface SizedSchema extends MarkedSchema {
  sizeBytes: number;
}

/** What belongs to one worktree. */
export interface Belongings {
  /** On main's server: its database first, then the snapshots of it and what a restore has replaced. */
  databases: MarkedDatabase[];
  /** In main's database. */
  schemas: SizedSchema[];
  /** That own the schemas. */
  roles: MarkedRole[];
  /** On the docker engine. */
  projects: OwnedProject[];
  /** On this machine. */
  clusters: OwnedCluster[];
}

/** A private cluster of a worktree's own. */
export interface OwnedCluster {
  worktree: string;
  /** Where its data is. */
  home: string;
}

/** Everything that carries a mark or label of this repository's worktrees. */
export interface Inventory {
  /** Undefined where no worktree can have anything on main's server. */
  main: LiveTarget | undefined;
  databases: MarkedDatabase[];
  schemas: SizedSchema[];
  roles: MarkedRole[];
  projects: OwnedProject[];
  clusters: OwnedCluster[];
}

/**
 * Looks everywhere where worktrees may have something: main's server, started for it where that is wanted, and the
 * docker engine. Throws (exit 4) when one of them cannot be seen: what is not seen would look as if it were gone.
 */
export async function takeInventory(
  tools: WorktreeTools,
  { repository, kinds, start }: { repository: string; kinds: ReadonlySet<Isolation>; start: boolean },
): Promise<Inventory> {
  const onMain = kinds.has("database") || kinds.has("schema");
  const onDocker = kinds.has("container") && tools.loaded.config.server.kind !== "local";
  const [shared, projects, clusters] = await Promise.all([
    onMain ? lookAtMain(tools, start, kinds.has("schema")) : { main: undefined, ...NOTHING_THERE },
    onDocker ? findOwnedResources(tools.operation.runner, repository) : [],
    listClusters(tools),
  ]);
  return { ...shared, projects, clusters };
}

async function listClusters({ stateDir }: WorktreeTools): Promise<OwnedCluster[]> {
  const rows = await listKnown(stateDir);
  const found = await Promise.all(
    rows.map(async ({ id }) => ({ worktree: id, cluster: await loadCluster(clusterFolder(stateDir, id)) })),
  );
  return found.flatMap(({ worktree, cluster }) => (cluster === undefined ? [] : [{ worktree, home: cluster.home }]));
}

/** The rows of all worktrees, of the parked ones too. */
async function listKnown(stateDir: string): Promise<WorktreeRow[]> {
  const { rows, parked } = await readRegistry(stateDir);
  return [...rows, ...parked.map(({ row }) => row)];
}

/** The kinds of isolation that the repository's worktrees have, or would get. */
export async function listKinds({ stateDir, loaded }: WorktreeTools): Promise<Set<Isolation>> {
  const rows = await listKnown(stateDir);
  return new Set([loaded.config.isolation, ...rows.map(({ isolation }) => isolation)]);
}

async function lookAtMain(
  tools: WorktreeTools,
  start: boolean,
  withSchemas: boolean,
): Promise<Pick<Inventory, "main" | "databases" | "schemas" | "roles">> {
  const main = await openMain(tools, start);
  const now = tools.operation.clock.now();
  const databases = await onServer(main, now, (sql) => listDatabases(sql, { sizes: true }));
  if (!withSchemas) return { main, ...NOTHING_THERE, databases };
  return await inDatabase(main, now, async (sql) => {
    const roles = (await listRoles(sql)).filter(({ mark }) => isAnyWorktrees(mark));
    return { main, databases, schemas: await listSizedSchemas(sql), roles };
  });
}

const NOTHING_THERE = { databases: [], schemas: [], roles: [] };

async function listSizedSchemas(sql: Sql): Promise<Inventory["schemas"]> {
  const marked = (await listSchemas(sql)).filter(({ mark }) => isAnyWorktrees(mark));
  const sized: Inventory["schemas"] = [];
  for (const each of marked) sized.push({ ...each, sizeBytes: await schemaSizeBytes(sql, each.schema) });
  return sized;
}

/** What of the inventory belongs to one worktree. */
export function belongingsOf(
  { main, databases, schemas, roles, projects, clusters }: Inventory,
  worktree: string,
): Belongings {
  const own = schemas.filter(({ mark }) => isOwnedMark(mark, worktree));
  const snapshotsOf = own.map(({ schema }) => `${main?.database}/${schema}`);
  return {
    databases: findBelongings(databases, worktree, snapshotsOf),
    schemas: own,
    roles: roles.filter(({ mark }) => isOwnedMark(mark, worktree)),
    projects: projects.filter((project) => project.worktree === worktree),
    clusters: clusters.filter((cluster) => cluster.worktree === worktree),
  };
}
