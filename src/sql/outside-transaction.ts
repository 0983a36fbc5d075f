/** What PostgreSQL refuses to run inside a transaction. */

import { blankQuoted } from "./blank-quoted.ts";
import { findPart, partsOf, wordsOf } from "./nodes.ts";
import type { Node } from "./parser.ts";

/** Words without which no statement is of that kind: looked for first, since parsing takes longer. */
export const OUTSIDE_WORDS =
  /\b(?:concurrently|vacuum|cluster|reindex|database|tablespace|subscription|system|discard)\b/i;
/** The body of a DO block is quoted, so the words in it are looked for on their own. */
export const DO_ENDS_TRANSACTION = /\bdo\b[\s\S]*\b(?:commit|rollback)\b/i;

/** What such a statement is called: "CREATE INDEX CONCURRENTLY"; undefined of what may run inside a transaction. */
export function findOutsideOnly(node: Node): string | undefined {
  if (findPart(node, "IndexStmt")?.concurrent) return "CREATE INDEX CONCURRENTLY";
  if (findPart(node, "DropStmt")?.concurrent) return "DROP INDEX CONCURRENTLY";
  if (findPart(node, "VacuumStmt")?.is_vacuumcmd) return "VACUUM";
  if ("ClusterStmt" in node && findPart(node, "ClusterStmt")?.relation === undefined) return "CLUSTER of all tables";
  if ("CreatedbStmt" in node) return "CREATE DATABASE";
  if ("DropdbStmt" in node) return "DROP DATABASE";
  if ("AlterSystemStmt" in node) return "ALTER SYSTEM";
  if ("CreateTableSpaceStmt" in node) return "CREATE TABLESPACE";
  if ("DropTableSpaceStmt" in node) return "DROP TABLESPACE";
  if (findPart(node, "DiscardStmt")?.target === "DISCARD_ALL") return "DISCARD ALL";
  return findReindex(node) ?? findByOption(node) ?? findDetach(node) ?? findCommittingDo(node);
}

const MANY_TABLES = new Set(["REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE"]);

function findReindex(node: Node): string | undefined {
  const reindex = findPart(node, "ReindexStmt");
  if (reindex === undefined) return undefined;
  if (MANY_TABLES.has(reindex.kind ?? "")) return `REINDEX ${reindex.kind?.split("_").at(-1) ?? ""}`;
  const options = partsOf(reindex.params, "DefElem");
  return options.some(({ defname }) => defname === "concurrently") ? "REINDEX CONCURRENTLY" : undefined;
}

function findByOption(node: Node): string | undefined {
  const database = findPart(node, "AlterDatabaseStmt");
  if (partsOf(database?.options, "DefElem").some(({ defname }) => defname === "tablespace")) {
    return "ALTER DATABASE SET TABLESPACE";
  }
  const subscription = findPart(node, "CreateSubscriptionStmt");
  if (subscription === undefined) return undefined;
  const makesNoSlot = partsOf(subscription.options, "DefElem").some(
    ({ defname, arg }) =>
      ["create_slot", "connect"].includes(defname ?? "") && /^(false|off|0)$/i.test(wordsOf(arg)[0] ?? ""),
  );
  return makesNoSlot ? undefined : "CREATE SUBSCRIPTION";
}

function findDetach(node: Node): string | undefined {
  const commands = partsOf(findPart(node, "AlterTableStmt")?.cmds, "AlterTableCmd");
  const concurrent = commands.some(({ def }) => findPart(def, "PartitionCmd")?.concurrent);
  return concurrent ? "DETACH PARTITION CONCURRENTLY" : undefined;
}

function findCommittingDo(node: Node): string | undefined {
  return bodyEndsTransaction(bodyOfDo(node) ?? "") ? "a DO block that ends its transaction" : undefined;
}

/** Whether a body in PL/pgSQL ends its transaction on its way. */
export function bodyEndsTransaction(body: string): boolean {
  return /\b(?:commit|rollback)\s*(?:and\s+(?:no\s+)?chain\s*)?;/i.test(blankQuoted(body));
}

function bodyOfDo(node: Node): string | undefined {
  const block = findPart(node, "DoStmt");
  if (block === undefined) return undefined;
  const body = partsOf(block.args, "DefElem").find(({ defname }) => defname === "as");
  return wordsOf(body?.arg)[0] ?? "";
}

/** Words of a DO block that may commit, by itself or by a procedure, in whatever language it is. */
const MAY_COMMIT = /commit|rollback|call/i;

/** Whether a statement, outside of a transaction, may commit a part of what it does before it fails. */
export function commitsPieces(node: Node): boolean {
  return "CallStmt" in node || MAY_COMMIT.test(bodyOfDo(node) ?? "");
}

/**
 * Whether a statement that fails outside of a transaction may have left a part of itself: what it has committed on its way,
 * or an invalid index. It must not be begun again unasked.
 */
export function mayStayInPart(node: Node): boolean {
  if (commitsPieces(node) || findPart(node, "IndexStmt")?.concurrent) return true;
  return findReindex(node) !== undefined || findDetach(node) !== undefined;
}
