/** Rules about statements that keep others waiting, where PostgreSQL knows a way that does not. */
import type { IndexStmt } from "libpg-query";
import { commandsOf, findPart, hasOption, keyOfRelation, partsOf, wordsOf } from "../../sql/nodes.ts";
import type { PastFacts } from "./past.ts";
import type { Rule } from "./rule.ts";

/** Whether it is made ON ONLY a partitioned table, as an entry of the catalog that partitions' indexes are attached to. */
export function buildsNothing({ relation }: IndexStmt, past: PastFacts): boolean {
  return relation !== undefined && !relation.inh && past.kindOfTable(relation) !== "plain";
}

const ON_PARTITIONED =
  "CREATE INDEX … ON ONLY it, then CREATE INDEX CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION";

const indexCreation: Rule = {
  name: "require-concurrent-index-creation",
  level: "warning",
  about: "an index that is built while the table's writes wait",
  down: true,
  *check(node, { facts, past }) {
    const index = findPart(node, "IndexStmt");
    if (index === undefined || index.concurrent || facts.isNewTable(index.relation)) return;
    if (buildsNothing(index, past)) return;
    const table = keyOfRelation(index.relation);
    const isPartitioned = past.kindOfTable(index.relation) === "partitioned";
    yield {
      message: `writes to ${table} wait until the index ${index.idxname ?? "on it"} is built`,
      hint: isPartitioned
        ? ON_PARTITIONED
        : "CREATE INDEX CONCURRENTLY, alone in a file with `-- pgrove:no-transaction`",
    };
  },
};

const concurrentOnPartitioned: Rule = {
  name: "ban-concurrent-index-on-partitioned-table",
  level: "error",
  about: "CREATE INDEX CONCURRENTLY on a partitioned table: PostgreSQL refuses it",
  down: true,
  *check(node, { past }) {
    const index = findPart(node, "IndexStmt");
    if (!index?.concurrent || !index.relation?.inh || past.kindOfTable(index.relation) !== "partitioned") return;
    yield {
      message: `${keyOfRelation(index.relation)} is partitioned, which takes no CONCURRENTLY`,
      hint: ON_PARTITIONED,
    };
  },
};

const indexDeletion: Rule = {
  name: "require-concurrent-index-deletion",
  level: "warning",
  about: "an index that is dropped while the table's reads and writes wait",
  *check(node, { facts }) {
    const drop = findPart(node, "DropStmt");
    if (drop?.removeType !== "OBJECT_INDEX" || drop.concurrent) return;
    for (const words of (drop.objects ?? []).map(wordsOf)) {
      if (facts.isNewIndex(words)) continue;
      yield {
        message: `dropping the index ${words.join(".")} waits for its table's readers, and stops new ones meanwhile`,
        hint: "DROP INDEX CONCURRENTLY, alone in a file with `-- pgrove:no-transaction`",
      };
    }
  },
};

const reindex: Rule = {
  name: "require-concurrent-reindex",
  level: "warning",
  about: "indexes that are rebuilt while writes, and reads by them, wait",
  down: true,
  *check(node, { facts }) {
    const stmt = findPart(node, "ReindexStmt");
    if (stmt === undefined || stmt.kind === "REINDEX_OBJECT_SYSTEM" || hasOption(stmt.params, "concurrently")) return;
    const isNew =
      stmt.kind === "REINDEX_OBJECT_INDEX"
        ? facts.isNewIndex([stmt.relation?.relname ?? ""])
        : stmt.kind === "REINDEX_OBJECT_TABLE" && facts.isNewTable(stmt.relation);
    if (isNew) return;
    const what = stmt.relation === undefined ? `all of ${stmt.name ?? "the database"}` : keyOfRelation(stmt.relation);
    yield {
      message: `rebuilding the indexes (${what}) stops writes, and reads that would use them`,
      hint: "REINDEX … CONCURRENTLY, in a file with `-- pgrove:no-transaction`",
    };
  },
};

const partitionDetach: Rule = {
  name: "require-concurrent-partition-detach",
  level: "warning",
  about: "a partition that is detached while the whole table's reads and writes wait",
  down: true,
  *check(node, { facts }) {
    for (const { table, command } of commandsOf(node)) {
      const partition = findPart(command.def, "PartitionCmd");
      if (command.subtype !== "AT_DetachPartition" || partition?.concurrent) continue;
      if (facts.isNewTable(table) || facts.isNewTable(partition?.name)) continue;
      yield {
        message: `detaching ${keyOfRelation(partition?.name)} stops all reads and writes of ${keyOfRelation(table)}`,
        hint: "DETACH PARTITION … CONCURRENTLY, in a file with `-- pgrove:no-transaction`",
      };
    }
  },
};

const refresh: Rule = {
  name: "require-concurrent-refresh",
  level: "warning",
  about: "a materialized view that nobody can read while it is filled",
  down: true,
  *check(node, { facts }) {
    const stmt = findPart(node, "RefreshMatViewStmt");
    if (stmt === undefined || stmt.concurrent || stmt.skipData || facts.isNewTable(stmt.relation)) return;
    yield {
      message: `nobody can read ${keyOfRelation(stmt.relation)} until it is filled again`,
      hint: "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on it",
    };
  },
};

const vacuumFull: Rule = {
  name: "ban-vacuum-full",
  level: "warning",
  about: "VACUUM FULL: a table is written anew while its reads and writes wait",
  down: true,
  *check(node, { facts }) {
    const vacuum = findPart(node, "VacuumStmt");
    if (!vacuum?.is_vacuumcmd || !hasOption(vacuum.options, "full")) return;
    const tables = partsOf(vacuum.rels, "VacuumRelation").map(({ relation }) => relation);
    if (tables.length > 0 && tables.every((table) => facts.isNewTable(table))) return;
    const what = tables.length === 0 ? "every table" : tables.map(keyOfRelation).join(", ");
    yield {
      message: `VACUUM FULL writes ${what} anew, and stops all reads and writes meanwhile`,
      hint: "a plain VACUUM, or pg_repack",
    };
  },
};

const cluster: Rule = {
  name: "ban-cluster",
  level: "warning",
  about: "CLUSTER: a table is written anew while its reads and writes wait",
  down: true,
  *check(node, { facts }) {
    const stmt = findPart(node, "ClusterStmt");
    if (stmt === undefined || (stmt.relation !== undefined && facts.isNewTable(stmt.relation))) return;
    const what = stmt.relation === undefined ? "every clustered table" : keyOfRelation(stmt.relation);
    yield { message: `CLUSTER writes ${what} anew, and stops all reads and writes meanwhile`, hint: "pg_repack" };
  },
};

/** Commands of ALTER TABLE that write the table anew, and what is to be said of them. */
const REWRITES: Readonly<Record<string, { words: string; hint: string }>> = {
  AT_SetLogged: { words: "SET LOGGED", hint: "there is no way without the wait: choose a quiet hour" },
  AT_SetUnLogged: {
    words: "SET UNLOGGED",
    hint: "choose a quiet hour; after a crash of the server an unlogged table is empty, and no replica has it",
  },
  AT_SetTableSpace: { words: "SET TABLESPACE", hint: "pg_repack moves a table without the wait" },
  AT_SetAccessMethod: { words: "SET ACCESS METHOD", hint: "a new table of that kind, filled in batches" },
  AT_SetExpression: {
    words: "SET EXPRESSION of a stored column",
    hint: "a second generated column; of a virtual one say so: -- pgrove-ignore ban-table-rewrite",
  },
};

/** What an ALTER TABLE of another kind of thing may rewrite. */
const REWRITTEN: ReadonlySet<string | undefined> = new Set(["OBJECT_TABLE", "OBJECT_MATVIEW", "OBJECT_INDEX"]);

const tableRewrite: Rule = {
  name: "ban-table-rewrite",
  level: "warning",
  about: "SET LOGGED, UNLOGGED, TABLESPACE or ACCESS METHOD: a table is written anew while its reads and writes wait",
  down: true,
  *check(node, { facts, past }) {
    const moved = findPart(node, "AlterTableMoveAllStmt");
    if (moved !== undefined) {
      const message = `SET TABLESPACE copies all that is in ${moved.orig_tablespacename}, and stops all reads and writes meanwhile`;
      yield { message, hint: "one table after the other, in quiet hours" };
    }
    const alter = findPart(node, "AlterTableStmt");
    if (alter === undefined || !REWRITTEN.has(alter.objtype)) return;
    const { relation, objtype } = alter;
    const isNew = objtype === "OBJECT_INDEX" ? facts.isNewIndex([relation?.relname ?? ""]) : facts.isNewTable(relation);
    for (const { subtype = "" } of partsOf(alter.cmds, "AlterTableCmd")) {
      const rewrite = REWRITES[subtype];
      // A partitioned table has no rows of its own: it is only noted for partitions to come.
      const isEmpty = isNew || (subtype !== "AT_SetExpression" && past.kindOfTable(relation) === "partitioned");
      if (rewrite === undefined || isEmpty) continue;
      yield {
        message: `${rewrite.words} writes ${keyOfRelation(relation)} anew, and stops all reads and writes meanwhile`,
        hint: rewrite.hint,
      };
    }
  },
};

const partitionAttach: Rule = {
  name: "require-check-before-partition-attach",
  level: "warning",
  about: "a table that is attached as a partition without a checked CHECK: it is read while its reads and writes wait",
  down: true,
  *check(node, { facts, past }) {
    for (const { table, command } of commandsOf(node)) {
      const partition = findPart(command.def, "PartitionCmd");
      if (command.subtype !== "AT_AttachPartition" || partition === undefined) continue;
      if (facts.isNewTable(partition.name) || past.isChecked(partition.name)) continue;
      const [own, whole] = [keyOfRelation(partition.name), keyOfRelation(table)];
      yield {
        message: `attaching ${own} to ${whole} reads all of ${own}, and stops its reads and writes meanwhile`,
        hint: "first ADD CONSTRAINT … CHECK that says what the partition's bounds do, NOT VALID, then VALIDATE CONSTRAINT in a migration of its own",
      };
    }
  },
};

/** ACCESS EXCLUSIVE, the mode of a LOCK TABLE that names none. src/include/storage/lockdefs.h */
const ACCESS_EXCLUSIVE = 8;

const lockTable: Rule = {
  name: "ban-lock-table",
  level: "warning",
  about: "LOCK TABLE: the strongest lock on a table, held to the end of the transaction",
  down: true,
  *check(node, { facts }) {
    const lock = findPart(node, "LockStmt");
    if (lock?.mode !== ACCESS_EXCLUSIVE) return;
    const tables = partsOf(lock.relations, "RangeVar").filter((table) => !facts.isNewTable(table));
    if (tables.length === 0) return;
    yield {
      message: `no one can read or write ${tables.map(keyOfRelation).join(", ")} until the transaction ends`,
      hint: "leave it out, or take a weaker lock such as SHARE ROW EXCLUSIVE",
    };
  },
};

export const LOCK_RULES: readonly Rule[] = [
  indexCreation,
  concurrentOnPartitioned,
  indexDeletion,
  reindex,
  partitionDetach,
  partitionAttach,
  refresh,
  vacuumFull,
  cluster,
  tableRewrite,
  lockTable,
];
