/** A worktree with a server of its own: its own containers, or a private cluster. */
import { refusal, usageError } from "../errors.ts";
import { databaseExists } from "../postgres/admin.ts";
import { updateRow, type WorktreeRow } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { clusterFolder, worktreeTarget } from "../resolve/worktree-target.ts";
import { stopContainers } from "../server/container-services.ts";
import { removeCluster } from "../server/local-cluster.ts";
import { openServer } from "../server/open-server.ts";
import { type OwnedProject, removeComposeProject, requireRemovableProject } from "../server/owned-resources.ts";
import { withOperation } from "../sys/operation.ts";
import { inDatabase, listDatabases, markOf, onServer } from "../unit/marks.ts";
import { commentStatement } from "../unit/swap.ts";
import { openStarted } from "../work/lifecycle.ts";
import { belongingsOf, takeInventory } from "./belongings.ts";
import type { Destruction, Extent, Home, Located, Locating } from "./home.ts";
import { renewOverride } from "./own-containers.ts";
import type { WorktreeTools } from "./tools.ts";

export class OwnHome implements Home {
  readonly comesWithDatabase = true;

  constructor(
    private readonly tools: WorktreeTools,
    private readonly row: WorktreeRow,
  ) {}

  async locate(locating: Locating): Promise<Located> {
    return await locateOnOwnServer(this.tools, this.row, locating);
  }

  async findModel(): Promise<string> {
    return "template1";
  }

  async settle(live: LiveTarget, repository: string): Promise<void> {
    await markDatabase(this.tools, live, this.row, repository);
  }

  async renew(): Promise<void> {
    await renewOverride(this.tools, this.row);
  }

  requireSeparable(): void {
    const { name } = this.row;
    throw usageError(
      `the database of ${name} is in a container of its own, which goes with the worktree`,
      `pgrove dump ${name}        keeps its data`,
    );
  }

  /** Containers and volumes, which are found by their labels, or the private cluster with its data. */
  async takeAway({ repository, shown }: Destruction, extent: Extent): Promise<void> {
    const { tools, row } = this;
    const { runner } = tools.operation;
    const kinds = new Set(["container"] as const);
    const { projects } = belongingsOf(await takeInventory(tools, { repository, kinds, start: false }), row.id);
    const owner = { repository, worktree: row.id };
    for (const { project } of projects) await requireRemovableProject(runner, project, owner);
    requireProjectsAsShown(projects, shown.projects);
    if (extent === "check" || extent === "check-unused") return;
    if (extent === "park") return await this.stop(projects);
    await updateRow(tools.stateDir, row.id, { state: "removing" });
    const inUse = row.state !== "creating"; // a database that is just being made heeds no signal
    for (const { project } of projects) await removeComposeProject(runner, project, owner, { inUse });
    const folder = clusterFolder(tools.stateDir, row.id);
    await openServer({ kind: "local", folder }, {}, tools.server).stop();
    await removeCluster(folder);
  }

  /** Stops all of it; containers and volumes stay as they are. */
  private async stop(projects: readonly OwnedProject[]): Promise<void> {
    const { tools, row } = this;
    const { runner } = tools.operation;
    const server = `the containers of ${row.name}`;
    const subject = { operation: "park", target: row.name, server, database: row.database };
    await withOperation(tools.operation, subject, async () => {
      for (const { containers } of projects) await stopContainers(runner, containers);
      const folder = clusterFolder(tools.stateDir, row.id);
      await openServer({ kind: "local", folder }, {}, tools.server).stop();
    });
  }
}

/** Throws (exit 5) when a container or volume is there that was not shown, or a container is another one by its id. */
function requireProjectsAsShown(found: readonly OwnedProject[], shown: readonly OwnedProject[]): void {
  const partsOf = ({ containers, ids, volumes }: OwnedProject) => [
    ...containers.map((name, place) => ({ name, key: ids[place] })),
    ...volumes.map((name) => ({ name, key: name })),
  ];
  const agreed = new Set(shown.flatMap(partsOf).map(({ key }) => key));
  const other = found.flatMap(partsOf).find(({ key }) => !agreed.has(key));
  if (other === undefined) return;
  throw refusal(
    "made_meanwhile",
    `${other.name} was made meanwhile; nothing was removed`,
    "look at it; then run this again",
  );
}

/**
 * The database of a worktree's own server. A new container comes with an empty one, so it counts as there once it carries
 * the mark, or holds tables: then a run was stopped just before it wrote the mark.
 */
async function locateOnOwnServer(
  tools: WorktreeTools,
  row: WorktreeRow,
  { repository, start }: Locating,
): Promise<Located> {
  const target = await worktreeTarget(row, tools.loaded, tools.place);
  const live = await openStarted(target, tools, start);
  const located = { ...row, database: live.database };
  if (located.database !== row.database) await updateRow(tools.stateDir, row.id, { database: live.database });
  const now = tools.operation.clock.now();
  const databases = await onServer(live, now, (sql) => listDatabases(sql, { sizes: false }));
  const own = databases.find(({ database }) => database === live.database);
  if (own?.mark?.worktree === row.id) return { row: located, live, exists: true };
  const exists = own !== undefined && (await hasTables(live, now));
  if (exists) await markDatabase(tools, live, row, repository);
  return { row: located, live, exists };
}

async function hasTables(live: LiveTarget, now: Date): Promise<boolean> {
  const rows = await inDatabase(
    live,
    now,
    (sql) => sql`
      select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
         and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
       limit 1`,
  );
  return rows.length > 0;
}

/** Writes the worktree's mark on a database that a container came with. */
async function markDatabase(
  { operation }: WorktreeTools,
  live: LiveTarget,
  row: WorktreeRow,
  repository: string,
): Promise<void> {
  await onServer(live, operation.clock.now(), async (sql) => {
    if (await databaseExists(sql, live.database)) {
      await sql.unsafe(commentStatement(live.database, markOf(row, repository)));
    }
  });
}
