/** Rules about a script as a whole: its transactions, its time limits, and running it twice. */
import type { RangeVar } from "libpg-query";
import {
  addedColumns,
  addedConstraints,
  commandsOf,
  findPart,
  keyOfRelation,
  partsOf,
  visitParts,
  wordsOf,
} from "../../sql/nodes.ts";
import { findOutsideOnly } from "../../sql/outside-transaction.ts";
import type { Node } from "../../sql/parser.ts";
import type { Breach, Rule } from "./rule.ts";
import { closes, opens, type ScriptState } from "./script-state.ts";

const concurrentInTransaction: Rule = {
  name: "ban-concurrent-index-creation-in-transaction",
  level: "error",
  about: "CONCURRENTLY, VACUUM and the like inside a transaction: PostgreSQL refuses them there",
  down: true,
  functions: true,
  *check(node, { state, body, past }) {
    const called = partsOf(findPart(node, "CallStmt")?.funccall?.funcname, "String").map(({ sval }) => sval ?? "");
    const commits = called.length > 0 && past.commits(called);
    const what = commits ? `CALL of ${called.join(".")}, which commits,` : findOutsideOnly(node);
    if (what === undefined || (commits && body !== undefined) || (body === undefined && !state.inTransaction)) return;
    const where = body === undefined ? "the migration's transaction" : "a body, which is always part of a transaction";
    yield {
      message: `${what} cannot run in ${where}`,
      hint: "put it into a file of its own with `-- pgrove:no-transaction`",
    };
  },
};

const transactionNesting: Rule = {
  name: "transaction-nesting",
  level: "error",
  about: "a BEGIN inside a transaction, or a COMMIT without one",
  down: true,
  *check(node, { state, body }) {
    if (body !== undefined) return;
    if (opens(node) && state.inTransaction) {
      yield {
        message: "BEGIN stands in a transaction already: PostgreSQL only warns, and the next COMMIT ends it all",
      };
    } else if (closes(node) && !state.inTransaction) {
      yield { message: "this ends a transaction that was not begun" };
    }
  },
};

const uncommittedTransaction: Rule = {
  name: "ban-uncommitted-transaction",
  level: "error",
  about: "a BEGIN that nothing ends: what follows it is never committed",
  down: true,
  *check(node, { state, body }) {
    if (body !== undefined || node !== state.unended) return;
    yield { message: "this transaction is never committed", hint: "COMMIT at the end, or no BEGIN at all" };
  },
};

const dividedTransaction: Rule = {
  name: "divided-transaction",
  level: "warning",
  about: "a file that begins and ends transactions itself: when a later part fails, the earlier ones stay",
  down: true,
  *check(node, { state, body }) {
    if (!state.divides || state.unended !== undefined || body !== undefined || !opens(node)) return;
    yield {
      message: "the file has a transaction that is not around all of it: what is done outside stays when it fails",
      hint: "leave out BEGIN and COMMIT: a migration runs in one transaction anyway",
    };
  },
};

/** The tables whose readers or writers a statement keeps waiting. */
function lockedTables(node: Node): (RangeVar | undefined)[] {
  const altered = commandsOf(node).map(({ table }) => table);
  const referenced = addedConstraints(node).map(({ constraint }) => constraint.pktable);
  const index = findPart(node, "IndexStmt");
  const truncated = partsOf(findPart(node, "TruncateStmt")?.relations, "RangeVar");
  return [...altered.slice(0, 1), ...referenced, ...(index === undefined ? [] : [index.relation]), ...truncated];
}

const timeoutSettings: Rule = {
  name: "require-timeout-settings",
  level: "warning",
  about: "no lock_timeout before a statement that waits for a lock, in a file that sets its own transactions",
  down: true,
  *check(node, { state, facts, body }) {
    // Where the transaction is pgrove's, pgrove has set lock_timeout, and tries again.
    if (!state.divides || body !== undefined || state.limits.has("lock_timeout")) return;
    const table = lockedTables(node).find((each) => each !== undefined && !facts.isNewTable(each));
    if (table === undefined) return;
    state.limits.add("lock_timeout"); // once in a file
    yield {
      message: `while this waits for its lock on ${keyOfRelation(table)}, everybody else waits behind it`,
      hint: "SET lock_timeout = '5s' at the file's beginning",
    };
  },
};

/** How a statement would fail when it is run a second time; undefined when it would not, or it makes no difference. */
function failsTwice(node: Node, state: ScriptState): string | undefined {
  const create = findPart(node, "CreateStmt") ?? findPart(node, "CreateSchemaStmt") ?? findPart(node, "CreateSeqStmt");
  if (create !== undefined) return create.if_not_exists ? undefined : "IF NOT EXISTS";
  const index = findPart(node, "IndexStmt");
  if (index !== undefined) {
    if (index.if_not_exists || index.idxname === undefined || state.hasDropped(index.idxname)) return undefined;
    // IF NOT EXISTS would take the invalid index that a failed build leaves for a whole one.
    return index.concurrent ? `DROP INDEX CONCURRENTLY IF EXISTS ${index.idxname}; before it` : "IF NOT EXISTS";
  }
  const drop = findPart(node, "DropStmt");
  if (drop !== undefined) return drop.missing_ok ? undefined : "IF EXISTS";
  const extension = findPart(node, "CreateExtensionStmt");
  if (extension !== undefined) return extension.if_not_exists ? undefined : "IF NOT EXISTS";
  const value = findPart(node, "AlterEnumStmt");
  if (value !== undefined && value.oldVal === undefined) return value.skipIfNewValExists ? undefined : "IF NOT EXISTS";
  for (const { command } of commandsOf(node)) {
    if (command.missing_ok) continue;
    if (command.subtype === "AT_AddColumn") return "IF NOT EXISTS";
    if (command.subtype === "AT_DropColumn" || command.subtype === "AT_DropConstraint") return "IF EXISTS";
  }
  return undefined;
}

const robustStatements: Rule = {
  name: "prefer-robust-stmts",
  level: "warning",
  about: "a statement outside a transaction that fails when it is run again after a failure",
  down: true,
  *check(node, { state, body }) {
    const words = failsTwice(node, state);
    if (words === undefined || !state.partial || state.transaction === "file" || body !== undefined) return;
    yield {
      message:
        "outside a transaction this is not undone when something fails, and it fails itself when it is run again",
      hint: words,
    };
  },
};

const enumOrdering: Rule = {
  name: "require-enum-value-ordering",
  level: "warning",
  about: "a new enum value without a place: it sorts behind all others",
  *check(node, { facts }) {
    const alter = findPart(node, "AlterEnumStmt");
    if (alter?.newVal === undefined || alter.oldVal !== undefined || alter.newValNeighbor !== undefined) return;
    const words = partsOf(alter.typeName, "String").map(({ sval }) => sval ?? "");
    if (facts.isNewType(words)) return;
    yield { message: `'${alter.newVal}' sorts behind all other values of ${words.join(".")}`, hint: "BEFORE or AFTER" };
  },
};

const enumValueUsed: Rule = {
  name: "ban-enum-value-use-in-transaction",
  level: "error",
  about: "a new enum value that is used in the transaction that adds it: PostgreSQL refuses it",
  down: true,
  *check(node, { state, body }) {
    if (body === "function") return;
    const uses: { type: string; value: string; location: number | undefined }[] = [];
    visitParts(node, "A_Const", ({ sval, location }) => {
      const type = state.typeOfNewValue(sval?.sval);
      if (type !== undefined && sval?.sval !== undefined) uses.push({ type, value: sval.sval, location });
    });
    for (const { type, value, location } of uses.slice(0, 1)) {
      yield {
        message: `'${value}' is added to ${type} in this transaction, and cannot be used before that is committed`,
        hint: "put its use into a migration behind this one",
        location,
      };
    }
  },
};

function duplicatesOf(names: readonly (string | undefined)[]): Set<string> {
  return new Set(names.filter((name, place) => name !== undefined && names.indexOf(name) !== place).map(String));
}

const duplicateAssignments: Rule = {
  name: "ban-duplicate-column-assignments",
  level: "error",
  about: "a column that is named twice: PostgreSQL refuses it",
  down: true,
  functions: true,
  *check(node): Iterable<Breach> {
    const columns = partsOf(findPart(node, "CreateStmt")?.tableElts, "ColumnDef").map(({ colname }) => colname);
    const added = addedColumns(node).map(({ column }) => column.colname);
    const aliases = (findPart(node, "ViewStmt")?.aliases ?? []).map((alias) => wordsOf(alias)[0]);
    const inserted = partsOf(findPart(node, "InsertStmt")?.cols, "ResTarget");
    const updated = partsOf(findPart(node, "UpdateStmt")?.targetList, "ResTarget");
    const assigned = [...inserted, ...updated].filter(({ indirection }) => indirection === undefined);
    for (const names of [columns, added, aliases, assigned.map(({ name }) => name)]) {
      for (const name of duplicatesOf(names)) yield { message: `the column ${name} is named twice` };
    }
  },
};

export const SCRIPT_RULES: readonly Rule[] = [
  concurrentInTransaction,
  transactionNesting,
  uncommittedTransaction,
  dividedTransaction,
  timeoutSettings,
  robustStatements,
  enumOrdering,
  enumValueUsed,
  duplicateAssignments,
];
