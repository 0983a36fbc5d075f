/** Takes away what a worktree has of its own. Nothing goes that does not carry the worktree's mark or labels. */
import { rm } from "node:fs/promises";
import { dropSchema } from "../copy/schema.ts";
import { inTarget, schemaClaims } from "../copy/schema-target.ts";
import { usageError } from "../errors.ts";
import { databaseExists, dropDatabase, requireNothingBound } from "../postgres/admin.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { isWorktreeMark, type Mark } from "../postgres/ownership.ts";
import { dropRole } from "../postgres/role.ts";
import { commentStatement } from "../postgres/swap.ts";
import { removeRow, type WorktreeRow, worktreeStateDir } from "../repo/registry.ts";
import { removeCluster } from "../server/local-cluster.ts";
import { openServer } from "../server/open-server.ts";
import { removeComposeProject } from "../server/owned-resources.ts";
import type { LiveTarget } from "../target/target.ts";
import { withWork } from "../target/work.ts";
import { clusterFolder } from "../target/worktree-target.ts";
import { belongingsOf, takeInventory } from "./belongings.ts";
import { openMain } from "./data.ts";
import { findBelongings, listDatabases, listRoles, listSchemas } from "./marks.ts";
import type { WorktreeTools } from "./tools.ts";

/** Whose belongings, and how much of them. */
export interface Destruction {
  row: WorktreeRow;
  /** The repository's identity. */
  repository: string;
  /** The database or schema stays, and is the user's from then on. */
  keepDatabase: boolean;
}

/**
 * Drops what belongs to a worktree, and forgets it. Throws (exit 5) when another run works on it, or something is bound to
 * it. A second call goes on where the first one was stopped.
 */
export async function destroyBelongings(tools: WorktreeTools, destruction: Destruction): Promise<void> {
  switch (destruction.row.isolation) {
    case "database":
      await dropDatabases(tools, destruction, await openMain(tools, true));
      break;
    case "schema":
      await dropSchemas(tools, destruction, await openMain(tools, true));
      break;
    case "container":
      await removeOwnServer(tools, destruction);
  }
}

/** Takes a worktree out of pgrove's books: its names and ports are free again. */
export async function forgetWorktree({ stateDir }: WorktreeTools, id: string): Promise<void> {
  await rm(worktreeStateDir(stateDir, id), { recursive: true, force: true });
  await removeRow(stateDir, id);
}

/** Throws (exit 2) when the database cannot stay without what goes. */
export function requireSeparable(row: WorktreeRow, keepDatabase: boolean): void {
  if (!keepDatabase || row.isolation !== "container") return;
  throw usageError(
    `the database of ${row.name} is in a container of its own, which goes with the worktree`,
    `pgrove dump ${row.name}        keeps its data`,
  );
}

async function dropDatabases(
  { operation }: WorktreeTools,
  { row, keepDatabase }: Destruction,
  main: LiveTarget,
): Promise<void> {
  const { database } = row;
  const live = { ...main, target: { ...main.target, label: row.name, name: row.name }, database };
  const subject = { operation: "remove", claims: [{ database, mode: "exclusive" as const }], avoid: [database] };
  await withWork(operation, live, subject, async (work) => {
    // Looked at now that the claim keeps other runs away. What goes with the database goes before it.
    const present = findBelongings(await listDatabases(work.control, { sizes: false }), row.id, []);
    for (const each of present.toReversed()) {
      if (each.database === main.database) continue; // main's own is never the one that is dropped
      if (keepDatabase && each.mark?.kind === "worktree") {
        await work.control.unsafe(commentStatement(each.database, null));
        continue;
      }
      if (await databaseExists(work.control, each.database)) await requireNothingBound(work.control, each.database);
      await dropDatabase(work.control, each.database);
    }
    work.operation.details.databases = present.map((each) => each.database);
  });
}

/** Schema and role go by their marks: a run that was killed early has left neither, and their names may be others'. */
async function dropSchemas(
  { operation }: WorktreeTools,
  { row, keepDatabase }: Destruction,
  main: LiveTarget,
): Promise<void> {
  const schema = row.schema ?? "";
  const live = { ...main, target: { ...main.target, label: row.name, name: row.name, worktree: row, schema } };
  await withWork(operation, live, { operation: "remove", claims: schemaClaims(live, "exclusive") }, async (work) => {
    const snapshotsOf = [`${main.database}/${schema}`];
    const saved = findBelongings(await listDatabases(work.control, { sizes: false }), row.id, snapshotsOf);
    for (const { database } of saved) await dropDatabase(work.control, database);
    const [marked] = await inTarget(work, live, async (sql) => ownedBy(row, await listSchemas(sql)));
    if (marked !== undefined && !keepDatabase) await dropSchema(work, inSchema(live, marked.schema));
    await inTarget(work, live, async (sql) => {
      if (marked !== undefined && keepDatabase) await sql.unsafe(disownStatement("schema", marked.schema));
      for (const { role } of ownedBy(row, await listRoles(sql))) {
        await (keepDatabase ? sql.unsafe(disownStatement("role", role)) : dropRole(sql, role, row.id));
      }
    });
  });
}

function ownedBy<Marked extends { mark: Mark | undefined }>({ id }: WorktreeRow, all: readonly Marked[]): Marked[] {
  return all.filter(({ mark }) => isWorktreeMark(mark, id));
}

function inSchema(live: LiveTarget, schema: string): LiveTarget {
  return { ...live, target: { ...live.target, schema } };
}

/** Takes the mark off: it is the user's from then on. */
function disownStatement(kind: "schema" | "role", name: string): string {
  return `comment on ${kind} ${quoteIdentifier(name)} is null`;
}

/** Containers and volumes, which are found by their labels, or the private cluster with its data. */
async function removeOwnServer(tools: WorktreeTools, { row, repository }: Destruction): Promise<void> {
  const { projects } = belongingsOf(
    await takeInventory(tools, { repository, kinds: new Set(["container"]), start: false }),
    row.id,
  );
  const inUse = row.state !== "creating"; // a database that is just being made heeds no signal
  for (const { project } of projects) {
    await removeComposeProject(tools.operation.runner, project, { repository, worktree: row.id }, { inUse });
  }
  const folder = clusterFolder(tools.stateDir, row.id);
  await openServer({ kind: "local", folder }, {}, tools.server).stop();
  await removeCluster(folder);
}
