/**
 * Copies one target over another: built beside it and swapped in. On one server PostgreSQL itself copies the files
 * (TEMPLATE), which needs the source for itself; else, and between servers, pg_dump streams into pg_restore.
 */
import { missingError, usageError } from "../errors.ts";
import { databaseExists } from "../postgres/admin.ts";
import { requireDatabaseName } from "../postgres/identifier.ts";
import { listSessions, type Session } from "../postgres/occupants.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { lossOf } from "../unit/keep.ts";
import { requireStreamable } from "../unit/stream.ts";
import type { AskWhenBusy, CopyStrategy, Loss, Place, Unit } from "../unit/unit.ts";
import { unitOf } from "../unit/unit-of.ts";
import { type Work, type WorkSubject, withWork } from "../work/work.ts";

export interface CopyRequest {
  strategy: CopyStrategy;
  schemaOnly: boolean;
  /** The search_path to stream it with; left out, none. */
  searchPath?: string;
  discardPrevious: boolean;
  services: readonly string[];
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent: (loss: Loss) => Promise<void>;
  /** Asked when the source has to be disconnected for a moment to be copied as a template. */
  whenBusy: AskWhenBusy;
  /** The comment that a database or schema which did not exist before is born with; left out, a worktree's mark. */
  comment?: string;
  /** The schemas of a source that is a whole database, by preference, where the target is a schema. */
  wanted?: readonly string[];
}

export interface CopyResult extends Place {
  strategy: "template" | "stream";
  sizeBytes: number;
  previous?: string;
  servicesRestarted: number;
}

/** Copies source to target. Throws and leaves both as they were when anything goes wrong. */
export async function copyDatabase(
  tools: OperationTools,
  source: LiveTarget,
  target: LiveTarget,
  { consent, ...request }: CopyRequest,
): Promise<CopyResult> {
  const pair = await requirePossible(source, target, request.strategy);
  const { unit, oneServer } = pair;
  return await withWork(tools, target, subjectOf("copy", pair, "exclusive"), async (work) => {
    const loss = await prepare(work, pair);
    if (loss !== undefined) await consent(lossOf(loss, request));
    const built = await unit.createCopy(work, source, { ...request, wanted: request.wanted ?? [], oneServer });
    const { details, ...replaced } = await unit.swap(work, built, {
      ...{ ...request, agreed: loss?.standing, older: loss?.older?.standing },
    });
    const { strategy } = built;
    Object.assign(work.operation.details, { strategy, ...details });
    return { strategy, ...unit.place, ...replaced };
  });
}

/** What a copy would do. */
export interface CopyPlan extends Place {
  oneServer: boolean;
  /** Who is connected to the source: a template copy disconnects them. */
  sourceSessions: Session[];
  /** What would be replaced; absent when there is nothing. */
  loss?: Loss;
}

/** Checks everything that a copy checks before it starts, and changes nothing. Throws as the copy would. */
export async function planCopy(
  tools: OperationTools,
  source: LiveTarget,
  target: LiveTarget,
  { strategy, discardPrevious }: Pick<CopyRequest, "strategy" | "discardPrevious">,
): Promise<CopyPlan> {
  const pair = await requirePossible(source, target, strategy);
  const { unit, oneServer } = pair;
  return await withWork(tools, target, subjectOf("copy-plan", pair, "shared"), async (work) => {
    const loss = await prepare(work, pair);
    const disconnects = unit.isWhole && oneServer;
    const sourceSessions = disconnects ? await listSessions(work.control, source.database, work.operation.run) : [];
    return {
      ...unit.place,
      oneServer,
      sourceSessions,
      ...(loss === undefined ? {} : { loss: lossOf(loss, { discardPrevious }) }),
    };
  });
}

/** What is copied where. */
interface Pair {
  from: Unit;
  unit: Unit;
  oneServer: boolean;
}

/** Throws (exit 2) when the copy makes no sense. */
async function requirePossible(source: LiveTarget, target: LiveTarget, strategy: CopyStrategy): Promise<Pair> {
  requireDatabaseName(target.database);
  const oneServer = await isSameServer(source, target);
  const [from, unit] = [unitOf(source), unitOf(target)];
  if (oneServer && unit.includes(from)) {
    throw usageError(
      `source and destination are the same ${unit.noun}: ${describePlace(unit.place)} on ${target.target.label}`,
      "name the destination: --to TARGET",
    );
  }
  if (strategy === "template" && !(from.isWhole && unit.isWhole)) {
    throw usageError("the template strategy copies whole databases, not schemas", "--strategy stream, or leave it out");
  }
  if (strategy === "template" && !oneServer) {
    throw usageError("the template strategy copies within one server only", "--strategy stream, or leave it out");
  }
  return { from, unit, oneServer };
}

/** `shop`, `feature of shop`. */
function describePlace({ database, schema }: Place): string {
  return schema ? `${schema} of ${database}` : database;
}

function subjectOf(operation: string, { from, unit, oneServer }: Pair, mode: "exclusive" | "shared"): WorkSubject {
  const [database, source] = [unit.place.database, from.place.database];
  return {
    operation,
    claims: [...unit.claims(mode), ...(oneServer ? from.claims("shared") : [])],
    avoid: [database, ...(oneServer ? [source] : [])],
  };
}

async function prepare(work: Work, { from, unit, oneServer }: Pair): Promise<Loss | undefined> {
  const { live } = from;
  work.operation.details.source = live.target.label;
  if (oneServer && !(await databaseExists(work.control, live.database))) {
    throw missingError(
      "database_missing",
      `there is no database ${live.database} on ${live.target.label}`,
      "pgrove status",
    );
  }
  if (!oneServer) await requireStreamable(work, live, unit);
  const loss = await unit.find(work);
  await unit.requireReplaceable(work);
  return loss;
}

/** Two targets on one server: by their specs, or, reached in two ways, by what the servers say of themselves. */
async function isSameServer(source: LiveTarget, target: LiveTarget): Promise<boolean> {
  if (JSON.stringify(source.target.server) === JSON.stringify(target.target.server)) return true;
  const [a, b] = await Promise.all([source.server.inspect(), target.server.inspect()]);
  if (a.container !== undefined && b.container !== undefined) return a.container.id === b.container.id;
  return a.host !== undefined && a.host === b.host && a.port === b.port;
}
