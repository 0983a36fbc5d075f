/** What statements do that look after tables: VACUUM, REINDEX, LOCK, triggers, comments and the like. */
import type { RangeVar } from "libpg-query";
import { findPart, hasOption, keyOfRelation, keyOfWords, partsOf, wordsOf } from "../../sql/nodes.ts";
import type { Node } from "../../sql/parser.ts";
import type { Catalog } from "./impact-catalog.ts";
import { LOCK_MODES, type LockMode, type Work } from "./impact-model.ts";

interface Maintenance {
  summary: string;
  touches: { table: string; lock: LockMode; work: Work }[];
  losses: [];
}

function maintain(summary: string, tables: readonly string[], lock: LockMode, work: Work = "none"): Maintenance {
  return { summary, touches: tables.map((table) => ({ table, lock, work })), losses: [] };
}

/** The effect of such a statement; undefined of others. */
export function describeMaintenance(node: Node, catalog: Catalog): Maintenance | undefined {
  return describeUpkeep(node, catalog) ?? describeAttachment(node);
}

function describeUpkeep(node: Node, catalog: Catalog): Maintenance | undefined {
  const vacuum = findPart(node, "VacuumStmt");
  if (vacuum !== undefined) {
    const tables = partsOf(vacuum.rels, "VacuumRelation").map(({ relation }) => keyOfRelation(relation));
    const what = tables.length === 0 ? "every table" : tables.join(", ");
    if (vacuum.is_vacuumcmd && hasOption(vacuum.options, "full")) {
      return maintain(`writes ${what} anew`, tables, "AccessExclusive", "rewrite");
    }
    return maintain(`${vacuum.is_vacuumcmd ? "vacuums" : "analyses"} ${what}`, tables, "ShareUpdateExclusive", "scan");
  }
  const cluster = findPart(node, "ClusterStmt");
  if (cluster !== undefined) {
    const tables = namesOf(cluster.relation);
    return maintain(`writes ${tables[0] ?? "every clustered table"} anew`, tables, "AccessExclusive", "rewrite");
  }
  const reindex = findPart(node, "ReindexStmt");
  if (reindex !== undefined) {
    const named = namesOf(reindex.relation);
    const ofIndex = named.flatMap((key) => catalog.findTableOfIndex(key) ?? []);
    const tables = reindex.kind === "REINDEX_OBJECT_INDEX" ? ofIndex : named;
    const lock = hasOption(reindex.params, "concurrently") ? "ShareUpdateExclusive" : "Share";
    return maintain(`rebuilds the indexes of ${named[0] ?? reindex.name ?? "the database"}`, tables, lock, "index");
  }
  const refresh = findPart(node, "RefreshMatViewStmt");
  if (refresh === undefined) return undefined;
  const lock = refresh.concurrent ? "Exclusive" : "AccessExclusive";
  return maintain(
    `fills ${keyOfRelation(refresh.relation)} again`,
    namesOf(refresh.relation),
    lock,
    refresh.concurrent ? "scan" : "rewrite",
  );
}

function describeAttachment(node: Node): Maintenance | undefined {
  const lock = findPart(node, "LockStmt");
  if (lock !== undefined) {
    const tables = partsOf(lock.relations, "RangeVar").map(keyOfRelation);
    return maintain(`locks ${tables.join(", ")}`, tables, LOCK_MODES[(lock.mode ?? 8) - 1] ?? "AccessExclusive");
  }
  const trigger = findPart(node, "CreateTrigStmt");
  if (trigger !== undefined) {
    return maintain(`adds the trigger ${trigger.trigname}`, namesOf(trigger.relation), "ShareRowExclusive");
  }
  const policy = findPart(node, "CreatePolicyStmt") ?? findPart(node, "AlterPolicyStmt");
  if (policy !== undefined) {
    return maintain(`sets the policy ${policy.policy_name}`, namesOf(policy.table), "AccessExclusive");
  }
  const rule = findPart(node, "RuleStmt");
  if (rule !== undefined) return maintain(`adds the rule ${rule.rulename}`, namesOf(rule.relation), "AccessExclusive");
  const moved = findPart(node, "AlterObjectSchemaStmt");
  if (moved?.relation !== undefined) {
    return maintain(`moves it to the schema ${moved.newschema}`, namesOf(moved.relation), "AccessExclusive");
  }
  const comment = findPart(node, "CommentStmt");
  if (comment === undefined) return undefined;
  const words = wordsOf(comment.object);
  const table = comment.objtype === "OBJECT_COLUMN" ? words.slice(0, -1) : words;
  const onTable = comment.objtype === "OBJECT_TABLE" || comment.objtype === "OBJECT_COLUMN";
  return maintain(`comments on ${words.join(".")}`, onTable ? [keyOfWords(table)] : [], "ShareUpdateExclusive");
}

function namesOf(relation: RangeVar | undefined): string[] {
  return relation === undefined ? [] : [keyOfRelation(relation)];
}
