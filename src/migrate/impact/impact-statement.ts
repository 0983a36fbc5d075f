/** What one statement does: the tables it locks and works on, and what is lost by it. */
import type { ConstrType, RangeVar } from "libpg-query";
import {
  commandsOf,
  createdColumns,
  findColumnConstraint,
  findPart,
  keyOfRelation,
  nameOfRole,
  partsOf,
  visitParts,
} from "../../sql/nodes.ts";
import type { Node } from "../../sql/parser.ts";
import type { ChangeFacts } from "../lint/facts.ts";
import { describeAlter } from "./impact-alter.ts";
import type { Catalog } from "./impact-catalog.ts";
import { describeDrop } from "./impact-drop.ts";
import type { Describe, Effect, LossPlan, Touch } from "./impact-effect.ts";
import { describeMaintenance } from "./impact-maintenance.ts";
import { greaterWork, type LockMode, strongerLock, type Work } from "./impact-model.ts";

/** What a statement does. What is not known takes no lock that anybody would notice. */
export function describeStatement(node: Node, catalog: Catalog, facts: ChangeFacts): Effect {
  for (const describe of DESCRIBERS) {
    const effect = describe(node, catalog, facts);
    if (effect !== undefined) return { ...effect, touches: mergeTouches(effect.touches) };
  }
  return { summary: nameStatement(node), touches: [], losses: [] };
}

/** Each table once, with its strongest lock and greatest work. */
export function mergeTouches(touches: readonly Touch[]): Touch[] {
  const merged = new Map<string, Touch>();
  for (const touch of touches) {
    const known = merged.get(touch.table);
    merged.set(touch.table, {
      table: touch.table,
      lock: known === undefined ? touch.lock : strongerLock(known.lock, touch.lock),
      work: known === undefined ? touch.work : greaterWork(known.work, touch.work),
    });
  }
  return [...merged.values()];
}

/** "CreateFunctionStmt" → "create function" */
function nameStatement(node: Node): string {
  const kind = Object.keys(node)[0] ?? "";
  return kind
    .replace(/Stmt$/, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
}

const describeTable: Describe = (node, catalog, facts) => {
  const commands = commandsOf(node);
  const [first] = commands;
  if (first === undefined) return undefined;
  const table = keyOfRelation(first.table);
  const effects = commands.map((command) => describeAlter(command, catalog, facts));
  return {
    summary: effects.map(({ summary }) => summary).join("; "),
    touches: effects.flatMap(({ lock, work, others }) => [{ table, lock, work }, ...others]),
    losses: effects.flatMap(({ lostColumn, narrowedColumn }): LossPlan[] => {
      const column = lostColumn ?? narrowedColumn;
      return column === undefined
        ? []
        : [{ kind: "column", verb: lostColumn === undefined ? "narrows" : "drops", table, column }];
    }),
  };
};

const describeCreate: Describe = (node) => {
  const create = findPart(node, "CreateStmt");
  if (create === undefined) return undefined;
  const parents: Touch[] = partsOf(create.inhRelations, "RangeVar").map((parent) => ({
    table: keyOfRelation(parent),
    lock: create.partbound === undefined ? "ShareUpdateExclusive" : "AccessExclusive",
    work: "none",
  }));
  const isForeign = ({ contype }: { contype?: ConstrType }) => contype === "CONSTR_FOREIGN";
  const references = [
    ...partsOf(create.tableElts, "Constraint").filter(isForeign),
    ...createdColumns(node).flatMap(({ column }) => findColumnConstraint(column, "CONSTR_FOREIGN") ?? []),
  ];
  return {
    summary: `creates the table ${keyOfRelation(create.relation)}`,
    touches: [...parents, ...references.map(({ pktable }) => touch(pktable, "ShareRowExclusive"))],
    losses: [],
  };
};

const describeIndex: Describe = (node) => {
  const index = findPart(node, "IndexStmt");
  if (index === undefined) return undefined;
  const what = `${index.unique ? "a unique index" : "an index"}${index.idxname === undefined ? "" : ` ${index.idxname}`}`;
  const how = index.concurrent ? ", while others write" : "";
  const lock = index.concurrent ? "ShareUpdateExclusive" : "Share";
  return {
    summary: `builds ${what} on ${keyOfRelation(index.relation)}${how}`,
    touches: [touch(index.relation, lock, "index")],
    losses: [],
  };
};

const describeRename: Describe = (node) => {
  const rename = findPart(node, "RenameStmt");
  if (rename?.relation === undefined) return undefined;
  const table = keyOfRelation(rename.relation);
  if (rename.renameType === "OBJECT_INDEX") {
    return { summary: `renames the index ${table} to ${rename.newname}`, touches: [], losses: [] };
  }
  const what = rename.subname === undefined ? table : `${table}.${rename.subname}`;
  const summary = `renames ${what} to ${rename.newname}`;
  return { summary, touches: [touch(rename.relation, "AccessExclusive")], losses: [] };
};

const describeTruncate: Describe = (node, catalog) => {
  const truncate = findPart(node, "TruncateStmt");
  if (truncate === undefined) return undefined;
  const named = partsOf(truncate.relations, "RangeVar").map(keyOfRelation);
  const tables = truncate.behavior === "DROP_CASCADE" ? withReferencing(named, catalog) : named;
  return {
    summary: `empties ${tables.join(", ")}`,
    touches: tables.map((table): Touch => ({ table, lock: "AccessExclusive", work: "none" })),
    losses: tables.map((table): LossPlan => ({ kind: "rows", verb: "empties", table })),
  };
};

/** The tables and all that point to them, as far as the catalog was read. */
function withReferencing(tables: readonly string[], catalog: Catalog): string[] {
  const all = new Set(tables);
  for (const key of all) for (const other of catalog.findTable(key)?.referencedBy ?? []) all.add(other);
  return [...all];
}

/** The tables that a query reads, with the lock that it takes on them. */
function readTables(node: Node): Touch[] {
  const touches: Touch[] = [];
  visitParts(node, "RangeVar", (relation) => touches.push(touch(relation, "AccessShare")));
  return touches;
}

const describeChange: Describe = (node) => {
  const remove = findPart(node, "DeleteStmt");
  const update = findPart(node, "UpdateStmt");
  const merge = findPart(node, "MergeStmt");
  const written = findPart(node, "InsertStmt") ?? update ?? remove ?? merge;
  if (written?.relation === undefined) return undefined;
  const table = keyOfRelation(written.relation);
  const touches = [
    touch(written.relation, "RowExclusive", remove === undefined && update === undefined ? "none" : "scan"),
    ...readTables(node),
  ];
  if (remove !== undefined) {
    const all: LossPlan = { kind: "rows", verb: "empties", table };
    const some: LossPlan = { kind: "some", verb: "deletes", table };
    const summary = `deletes ${remove.whereClause === undefined ? "all rows" : "rows"} of ${table}`;
    return { summary, touches, losses: [remove.whereClause === undefined ? all : some] };
  }
  if (partsOf(merge?.mergeWhenClauses, "MergeWhenClause").some(({ commandType }) => commandType === "CMD_DELETE")) {
    const losses: LossPlan[] = [{ kind: "some", verb: "deletes", table }];
    return { summary: `writes and deletes rows of ${table}`, touches, losses };
  }
  if (update === undefined) return { summary: `writes rows into ${table}`, touches, losses: [] };
  const which = update.whereClause === undefined ? "all rows" : "rows";
  return { summary: `changes ${which} of ${table}`, touches, losses: [] };
};

const describeCopy: Describe = (node) => {
  const copy = findPart(node, "CopyStmt");
  if (copy?.relation === undefined) return undefined;
  const [verb, lock] = copy.is_from
    ? (["copies rows into", "RowExclusive"] as const)
    : (["reads", "AccessShare"] as const);
  return { summary: `${verb} ${keyOfRelation(copy.relation)}`, touches: [touch(copy.relation, lock)], losses: [] };
};

const describeQuery: Describe = (node) => {
  const query = findPart(node, "CreateTableAsStmt");
  const made = query?.into?.rel;
  if (query !== undefined) {
    return {
      summary: `creates ${keyOfRelation(made)} from a query`,
      touches: readTables(query.query ?? node),
      losses: [],
    };
  }
  const view = findPart(node, "ViewStmt");
  if (view !== undefined) return { summary: `creates the view ${keyOfRelation(view.view)}`, touches: [], losses: [] };
  if (findPart(node, "SelectStmt") === undefined) return undefined;
  return { summary: "runs a query", touches: readTables(node), losses: [] };
};

/** DROP OWNED BY: what that is, only the server knows. */
const describeOwned: Describe = (node) => {
  const owned = findPart(node, "DropOwnedStmt");
  if (owned === undefined) return undefined;
  const what = `all that ${partsOf(owned.roles, "RoleSpec").map(nameOfRole).join(", ")} owns in this database`;
  return { summary: `drops ${what}`, touches: [], losses: [{ kind: "other", verb: "drops", what }] };
};

const describeDatabase: Describe = (node) => {
  const database = findPart(node, "DropdbStmt")?.dbname;
  if (database === undefined) return undefined;
  const what = `database ${database}`;
  return { summary: `drops the ${what}`, touches: [], losses: [{ kind: "other", verb: "drops", what }] };
};

function touch(relation: RangeVar | undefined, lock: LockMode, work: Work = "none"): Touch {
  return { table: keyOfRelation(relation), lock, work };
}

const DESCRIBERS: readonly Describe[] = [
  describeTable,
  describeCreate,
  describeIndex,
  describeRename,
  describeDrop,
  describeTruncate,
  describeChange,
  describeCopy,
  describeQuery,
  describeDatabase,
  describeOwned,
  describeMaintenance,
];
