/** `restore` of a part of a dump, into a database that stays. */
import type { PartOfDump } from "../archive/archive-parts.ts";
import {
  type CountedTable,
  type PartsChange,
  type PartsRequest,
  type PartsResult,
  planParts,
  restoreParts,
} from "../dump/restore-parts.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Context } from "./context.ts";
import { approveForeign } from "./foreign-dump.ts";
import { formatCount, plural } from "./format.ts";
import { formatFields } from "./table.ts";

/** What the flags say of it; undefined for a whole dump, and for what is made of one without rows. */
export function choosePart(args: {
  table: readonly string[];
  schema: readonly string[];
  schemaOnly: boolean;
  dataOnly: boolean;
}): PartOfDump | undefined {
  const { table: tables, schema: schemas, schemaOnly, dataOnly } = args;
  if (tables.length + schemas.length === 0 && !dataOnly) return undefined;
  return { tables, schemas, content: schemaOnly ? "schema" : dataOnly ? "data" : "all" };
}

/** Restores the part, or only says what that would change. */
export async function restorePart(
  context: Context,
  live: LiveTarget,
  { dryRun, ...given }: Omit<PartsRequest, "consent" | "approveForeign"> & { dryRun: boolean },
): Promise<void> {
  const tools = await context.operationTools();
  const { target, database } = live;
  const request: PartsRequest = {
    ...given,
    approveForeign: (foreign) => approveForeign(context, target, foreign),
    consent: (change) => context.requireConsent({ target, ...describeConsent(change, database, target.label) }),
  };
  if (dryRun) {
    const change = await planParts(tools, live, request);
    return void (await context.output.answer({ dry_run: true, database, ...documentOf(change) }, () =>
      renderChange(change),
    ));
  }
  const result = await restoreParts(tools, live, request);
  await context.output.answer({ ...result, tables: result.tables.map(withCounts) }, () => renderParts(result));
}

function describeConsent({ dump, replaced, filled, made }: PartsChange, database: string, label: string) {
  const parts = [
    ...(replaced.length === 0 ? [] : [`${list(replaced)} will be replaced, and not kept`]),
    ...(filled.length === 0 ? [] : [`${list(filled)} will get the rows of the dump besides their own`]),
    ...(made.length === 0 ? [] : [`${plural(made.length, "table")} will be made`]),
  ];
  const what = parts.length === 0 ? "what the dump has will be made" : parts.join("; ");
  return {
    what: `in the database ${database} of ${label}, from ${dump}: ${what}`,
    instead: "pgrove snapshot        saves what is there first",
  };
}

function list(tables: readonly CountedTable[]): string {
  return tables.map((table) => `${nameOf(table)} (${rowsOf(table.rows)})`).join(", ");
}

function nameOf({ schema, name }: { schema: string; name: string }): string {
  return `${schema}.${name}`;
}

function rowsOf(rows: number | undefined): string {
  return rows === undefined ? "rows not counted" : plural(rows, "row");
}

function documentOf({ dump, replaced, filled, made }: PartsChange) {
  const counted = ({ schema, name, rows }: CountedTable) => ({ schema, name, rows: rows ?? null });
  return { dump, replaced: replaced.map(counted), filled: filled.map(counted), made };
}

function renderChange({ dump, replaced, filled, made }: PartsChange): string {
  return formatFields([
    ["would restore", `a part of ${dump}, in one transaction`],
    ["replacing", list(replaced) || undefined],
    ["adding rows to", list(filled) || undefined],
    ["making", made.map(nameOf).join(", ") || undefined],
  ]);
}

function withCounts({ schema, name, before, after }: PartsResult["tables"][number]) {
  return { schema, name, before: before ?? null, after: after ?? null };
}

function renderParts({ dump, database, tables }: PartsResult): string {
  const rowsOf = (rows: number | undefined) => (rows === undefined ? "? rows" : plural(rows, "row"));
  return formatFields([
    ["restored", `a part of ${dump}`],
    ["database", database],
    ...tables.map((table): [string, string] => [
      nameOf(table),
      `${rowsOf(table.after)}${table.before === undefined ? "" : `, before ${formatCount(table.before)}`}`,
    ]),
  ]);
}
