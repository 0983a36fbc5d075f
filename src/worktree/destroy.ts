/** Takes away what a worktree has of its own. Nothing goes that does not carry the worktree's mark or labels. */
import { rm } from "node:fs/promises";
import { EXIT, PgroveError, usageError } from "../errors.ts";
import { dropDatabase } from "../postgres/admin.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { isWorktreeMark, type Mark } from "../postgres/ownership.ts";
import { dropRole } from "../postgres/role.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { removeRow, updateRow, type WorktreeRow, worktreeStateDir } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { clusterFolder } from "../resolve/worktree-target.ts";
import { removeCluster } from "../server/local-cluster.ts";
import { openServer } from "../server/open-server.ts";
import { removeComposeProject, requireRemovableProject } from "../server/owned-resources.ts";
import { requireDroppableDatabases, requireDroppableOwner, requireOwnDatabases } from "../unit/droppable.ts";
import { inTarget, schemaClaims } from "../unit/schema-target.ts";
import { dropSchema, requireDroppableSchema } from "../unit/schema-unit.ts";
import { commentStatement } from "../unit/swap.ts";
import { type Work, withWork } from "../work/work.ts";
import { belongingsOf, takeInventory } from "./belongings.ts";
import { openMain } from "./data.ts";
import { findBelongings, listDatabases, listRoles, listSchemas } from "./marks.ts";
import type { WorktreeTools } from "./tools.ts";

/** Whose belongings, and how much of them. */
export interface Destruction {
  row: WorktreeRow;
  /** The repository's identity. */
  repository: string;
  /** The database or schema stays with all that was saved of it, and is the user's from then on. */
  keepDatabase: boolean;
}

/** Only looks whether it can be done, or does it. */
type Extent = "check" | "destroy";

/** What the journal calls it. */
const NAMES = { check: "remove-plan", destroy: "remove" } as const;

/** Throws (exit 5) when something of what belongs to a worktree cannot be taken away, before anything is. */
export async function requireDestroyable(tools: WorktreeTools, destruction: Destruction): Promise<void> {
  await takeAway(tools, destruction, "check");
}

/**
 * Drops what belongs to a worktree. Throws (exit 5) when another run works on it, or something of it cannot be dropped:
 * all of it is looked at before the first of it goes. A second call goes on where the first one was stopped.
 */
export async function destroyBelongings(tools: WorktreeTools, destruction: Destruction): Promise<void> {
  await takeAway(tools, destruction, "destroy");
}

async function takeAway(tools: WorktreeTools, destruction: Destruction, extent: Extent): Promise<void> {
  switch (destruction.row.isolation) {
    case "database":
      return await dropDatabases(tools, destruction, await openMain(tools, true), extent);
    case "schema":
      return await dropSchemas(tools, destruction, await openMain(tools, true), extent);
    case "container":
      return await removeOwnServer(tools, destruction, extent);
  }
}

/** From the first drop on, the worktree is half removed. Where that one is refused, all is as it was. */
async function beginDropping<T>({ stateDir }: WorktreeTools, row: WorktreeRow, first: () => Promise<T>): Promise<T> {
  await updateRow(stateDir, row.id, { state: "removing" });
  try {
    return await first();
  } catch (error) {
    if (isRefusal(error)) await updateRow(stateDir, row.id, { state: row.state });
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof PgroveError && error.exit === EXIT.refused;
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
  tools: WorktreeTools,
  { row, keepDatabase }: Destruction,
  main: LiveTarget,
  extent: Extent,
): Promise<void> {
  const { database } = row;
  const live = { ...main, target: { ...main.target, label: row.name, name: row.name }, database };
  const claims = [{ database, mode: "exclusive" as const }];
  await withWork(tools.operation, live, { operation: NAMES[extent], claims, avoid: [database] }, async (work) => {
    // Looked at now that the claim keeps other runs away; main's own is never the one that is dropped.
    const all = findBelongings(await listDatabases(work.control, { sizes: false }), row.id, []);
    const present = all.filter((each) => each.database !== main.database);
    const own = present.filter(({ mark }) => isWorktreeMark(mark, row.id));
    if (keepDatabase) await requireOwnDatabases(work.control, namesOf(own));
    else await requireDroppableDatabases(work.control, namesOf(present));
    if (extent === "check") return;
    await beginDropping(tools, row, async () => {
      if (keepDatabase)
        return await disown(
          work.control,
          own.map(({ database }) => commentStatement(database, null)),
        );
      // What goes with the database goes before it: by its mark the rest is found again.
      for (const each of namesOf(present).toReversed()) await dropDatabase(work.control, each);
    });
    work.operation.details.databases = namesOf(keepDatabase ? own : present);
  });
}

function namesOf(databases: readonly { database: string }[]): string[] {
  return databases.map(({ database }) => database);
}

/** Takes the marks off: it is the user's from then on. */
async function disown(sql: Sql, statements: readonly string[]): Promise<void> {
  await sql.begin(async (transaction) => {
    for (const statement of statements) await transaction.unsafe(statement);
  });
}

/** Schema and role go by their marks: a run that was killed early has left neither, and their names may be others'. */
async function dropSchemas(
  tools: WorktreeTools,
  { row, keepDatabase }: Destruction,
  main: LiveTarget,
  extent: Extent,
): Promise<void> {
  const schema = row.schema ?? "";
  const live = { ...main, target: { ...main.target, label: row.name, name: row.name, worktree: row, schema } };
  const subject = { operation: NAMES[extent], claims: schemaClaims(live, "exclusive") };
  await withWork(tools.operation, live, subject, async (work) => {
    const own = await inTarget(work, live, async (sql) => ({
      schemas: ownedBy(row, await listSchemas(sql)).map((each) => each.schema),
      roles: ownedBy(row, await listRoles(sql)).map(({ role }) => role),
    }));
    const present = { ...own, saved: await listSaved(work, row, main, own.schemas) };
    if (!keepDatabase) await requireDroppableSchemas(work, live, present);
    if (extent === "check") return;
    await beginDropping(tools, row, async () => {
      if (keepDatabase) return await inTarget(work, live, (sql) => disown(sql, disownStatements(own)));
      for (const each of own.schemas) await dropSchema(work, inSchema(live, each));
    });
    if (keepDatabase) return;
    for (const database of present.saved) await dropDatabase(work.control, database);
    await inTarget(work, live, async (sql) => {
      for (const role of own.roles) await dropRole(sql, role, row.id);
    });
  });
}

/** What a worktree has in main's database, and what was saved of it. */
interface SchemaBelongings {
  schemas: readonly string[];
  roles: readonly string[];
  saved: readonly string[];
}

/** Also of a schema that was dropped by a run that was stopped then. */
async function listSaved(
  { control }: Work,
  row: WorktreeRow,
  { database: mains }: LiveTarget,
  schemas: readonly string[],
): Promise<string[]> {
  const snapshotsOf = [...schemas, row.schema ?? ""].map((schema) => `${mains}/${schema}`);
  const found = findBelongings(await listDatabases(control, { sizes: false }), row.id, snapshotsOf);
  return namesOf(found).filter((database) => database !== mains);
}

async function requireDroppableSchemas(
  work: Work,
  live: LiveTarget,
  { schemas, roles, saved }: SchemaBelongings,
): Promise<void> {
  await requireDroppableDatabases(work.control, saved);
  await inTarget(work, live, async (sql) => {
    for (const schema of schemas) await requireDroppableSchema(sql, inSchema(live, schema));
    const [schema] = schemas;
    if (schema === undefined) return; // nothing is dropped before the role
    for (const role of roles) await requireDroppableOwner(sql, { role, schema, dropped: saved });
  });
}

function ownedBy<Marked extends { mark: Mark | undefined }>({ id }: WorktreeRow, all: readonly Marked[]): Marked[] {
  return all.filter(({ mark }) => isWorktreeMark(mark, id));
}

function inSchema(live: LiveTarget, schema: string): LiveTarget {
  return { ...live, target: { ...live.target, schema } };
}

function disownStatements({ schemas, roles }: Omit<SchemaBelongings, "saved">): string[] {
  return [
    ...schemas.map((name) => `comment on schema ${quoteIdentifier(name)} is null`),
    ...roles.map((name) => `comment on role ${quoteIdentifier(name)} is null`),
  ];
}

/** Containers and volumes, which are found by their labels, or the private cluster with its data. */
async function removeOwnServer(tools: WorktreeTools, { row, repository }: Destruction, extent: Extent): Promise<void> {
  const { runner } = tools.operation;
  const kinds = new Set(["container"] as const);
  const { projects } = belongingsOf(await takeInventory(tools, { repository, kinds, start: false }), row.id);
  const owner = { repository, worktree: row.id };
  for (const { project } of projects) await requireRemovableProject(runner, project, owner);
  if (extent === "check") return;
  await updateRow(tools.stateDir, row.id, { state: "removing" });
  const inUse = row.state !== "creating"; // a database that is just being made heeds no signal
  for (const { project } of projects) await removeComposeProject(runner, project, owner, { inUse });
  const folder = clusterFolder(tools.stateDir, row.id);
  await openServer({ kind: "local", folder }, {}, tools.server).stop();
  await removeCluster(folder);
}
