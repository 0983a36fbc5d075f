/** All worktrees of a repository at a glance: where they are, what database they have, what state it is in. */
import { basename } from "node:path";
import { PgroveError } from "../errors.ts";
import { schemaExists, schemaSizeBytes } from "../postgres/schema.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Connection } from "../postgres/url.ts";
import { readRegistry, type WorktreeRow } from "../repo/registry.ts";
import { type GitWorktree, listWorktrees } from "../repo/worktree.ts";
import { ownConnection } from "../resolve/reach.ts";
import type { LiveTarget, Target } from "../resolve/target.ts";
import { mainTarget, worktreeTarget } from "../resolve/worktree-target.ts";
import { openServer } from "../server/open-server.ts";
import type { Server, ServerCondition } from "../server/server.ts";
import { inTurns } from "../sys/in-turns.ts";
import { once } from "../sys/once.ts";
import { ToolError } from "../sys/tool-error.ts";
import { inDatabase, listDatabases } from "../unit/marks.ts";
import { enterAlone } from "../unit/selection.ts";
import { unitOf } from "../unit/unit-of.ts";
import { type Doubt, findDoubt, isThere, lookForWorktrees } from "./gone.ts";
import { countMigrations, type Migrations, readWorktreeMigrations } from "./list-migrations.ts";
import type { WorktreeTools } from "./tools.ts";
import { listUncommitted } from "./unsaved.ts";

export interface ListedWorktree {
  name: string;
  worktree: GitWorktree;
  isCurrent: boolean;
  /** Undefined when pgrove has given it nothing. */
  row?: WorktreeRow;
  database?: string;
  server?: ServerCondition;
  /** The rest is known of a database that is there, on a server that runs. */
  exists?: boolean;
  sizeBytes?: number;
  migrations?: Migrations;
  connection?: Connection;
  /** How many paths have changes that are in no commit; undefined where that was not asked, or cannot be told. */
  uncommitted?: number;
  /** Why it is not where git believes it to be, unless it is certainly gone. */
  away?: Doubt;
  /** What it had was put aside. */
  isParked?: true;
}

const AT_ONCE = 8;

/** Everything that `list` shows; `changes`: also what git says of the files. A server that cannot be asked is shown as it is; nothing is started. */
export async function listEverything(tools: WorktreeTools, changes: boolean): Promise<ListedWorktree[]> {
  const { repository, operation, stateDir } = tools;
  const [worktrees, { rows, parked }] = await Promise.all([
    listWorktrees(repository, operation.runner),
    readRegistry(stateDir),
  ]);
  const servers = new ServerPool(tools);
  const look = once(() => lookForWorktrees(tools, rows));
  return await inTurns(worktrees, AT_ONCE, async (worktree) => {
    const row = rows.find(({ id }) => id === worktree.id);
    const aside = parked.find((each) => each.row.id === worktree.id);
    const name = worktree.isMain ? "main" : (row?.name ?? aside?.row.name ?? basename(worktree.root));
    const place = { name, worktree, isCurrent: worktree.gitDir === repository.gitDir };
    const away =
      isThere(worktree) || row === undefined ? undefined : await findDoubt(row, await look(), "pgrove prune");
    const uncommitted = changes && isThere(worktree) ? await countUncommitted(tools, worktree) : {};
    const listed = { ...place, ...(away === undefined ? {} : { away }), ...uncommitted };
    if (aside !== undefined) return { ...listed, isParked: true as const };
    if (!worktree.isMain && row === undefined) return listed;
    const target = await targetOf(tools, row);
    const more = target === undefined ? {} : await describeDatabase(tools, worktree, await servers.open(target));
    return { ...listed, ...(row === undefined ? {} : { row, database: row.database }), ...more };
  });
}

async function countUncommitted(tools: WorktreeTools, worktree: GitWorktree): Promise<{ uncommitted?: number }> {
  try {
    return { uncommitted: (await listUncommitted(tools, worktree)).length };
  } catch (error) {
    tools.operation.abort.throwIfAborted();
    if (error instanceof PgroveError || error instanceof ToolError) return {};
    throw error;
  }
}

/** A row whose kind of isolation no longer fits pgrove.yaml is shown without its database's state. */
async function targetOf({ loaded, place }: WorktreeTools, row: WorktreeRow | undefined): Promise<Target | undefined> {
  try {
    return row === undefined ? await mainTarget(loaded, place) : await worktreeTarget(row, loaded, place);
  } catch (error) {
    if (error instanceof PgroveError) return undefined;
    throw error;
  }
}

/** A target whose server may or may not run. */
interface Opened {
  target: Target;
  server: Server;
  database: string;
  condition: ServerCondition;
  /** Undefined when it does not run. */
  live?: LiveTarget;
  sizes: ReadonlyMap<string, number>;
}

/** Servers that several worktrees share are asked once. */
class ServerPool {
  private readonly known = new Map<string, Promise<Omit<Opened, "target" | "database">>>();

  constructor(private readonly tools: WorktreeTools) {}

  async open(target: Target): Promise<Opened> {
    const key = JSON.stringify(target.server);
    const shared = this.known.get(key) ?? this.look(target);
    this.known.set(key, shared);
    const found = await shared;
    const database = target.login.database ?? found.live?.database ?? "";
    const live = found.live === undefined ? {} : { live: { ...found.live, target, database } };
    return { ...found, ...live, target, database };
  }

  private async look(target: Target): Promise<Omit<Opened, "target" | "database">> {
    const { database: _own, ...login } = target.login; // the server's own default is what main has without a name
    const server = openServer(target.server, login, this.tools.server);
    try {
      const { condition } = await server.inspect();
      if (condition !== "running") return { server, condition, sizes: new Map() };
      const [toolbox, { database }] = await Promise.all([server.open(), server.access()]);
      const live = { target, server, toolbox, database };
      const databases = await inUnit(live, this.tools, (sql) => listDatabases(sql, { sizes: true }));
      return { server, condition, live, sizes: new Map(databases.map((each) => [each.database, each.sizeBytes])) };
    } catch (error) {
      if (error instanceof PgroveError) return { server, condition: conditionFor(error), sizes: new Map() };
      throw error;
    }
  }
}

/** Of a server that runs and cannot be asked. */
function conditionFor({ code }: PgroveError): ServerCondition {
  return code === "server_starting" ? "starting" : "unreachable";
}

async function inUnit<T>(live: LiveTarget, { operation }: WorktreeTools, body: (sql: Sql) => Promise<T>): Promise<T> {
  return await inDatabase(live, operation.clock.now(), async (sql) => {
    await enterAlone(sql, live.target);
    return await body(sql);
  });
}

async function describeDatabase(
  tools: WorktreeTools,
  worktree: GitWorktree,
  { database, condition, server, live, sizes }: Opened,
): Promise<Partial<ListedWorktree>> {
  const known = { database, server: condition };
  if (live === undefined) return known;
  const isPart = !unitOf(live).isWhole && sizes.has(database);
  const sizeBytes = isPart ? await measureSchema(live, tools) : sizes.get(database);
  if (sizeBytes === undefined) return { ...known, exists: false };
  const [connection, migrations] = await Promise.all([server.reach(database), readMigrations(tools, worktree, live)]);
  return {
    ...{ ...known, exists: true, sizeBytes },
    ...(connection === undefined ? {} : { connection: ownConnection(connection, live.target) }),
    ...(migrations === undefined ? {} : { migrations }),
  };
}

/** The size of the target's schema; undefined when it is not there. */
async function measureSchema(live: LiveTarget, tools: WorktreeTools): Promise<number | undefined> {
  const schema = live.target.schema ?? "";
  return await inUnit(live, tools, async (sql) =>
    (await schemaExists(sql, schema)) ? await schemaSizeBytes(sql, schema) : undefined,
  );
}

/** Undefined without files, and where the database will not be asked. */
async function readMigrations(
  tools: WorktreeTools,
  { root }: GitWorktree,
  live: LiveTarget,
): Promise<Migrations | undefined> {
  const files = await readWorktreeMigrations(tools, root);
  if (files === undefined) return undefined;
  const { schema } = live.target;
  return await inUnit(live, tools, (sql) => countMigrations(tools, files, sql, schema)).catch(() => undefined);
}
