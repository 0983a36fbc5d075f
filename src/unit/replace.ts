/** Puts a finished scratch database in a target's place: services stopped, swapped, services started again. */
import { messageOf } from "../errors.ts";
import { connectForAdmin, discardedName, dropDatabase, requireNothingBound } from "../postgres/admin.ts";
import { requireClaim } from "../postgres/claims.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { Server } from "../server/server.ts";
import type { Work } from "../work/work.ts";
import { findStanding, requireStanding, type Standing } from "./standing.ts";
import {
  findPrevious,
  markPreviousStatement,
  previousName,
  propertyStatements,
  readProperties,
  swapDatabases,
} from "./swap.ts";

/** How a replaced database is kept. */
export interface Keeping {
  /** Its new name. */
  name: string;
  /** Run behind the renames, in the same transaction. */
  statements: readonly string[];
  /** True when an older one stands there, which is dropped for it. Throws when the name is somebody else's. */
  findOlder: (sql: Sql) => Promise<boolean>;
}

export interface ReplaceRequest {
  scratch: string;
  database: string;
  /** What was agreed to be replaced; undefined where there was nothing. */
  agreed: Standing | undefined;
  /** Drop the replaced database at once instead of keeping it until the next time. */
  discardPrevious: boolean;
  /** How it is kept; left out, as the state before a restore. */
  keeping?: Keeping;
  /** Services that use the database. */
  services: readonly string[];
  /** Given to a database that did not exist before. */
  statements: readonly string[];
}

export interface Replaced {
  /** The name under which the replaced database is kept. */
  previous?: string;
  servicesRestarted: number;
}

/**
 * Swaps the scratch database in. Throws and leaves the target as it was when that cannot be done, and (exit 5) when the
 * target is not what was agreed to.
 */
export async function replaceDatabase(work: Work, server: Server, request: ReplaceRequest): Promise<Replaced> {
  const { control, operation, toolbox } = work;
  const { database, scratch, agreed } = request;
  await requireClaim(control, database);
  await requireStanding(control, { database, agreed });
  const exists = agreed !== undefined;
  const keeping = request.keeping ?? keepForRestore(database);
  const previous = keeping.name;
  const keeps = exists && !request.discardPrevious;
  const discarded = discardedName(operation.run);
  const older = keeps ? await findStanding(control, previous) : undefined;
  const dropsOld = keeps && (await keeping.findOlder(control));
  if (dropsOld) await requireNothingBound(control, previous);
  const renames: [string, string][] = [];
  if (dropsOld) renames.push([previous, discarded]);
  if (exists) renames.push([database, keeps ? previous : discarded]);
  renames.push([scratch, database]);
  const statements = exists
    ? propertyStatements(database, await readProperties(control, database))
    : [...request.statements];
  if (keeps) statements.push(...keeping.statements);
  const occupied = [...(exists ? [database] : []), scratch, ...(dropsOld ? [previous] : [])];

  const servicesRestarted = await withServicesStopped(work, server, request.services, async () => {
    const kept = keeps ? [{ database: previous, agreed: older }] : [];
    const swap = { renames, statements, occupied, agreed: [{ database, agreed }, ...kept], run: operation.run };
    await requireClaim(control, database);
    const second = () => connectForAdmin(toolbox, operation.run, [database]);
    await work.interruptible(() => swapDatabases(control, second, swap));
  });
  // The swap is done: a drop that fails is left to the next run.
  if (dropsOld || (exists && !keeps)) operation.defer(() => work.clearUp((sql) => dropDatabase(sql, discarded)));
  return { servicesRestarted, ...(keeps ? { previous } : {}) };
}

function keepForRestore(database: string): Keeping {
  const name = previousName(database);
  return { name, statements: [markPreviousStatement(name)], findOlder: (sql) => findPrevious(sql, name) };
}

/** The body, with the services that use the database stopped; they are started again however it ends. */
export async function withServicesStopped(
  work: Work,
  server: Server,
  services: readonly string[],
  body: () => Promise<void>,
): Promise<number> {
  if (services.length === 0) {
    await body();
    return 0;
  }
  let stopped: readonly string[] = [];
  let forget: (() => Promise<void>) | undefined;
  let failed: unknown;
  try {
    await server.stopServices(services, async (running) => {
      work.tools.note(`stopping ${services.join(", ")}`);
      stopped = running;
      forget = await work.operation.remember({ kind: "stopped-services", containers: running });
    });
    work.operation.abort.throwIfAborted();
    await body();
  } catch (error) {
    failed = error;
  }
  if (stopped.length === 0) {
    if (failed !== undefined) throw failed;
    return 0;
  }
  try {
    await server.startServices(stopped);
    await forget?.();
    work.tools.note(`started ${services.join(", ")} again`);
  } catch (error) {
    work.tools.note(`could not start ${services.join(", ")} again: ${messageOf(error)}`);
    failed ??= error;
  }
  if (failed !== undefined) throw failed;
  return stopped.length;
}
