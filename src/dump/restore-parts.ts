/**
 * Restores a part of a dump into a database that is there and stays: tables, a schema, or rows. All of it goes in within one
 * transaction, so that what fails half-way changes nothing.
 */

import type { PartOfDump } from "../archive/archive-parts.ts";
import { missingError, refusal } from "../errors.ts";
import { databaseExists } from "../postgres/admin.ts";
import { countRows, nameOf, type TableName } from "../postgres/catalog.ts";
import { withSession } from "../postgres/session.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";
import { analyzeTables } from "../unit/analyze.ts";
import type { Unit } from "../unit/unit.ts";
import { unitOf } from "../unit/unit-of.ts";
import { type Work, withWork } from "../work/work.ts";
import type { LoadRequest } from "./build-scratch.ts";
import { findDoubt } from "./doubt.ts";
import { type InspectedDump, inspectDump } from "./inspect.ts";
import { loadDump, placeArchive } from "./load-dump.ts";
import { narrowDump } from "./narrow.ts";
import { requireCompatible } from "./preflight.ts";
import { requireNoTimescale } from "./restoring.ts";

export interface PartsRequest
  extends Pick<LoadRequest, "findDump" | "noOwner" | "skippedExtensions" | "noTablespaces" | "approveForeign"> {
  part: PartOfDump;
  /** Asked before anything is changed; throws when it is not wanted. */
  consent: (change: PartsChange) => Promise<void>;
}

/** A table, and how many rows the login counts in it; undefined where it is not there, or policies hide some. */
export interface CountedTable extends TableName {
  rows: number | undefined;
}

/** What a restore of a part does. */
export interface PartsChange {
  dump: string;
  /** Tables that are dropped, and made as the dump has them. */
  replaced: CountedTable[];
  /** Tables that get the dump's rows besides their own. */
  filled: CountedTable[];
  made: TableName[];
}

export interface PartsResult {
  dump: string;
  database: string;
  tables: { schema: string; name: string; before: number | undefined; after: number | undefined }[];
}

/** What would be changed, after every check that is made before it starts. */
export async function planParts(tools: OperationTools, live: LiveTarget, request: PartsRequest): Promise<PartsChange> {
  return await withPart(tools, live, { ...request, operation: "restore-plan" }, async (_work, { change }) => change);
}

/** Restores the part. Throws, and nothing is changed, when anything goes wrong. */
export async function restoreParts(
  tools: OperationTools,
  live: LiveTarget,
  request: PartsRequest,
): Promise<PartsResult> {
  return await withPart(tools, live, { ...request, operation: "restore" }, async (work, prepared) => {
    const { inspected, skipping, change } = prepared;
    const { toolbox, database } = live;
    const doubt = await findDoubt(work, inspected.dump, live, []);
    if (doubt !== undefined) await request.approveForeign(doubt);
    await request.consent(change);
    const placed = await placeArchive(work, live, inspected, { jobs: 1, skipping });
    if (placed?.bySql) throw needsPrograms(inspected, live);
    const load = { database, placed, skipping, searchPath: undefined, jobs: 1 };
    await loadDump(work, live, inspected, { ...load, atOnce: { clean: change.replaced.length > 0 } });
    const before = [
      ...change.replaced,
      ...change.filled,
      ...change.made.map((table) => ({ ...table, rows: undefined })),
    ];
    const after = await withSession({ toolbox, run: work.operation.run }, database, async (sql) => {
      await analyzeTables(sql, before.map(nameOf));
      return await countRows(sql, before);
    });
    const tables = before.map(({ schema, name, rows }, place) => ({ schema, name, before: rows, after: after[place] }));
    return { dump: inspected.dump.name, database, tables };
  });
}

function needsPrograms({ dump }: InspectedDump, { target }: LiveTarget) {
  return refusal(
    "dump_unsupported",
    `${dump.name} is an archive that the programs of ${target.label} cannot read by themselves, so no part of it can be taken`,
    "restore it beside, and copy what you need: pgrove restore DUMP --into-new NAME",
  );
}

interface PreparedPart {
  inspected: InspectedDump;
  skipping: Awaited<ReturnType<typeof requireCompatible>>["skipping"];
  change: PartsChange;
}

async function withPart<T>(
  tools: OperationTools,
  live: LiveTarget,
  request: PartsRequest & { operation: string },
  body: (work: Work, prepared: PreparedPart) => Promise<T>,
): Promise<T> {
  const { operation } = request;
  const unit = unitOf(live);
  requireDatabase(unit);
  const claims = unit.claims(operation === "restore" ? "exclusive" : "shared");
  return await withWork(tools, live, { operation, claims, avoid: [live.database] }, async (work) => {
    if (!(await databaseExists(work.control, live.database))) {
      throw missingError(
        "database_missing",
        `there is no database ${live.database} to restore a part into`,
        "restore the whole dump: pgrove restore",
      );
    }
    const dump = await request.findDump(work.operation);
    await tools.mayRun?.([dump.path]);
    work.operation.details.dump = dump.name;
    const whole = await inspectDump(dump, tools);
    requireNoTimescale(whole, request.skippedExtensions ?? [], "no part of it can be taken by itself");
    const inspected = narrowDump(whole, request.part);
    const change = await findChange(work, live, inspected, request.part);
    const encoding = dump.manifest?.encoding ?? "";
    const { skipping, notes } = await requireCompatible(inspected, work.control, live, { ...request, encoding });
    for (const note of notes) tools.note(note);
    return await body(work, { inspected, skipping, change });
  });
}

/** Throws (exit 5) for a worktree's schema: the dump's tables lie in others. */
function requireDatabase({ isWhole, live: { target } }: Unit): void {
  if (isWhole) return;
  throw refusal(
    "schema_target",
    `${target.label} is a schema, and the tables of a dump lie in schemas of their own`,
    "restore the whole dump, or its part into a database",
  );
}

async function findChange(
  { operation: { run } }: Work,
  { toolbox, database }: LiveTarget,
  { dump, entries, tables = [] }: InspectedDump,
  { content, schemas }: PartOfDump,
): Promise<PartsChange> {
  return await withSession({ toolbox, run }, database, async (sql) => {
    const making = entries
      .filter(({ kind }) => content !== "data" && (kind === "TABLE" || kind === "FOREIGN TABLE"))
      .map(({ schema, tag }) => ({ schema, name: tag }));
    const isMade = new Set(making.map(nameOf));
    const onlyFilled = tables.filter((table) => !isMade.has(nameOf(table))); // an extension's, or --data-only
    const [replaced, filled] = [await findThere(sql, making), await findThere(sql, onlyFilled)];
    const absent = onlyFilled.filter((table) => !filled.includes(table));
    if (absent.length > 0) {
      const names = absent.map(({ schema, name }) => `${schema}.${name}`).join(", ");
      throw missingError(
        "table_missing",
        `${database} has no table ${names} for the rows of ${dump.name}`,
        content === "data"
          ? "restore it with its table: leave --data-only out"
          : "an extension makes it: CREATE EXTENSION … there first",
      );
    }
    await requireNewSchemas(sql, content === "data" ? [] : schemas);
    const counts = await countRows(sql, [...replaced, ...filled]);
    const counted = [...replaced, ...filled].map((table, place) => ({ ...table, rows: counts[place] }));
    return {
      dump: dump.name,
      replaced: counted.slice(0, replaced.length),
      filled: counted.slice(replaced.length),
      made: making.filter((table) => !replaced.includes(table)),
    };
  });
}

/** Throws (exit 5) for a schema that is there: what is in it, and not in the dump, would be neither kept nor dropped. */
async function requireNewSchemas(sql: Sql, schemas: readonly string[]): Promise<void> {
  if (schemas.length === 0) return;
  const [found] = await sql<
    { name: string }[]
  >`select nspname as name from pg_namespace where nspname in ${sql(schemas)}`;
  if (found === undefined) return;
  throw refusal(
    "schema_exists",
    `there is a schema ${found.name} already`,
    `its tables one by one: --table ${found.name}.NAME; only rows: --data-only; or first: ALTER SCHEMA … RENAME TO …`,
  );
}

async function findThere<T extends TableName>(sql: Sql, tables: readonly T[]): Promise<T[]> {
  const rows = await sql<TableName[]>`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f')`;
  const there = new Set(rows.map(nameOf));
  return tables.filter((table) => there.has(nameOf(table)));
}
