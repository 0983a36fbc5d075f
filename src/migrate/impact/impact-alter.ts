/**
 * The locks and the work of ALTER TABLE's parts, as PostgreSQL 15 to 18 do them: AlterTableGetLockLevel and ATExec… of
 * src/backend/commands/tablecmds.c. An integration test holds each against real servers.
 */
import type { AlterTableCmd, AlterTableType, ColumnDef, Constraint } from "libpg-query";
import {
  findColumnConstraint,
  findPart,
  functionsOf,
  isSerial,
  keyOfRelation,
  nameOfType,
  type TableCommand,
} from "../../sql/nodes.ts";
import type { Node } from "../../sql/parser.ts";
import type { ChangeFacts } from "../lint/facts.ts";
import type { Catalog } from "./impact-catalog.ts";
import type { Touch } from "./impact-effect.ts";
import type { LockMode, Work } from "./impact-model.ts";
import { judgeTypeChange } from "./impact-type-change.ts";

export interface AlterEffect {
  summary: string;
  lock: LockMode;
  work: Work;
  /** Another table that is locked, too. */
  others: readonly Touch[];
  /** The column whose values are lost. */
  lostColumn?: string;
  /** The column whose values may come out different. */
  narrowedColumn?: string;
}

const WEAK_LOCKS: Partial<Record<AlterTableType, LockMode>> = {
  AT_SetStatistics: "ShareUpdateExclusive",
  AT_SetOptions: "ShareUpdateExclusive",
  AT_ResetOptions: "ShareUpdateExclusive",
  AT_ClusterOn: "ShareUpdateExclusive",
  AT_DropCluster: "ShareUpdateExclusive",
  AT_SetRelOptions: "ShareUpdateExclusive",
  AT_ResetRelOptions: "ShareUpdateExclusive",
  AT_ValidateConstraint: "ShareUpdateExclusive",
  AT_AttachPartition: "ShareUpdateExclusive",
  AT_DetachPartitionFinalize: "ShareUpdateExclusive",
  AT_EnableTrig: "ShareRowExclusive",
  AT_EnableAlwaysTrig: "ShareRowExclusive",
  AT_EnableReplicaTrig: "ShareRowExclusive",
  AT_EnableTrigAll: "ShareRowExclusive",
  AT_EnableTrigUser: "ShareRowExclusive",
  AT_DisableTrig: "ShareRowExclusive",
  AT_DisableTrigAll: "ShareRowExclusive",
  AT_DisableTrigUser: "ShareRowExclusive",
};

const REWRITES: readonly AlterTableType[] = [
  "AT_SetLogged",
  "AT_SetUnLogged",
  "AT_SetTableSpace",
  "AT_SetAccessMethod",
  "AT_SetExpression",
];

const NAMES: Partial<Record<AlterTableType, string>> = {
  AT_DropNotNull: "allows null in",
  AT_ColumnDefault: "changes the default of",
  AT_SetStatistics: "changes the statistics of",
  AT_DropConstraint: "drops the constraint",
  AT_ValidateConstraint: "checks the constraint",
  AT_AddIdentity: "makes an identity of",
  AT_DropExpression: "makes a plain column of",
};

/** What one part of an ALTER TABLE does. */
export function describeAlter({ table, command }: TableCommand, catalog: Catalog, facts: ChangeFacts): AlterEffect {
  const key = keyOfRelation(table);
  const { subtype = "AT_SetOptions", name = "" } = command;
  const lock = WEAK_LOCKS[subtype] ?? "AccessExclusive";
  const plain = { lock, work: "none" as const, others: [] };
  switch (subtype) {
    case "AT_AddColumn":
      return addColumn(key, command, catalog);
    case "AT_DropColumn":
      return { ...plain, summary: `drops the column ${key}.${name}`, lostColumn: name };
    case "AT_SetNotNull": {
      const known = catalog.findTable(key)?.columns.find((column) => column.name === name)?.provedNotNull;
      const work = known || facts.past.isProvedNotNull(table, name) ? "none" : "scan";
      return { ...plain, summary: `forbids null in ${key}.${name}`, work };
    }
    case "AT_AlterColumnType":
      return changeType(key, name, findPart(command.def, "ColumnDef") ?? {}, catalog);
    case "AT_AddConstraint":
      return addConstraint(key, findPart(command.def, "Constraint") ?? {});
    case "AT_ValidateConstraint":
      return {
        ...plain,
        summary: `checks all rows of ${key} by ${name}`,
        work: "scan",
        others: referenced(key, name, catalog, "RowShare"),
      };
    case "AT_DropConstraint":
      return {
        ...plain,
        summary: `drops the constraint ${name} of ${key}`,
        others: referenced(key, name, catalog, "AccessExclusive"),
      };
    case "AT_AttachPartition":
    case "AT_DetachPartition":
      return changePartition(key, command);
    default:
      return {
        ...plain,
        summary: summarize(key, subtype, name),
        work: REWRITES.includes(subtype) ? "rewrite" : "none",
      };
  }
}

function summarize(key: string, subtype: AlterTableType, name: string): string {
  const said = NAMES[subtype];
  if (said !== undefined) return `${said} ${key}${name === "" ? "" : `.${name}`}`;
  // "AT_EnableRowSecurity" → "enable row security"
  const words = subtype
    .slice(3)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return `changes ${key}: ${words}`;
}

function addColumn(key: string, command: AlterTableCmd, catalog: Catalog): AlterEffect {
  const column = findPart(command.def, "ColumnDef") ?? {};
  const reference = findColumnConstraint(column, "CONSTR_FOREIGN")?.pktable;
  return {
    summary: `adds the column ${key}.${column.colname}`,
    lock: "AccessExclusive",
    work: workOfNewColumn(column, catalog),
    others:
      reference === undefined ? [] : [{ table: keyOfRelation(reference), lock: "ShareRowExclusive", work: "none" }],
  };
}

function workOfNewColumn(column: ColumnDef, catalog: Catalog): Work {
  const has = (contype: Parameters<typeof findColumnConstraint>[1]) =>
    findColumnConstraint(column, contype) !== undefined;
  const generated = findColumnConstraint(column, "CONSTR_GENERATED");
  const expression = findColumnConstraint(column, "CONSTR_DEFAULT")?.raw_expr;
  const rewrites =
    functionsOf(expression).some((name) => catalog.isVolatile(name)) ||
    (generated !== undefined && generated.generated_kind !== "v") ||
    has("CONSTR_IDENTITY") ||
    isSerial(column.typeName) ||
    catalog.isConstrainedDomain(nameOfType(column.typeName));
  if (rewrites) return "rewrite";
  if (has("CONSTR_UNIQUE") || has("CONSTR_PRIMARY")) return "index";
  const checks = has("CONSTR_CHECK") || (has("CONSTR_NOTNULL") && expression === undefined);
  return checks || (has("CONSTR_FOREIGN") && expression !== undefined) ? "scan" : "none";
}

function changeType(key: string, name: string, to: ColumnDef, catalog: Catalog): AlterEffect {
  const from = catalog.findTable(key)?.columns.find((column) => column.name === name);
  const { work, narrows } = judgeTypeChange(from, to, catalog);
  return {
    summary: `changes ${key}.${name}${from === undefined ? "" : ` from ${from.written}`} to ${nameOfType(to.typeName)}`,
    lock: "AccessExclusive",
    work,
    others: [],
    ...(narrows ? { narrowedColumn: name } : {}),
  };
}

function addConstraint(key: string, constraint: Constraint): AlterEffect {
  const named = constraint.conname === undefined ? "a constraint" : `the constraint ${constraint.conname}`;
  const later = constraint.skip_validation ? ", its rows unchecked" : "";
  const effect = { summary: `adds ${named} to ${key}${later}`, lock: "AccessExclusive" as const, others: [] };
  const work = constraint.skip_validation ? "none" : "scan";
  switch (constraint.contype) {
    case "CONSTR_FOREIGN": {
      const other = keyOfRelation(constraint.pktable);
      const others = other === key ? [] : [{ table: other, lock: "ShareRowExclusive" as const, work: "none" as const }];
      return { ...effect, lock: "ShareRowExclusive", work, others };
    }
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE":
    case "CONSTR_EXCLUSION": {
      // A primary key from an index still has to look for nulls, where its columns may hold them.
      const ofIndex = constraint.contype === "CONSTR_PRIMARY" ? "scan" : "none";
      return { ...effect, work: constraint.indexname === undefined ? "index" : ofIndex };
    }
    default:
      return { ...effect, work };
  }
}

function referenced(key: string, constraint: string, catalog: Catalog, lock: LockMode) {
  const found = catalog.findTable(key)?.foreignKeys.filter(({ name }) => name === constraint) ?? [];
  return found.map(({ to }) => ({ table: to, lock, work: "none" as const }));
}

function changePartition(key: string, { subtype, def }: AlterTableCmd): AlterEffect {
  const partition = findPart(def, "PartitionCmd");
  const other = keyOfRelation(partition?.name);
  if (subtype === "AT_AttachPartition") {
    const summary = `attaches ${other} to ${key}: its rows are checked unless a CHECK proves them`;
    return {
      summary,
      lock: "ShareUpdateExclusive",
      work: "none",
      others: [{ table: other, lock: "AccessExclusive", work: "scan" }],
    };
  }
  const lock = partition?.concurrent ? "ShareUpdateExclusive" : "AccessExclusive";
  return {
    summary: `detaches ${other} from ${key}`,
    lock,
    work: "none",
    others: [{ table: other, lock: "AccessExclusive", work: "none" }],
  };
}

/** The functions whose volatility matters to an ALTER TABLE: those of its new columns' defaults. */
export function defaultFunctionsOf(node: Node): string[] {
  const names = new Set<string>();
  for (const command of findPart(node, "AlterTableStmt")?.cmds ?? []) {
    const column = findPart(findPart(command, "AlterTableCmd")?.def, "ColumnDef");
    if (column === undefined) continue;
    for (const name of functionsOf(findColumnConstraint(column, "CONSTR_DEFAULT")?.raw_expr)) names.add(name);
  }
  return [...names];
}
