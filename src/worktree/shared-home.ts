/** A worktree whose database or schema lies on main's server. */
import { EXIT, PgroveError } from "../errors.ts";
import { isWorktreeMark } from "../postgres/ownership.ts";
import { ensureRole } from "../postgres/role.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { chooseDatabaseName } from "../repo/names.ts";
import { readRegistry, updateRow, type WorktreeRow } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { belowMain, givesRoles, worktreeTarget } from "../resolve/worktree-target.ts";
import { thisObserver } from "../sys/machine.ts";
import {
  foundDatabase,
  foundRole,
  foundSchema,
  inDatabase,
  listDatabases,
  listRoles,
  listSchemas,
  markOf,
  onServer,
} from "../unit/marks.ts";
import { requireAsShown } from "../unit/standing.ts";
import { unitOf } from "../unit/unit-of.ts";
import { withWork } from "../work/work.ts";
import { bringBack, findParkedSelf, NOTHING_PARKED, pickParked } from "./bring-back.ts";
import type { Destruction, Extent, Home, Located, Locating } from "./home.ts";
import { openMain } from "./open-main.ts";
import type { WorktreeTools } from "./tools.ts";

export class SharedHome implements Home {
  readonly comesWithDatabase = false;

  constructor(
    private readonly tools: WorktreeTools,
    private readonly row: WorktreeRow,
  ) {}

  async locate({ openMain: open, repository }: Locating): Promise<Located> {
    const main = await open();
    if (givesRoles(this.row)) return await locateSchema(this.tools, this.row, main, repository);
    return await locateDatabase(this.tools, this.row, main);
  }

  async findModel(open: () => Promise<LiveTarget>): Promise<string> {
    return (await open()).database;
  }

  async settle(): Promise<void> {} // it is born with its mark

  async renew(): Promise<void> {}

  requireSeparable(): void {}

  /** All of it is looked at now that the claim keeps other runs away; main's own is never what is dropped. */
  async takeAway({ repository, keepDatabase, shown }: Destruction, extent: Extent): Promise<void> {
    const { tools, row } = this;
    const main = await openMain(tools, true);
    const unit = unitOf(belowMain(row, main));
    const subject = { operation: NAMES[extent], claims: unit.claims("exclusive"), avoid: [unit.place.database] };
    await withWork(tools.operation, unit.live, subject, async (work) => {
      const owned = await unit.findOwned(work, row.id, main.database);
      const { databases, schemas, roles } = shown;
      requireAsShown(owned.found, [
        ...databases.map(foundDatabase),
        ...schemas.map(foundSchema),
        ...roles.map(foundRole),
      ]);
      await (keepDatabase ? owned.requireReleasable() : owned.requireDroppable());
      if (extent === "check-unused" || extent === "park") await owned.requireUnused();
      if (extent === "park") {
        const at = tools.operation.clock.now().toISOString();
        const { machine, user } = thisObserver();
        await owned.park({ repository, worktree: row.id, name: row.name, machine, user, at });
        work.operation.details.databases = owned.databases;
      }
      if (extent !== "destroy") return;
      const [first, ...rest] = keepDatabase ? [owned.release] : owned.drops;
      await beginDropping(tools, row, async () => await first?.());
      for (const each of rest) await each();
      work.operation.details.databases = keepDatabase ? owned.own : owned.databases;
    });
  }
}

/** What the journal calls it. */
const NAMES = { check: "remove-plan", "check-unused": "prune-plan", destroy: "remove", park: "park" } as const;

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

/**
 * The database that carries the worktree's mark, whatever its name; else the name that a new one is to have. The row
 * follows: a database of that name may be somebody else's, and a lost registry is rebuilt from the marks.
 */
async function locateDatabase(tools: WorktreeTools, row: WorktreeRow, main: LiveTarget): Promise<Located> {
  const databases = await onServer(main, tools.operation.clock.now(), (sql) => listDatabases(sql, { sizes: false }));
  const own = databases.find(({ mark }) => isWorktreeMark(mark, row.id));
  const names = new Set(databases.map(({ database }) => database));
  const database = own?.database ?? (await chooseFree(tools, row, row.database, names, (each) => each.database));
  if (database !== row.database) await updateRow(tools.stateDir, row.id, { database });
  const located = { ...row, database };
  const parked = own === undefined ? pickParked({ databases }, row.id) : NOTHING_PARKED;
  if (parked.databases.length > 0) await bringBack(tools, located, main, { parked, taken: names });
  const target = await worktreeTarget(located, tools.loaded, tools.place);
  const exists = own !== undefined || findParkedSelf(parked) !== undefined;
  return { row: located, live: { ...main, target, database }, exists };
}

/** The name, or another one when it is somebody else's. */
async function chooseFree(
  { stateDir, loaded }: WorktreeTools,
  row: WorktreeRow,
  name: string,
  names: ReadonlySet<string>,
  field: (row: WorktreeRow) => string | undefined,
): Promise<string> {
  if (!names.has(name)) return name;
  const { rows } = await readRegistry(stateDir);
  const isTaken = (candidate: string) => names.has(candidate) || rows.some((each) => field(each) === candidate);
  return chooseDatabaseName(loaded.config.project, row.name, isTaken);
}

/** As for a database, with a role beside it, which is made when it is not there. */
async function locateSchema(
  tools: WorktreeTools,
  row: WorktreeRow,
  main: LiveTarget,
  repository: string,
): Promise<Located> {
  const find = async (sql: Sql) => {
    const [schemas, roles] = [await listSchemas(sql), await listRoles(sql)];
    const own = schemas.find(({ mark }) => isWorktreeMark(mark, row.id));
    // A schema is not given the name of anybody else's role.
    const foreign = roles.filter(({ mark }) => mark?.worktree !== row.id);
    const names = new Set([...schemas.map(({ schema }) => schema), ...foreign.map(({ role }) => role)]);
    const schema = own?.schema ?? (await chooseFree(tools, row, row.schema ?? "", names, (each) => each.schema));
    const role = { name: schema, password: row.role?.password ?? "" };
    const located = { ...row, database: main.database, schema, role };
    const databases = await listDatabases(sql, { sizes: false });
    const parked = own === undefined ? pickParked({ databases, schemas, roles }, row.id) : NOTHING_PARKED;
    if (parked.schemas.length + parked.databases.length > 0) {
      const taken = new Set(databases.map(({ database }) => database));
      await bringBack(tools, located, main, { parked, taken });
    }
    const comment = markOf(row, repository);
    await ensureRole(sql, { ...role, schema, database: main.database, comment, actor: main.toolbox.user });
    await updateRow(tools.stateDir, row.id, { database: main.database, schema, role });
    const target = await worktreeTarget(located, tools.loaded, tools.place);
    const exists = own !== undefined || findParkedSelf(parked) !== undefined;
    return { row: located, live: { ...main, target }, exists };
  };
  return await inDatabase(main, tools.operation.clock.now(), find, { administrator: true });
}
