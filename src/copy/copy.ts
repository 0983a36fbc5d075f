/**
 * Copies a database into a scratch database and swaps it in. On one server PostgreSQL itself copies the files
 * (TEMPLATE), which needs the source for itself; else, and between servers, pg_dump streams into pg_restore.
 */
import { missingError, usageError } from "../errors.ts";
import {
  databaseExists,
  databaseSizeBytes,
  listSessions,
  requireNothingBound,
  type Session,
} from "../postgres/admin.ts";
import { requireDatabaseName } from "../postgres/identifier.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { replaceDatabase } from "../unit/replace.ts";
import { findLoss, type Loss } from "../unit/scratch.ts";
import { copyByStream, requireStreamable } from "../unit/stream.ts";
import { commentStatement, propertyStatements, readProperties } from "../unit/swap.ts";
import { copyByTemplate, requireCopyable, waitUntilLeft } from "../unit/template.ts";
import { type Work, type WorkSubject, withWork } from "../work/work.ts";
import { copyToSchema, planSchemaCopy } from "./schema-copy.ts";

export type CopyStrategy = "auto" | "template" | "stream";

/** What to do about the sessions of a source: end them for that second, wait until they have left, or stream. */
export type WhenBusy = "disconnect" | "wait" | "stream";

export interface CopyRequest {
  strategy: CopyStrategy;
  schemaOnly: boolean;
  discardPrevious: boolean;
  services: readonly string[];
  /** Asked before anything is replaced; throws when it is not wanted. */
  consent: (loss: Loss) => Promise<void>;
  /** Asked when the source has to be disconnected for a moment to be copied as a template. */
  whenBusy: (sessions: Session[]) => Promise<WhenBusy>;
  /** The comment that a database or schema which did not exist before is born with. */
  comment?: string;
  /** The schemas of a source that is a whole database, by preference, where the target is a schema. */
  wanted?: readonly string[];
}

export interface CopyResult {
  strategy: "template" | "stream";
  database: string;
  /** The schema that was replaced, where the target is one. */
  schema?: string;
  sizeBytes: number;
  previous?: string;
  servicesRestarted: number;
}

/** Copies source to target. Throws and leaves both as they were when anything goes wrong. */
export async function copyDatabase(
  tools: OperationTools,
  source: LiveTarget,
  target: LiveTarget,
  request: CopyRequest,
): Promise<CopyResult> {
  const database = requireDatabaseName(target.database);
  const oneServer = await requirePossible(source, target, request.strategy);
  if (target.target.schema !== undefined) {
    const { wanted = [], ...rest } = request;
    return { strategy: "stream", ...(await copyToSchema(tools, source, target, { ...rest, wanted, oneServer })) };
  }
  return await withWork(tools, target, subjectOf("copy", source, target, oneServer), async (work) => {
    const { loss } = await prepare(work, source, target, oneServer);
    if (loss !== undefined) await request.consent(loss);
    const strategy = await chooseStrategy(work, source, oneServer, request);
    const exists = loss !== undefined;
    const scratch =
      strategy === "template"
        ? await copyByTemplate(work, source, target, exists)
        : await copyByStream(work, source, target, { ...request, exists });
    const statements = exists ? [] : await describeNew(work, source, oneServer, { database, comment: request.comment });
    const replaced = await replaceDatabase(work, target.server, {
      ...{ scratch, database, agreed: loss?.standing, services: request.services, statements },
      discardPrevious: request.discardPrevious,
    });
    const sizeBytes = await databaseSizeBytes(work.control, database);
    Object.assign(work.operation.details, { strategy, database_size_bytes: sizeBytes, previous: replaced.previous });
    return { strategy, database, sizeBytes, ...replaced };
  });
}

/** A copy that is only looked at: a database of the run, dropped when its operation ends. */
export interface CopyAside {
  database: string;
  strategy: "template" | "stream";
}

/** Copies a target within its server, to try something on it; of a target that is a schema, the schema alone. */
export async function copyAside(work: Work, source: LiveTarget, whenBusy: CopyRequest["whenBusy"]): Promise<CopyAside> {
  if (source.target.schema !== undefined) {
    const { saveSchemaState } = await import("./snapshot-schema.ts");
    return { database: await saveSchemaState(work, source), strategy: "stream" };
  }
  const strategy = await chooseStrategy(work, source, true, { strategy: "auto", schemaOnly: false, whenBusy });
  const database =
    strategy === "template"
      ? await copyByTemplate(work, source, source, true)
      : await copyByStream(work, source, source, { schemaOnly: false, exists: true });
  return { database, strategy };
}

/** What a copy would do. */
export interface CopyPlan {
  database: string;
  /** The schema that would be replaced, where the target is one. */
  schema?: string;
  oneServer: boolean;
  /** Who is connected to the source: a template copy disconnects them. */
  sourceSessions: Session[];
  /** What would be replaced; absent when the database does not exist. */
  loss?: Loss;
}

/** Checks everything that a copy checks before it starts, and changes nothing. Throws as the copy would. */
export async function planCopy(
  tools: OperationTools,
  source: LiveTarget,
  target: LiveTarget,
  strategy: CopyStrategy,
): Promise<CopyPlan> {
  const database = requireDatabaseName(target.database);
  const oneServer = await requirePossible(source, target, strategy);
  const { schema } = target.target;
  if (schema !== undefined) {
    const loss = await planSchemaCopy(tools, source, target, oneServer);
    return { database, schema, oneServer, sourceSessions: [], ...(loss === undefined ? {} : { loss }) };
  }
  return await withWork(tools, target, subjectOf("copy-plan", source, target, oneServer, "shared"), async (work) => {
    const { loss } = await prepare(work, source, target, oneServer);
    const sourceSessions = oneServer ? await listSessions(work.control, source.database, work.operation.run) : [];
    return { database, oneServer, sourceSessions, ...(loss === undefined ? {} : { loss }) };
  });
}

/** Whether both are on one server. Throws (exit 2) when the copy makes no sense. */
async function requirePossible(source: LiveTarget, target: LiveTarget, strategy: CopyStrategy): Promise<boolean> {
  const oneServer = await isSameServer(source, target);
  const { schema } = target.target;
  if (oneServer && source.database === target.database && (schema === undefined || schema === source.target.schema)) {
    const what = schema === undefined ? `database: ${target.database}` : `schema: ${schema} of ${target.database}`;
    throw usageError(
      `source and destination are the same ${what} on ${target.target.label}`,
      "name the destination: --to TARGET",
    );
  }
  if (strategy === "template" && (schema ?? source.target.schema) !== undefined) {
    throw usageError("the template strategy copies whole databases, not schemas", "--strategy stream, or leave it out");
  }
  if (strategy === "template" && !oneServer) {
    throw usageError("the template strategy copies within one server only", "--strategy stream, or leave it out");
  }
  return oneServer;
}

function subjectOf(
  operation: string,
  source: LiveTarget,
  target: LiveTarget,
  oneServer: boolean,
  mode: "exclusive" | "shared" = "exclusive",
): WorkSubject {
  const onSource = oneServer ? [{ database: source.database, mode: "shared" as const }] : [];
  return {
    operation,
    claims: [{ database: target.database, mode }, ...onSource],
    avoid: [target.database, ...onSource.map(({ database }) => database)],
  };
}

async function prepare(
  work: Work,
  source: LiveTarget,
  target: LiveTarget,
  oneServer: boolean,
): Promise<{ loss: Loss | undefined }> {
  work.operation.details.source = source.target.label;
  if (oneServer && !(await databaseExists(work.control, source.database))) {
    throw missingError(
      "database_missing",
      `there is no database ${source.database} on ${source.target.label}`,
      "pgrove status",
    );
  }
  if (!oneServer) await requireStreamable(work, source, target, { ownersStay: true });
  const loss = await findLoss(work, target.database);
  if (loss !== undefined) await requireNothingBound(work.control, target.database);
  return { loss };
}

/** The statements that a new database is born with: on one server the source's properties, and its own comment. */
async function describeNew(
  work: Work,
  source: LiveTarget,
  oneServer: boolean,
  { database, comment }: { database: string; comment: string | undefined },
): Promise<string[]> {
  if (!oneServer) return comment === undefined ? [] : [commentStatement(database, comment)];
  const properties = await readProperties(work.control, source.database);
  return propertyStatements(database, { ...properties, comment: comment ?? null });
}

/** Two targets on one server: by their specs, or, reached in two ways, by what the servers say of themselves. */
async function isSameServer(source: LiveTarget, target: LiveTarget): Promise<boolean> {
  if (JSON.stringify(source.target.server) === JSON.stringify(target.target.server)) return true;
  const [a, b] = await Promise.all([source.server.inspect(), target.server.inspect()]);
  if (a.container !== undefined && b.container !== undefined) return a.container.id === b.container.id;
  return a.host !== undefined && a.host === b.host && a.port === b.port;
}

async function chooseStrategy(
  work: Work,
  source: LiveTarget,
  oneServer: boolean,
  request: Pick<CopyRequest, "strategy" | "schemaOnly" | "whenBusy">,
): Promise<"template" | "stream"> {
  const part = request.schemaOnly || source.target.schema !== undefined;
  if (!oneServer || request.strategy === "stream" || part) return "stream";
  const blocked = await requireCopyable(work, source, request.strategy === "template");
  if (blocked !== undefined) {
    work.tools.note(`${blocked}: streaming instead`);
    return "stream";
  }
  const sessions = await listSessions(work.control, source.database, work.operation.run);
  if (sessions.length === 0 || request.strategy === "template") return "template";
  const choice = await request.whenBusy(sessions);
  if (choice === "wait") await waitUntilLeft(work, source.database);
  return choice === "stream" ? "stream" : "template";
}
