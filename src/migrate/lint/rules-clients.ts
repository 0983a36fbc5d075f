/** Rules about what running clients still use, and what cannot be brought back. */
import { commandsOf, findPart, keyOfRelation, keyOfWords, nameOfRole, partsOf, wordsOf } from "../../sql/nodes.ts";
import type { Rule } from "./rule.ts";

const dropColumn: Rule = {
  name: "ban-drop-column",
  level: "warning",
  about: "a column that is dropped: its values are lost, and clients that still name it fail",
  down: true,
  *check(node, { facts }) {
    for (const { table, command } of commandsOf(node)) {
      if (command.subtype !== "AT_DropColumn" || facts.isNewColumn(table, command.name)) continue;
      yield {
        message: `dropping ${keyOfRelation(table)}.${command.name} loses its values, and breaks clients that name it`,
        hint: "first release clients that do not use it; then -- pgrove-ignore ban-drop-column",
      };
    }
  },
};

const DROPPED_TABLES = ["OBJECT_TABLE", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE"];

const dropTable: Rule = {
  name: "ban-drop-table",
  level: "warning",
  about: "a table that is dropped: its rows are lost, and clients that still use it fail",
  down: true,
  *check(node, { facts }) {
    const drop = findPart(node, "DropStmt");
    if (drop === undefined || !DROPPED_TABLES.includes(drop.removeType ?? "")) return;
    for (const key of (drop.objects ?? []).map((object) => keyOfWords(wordsOf(object)))) {
      if (facts.isNewTableKey(key)) continue;
      yield {
        message: `dropping ${key} loses its rows, and breaks clients that use it`,
        hint: "first release clients that do not use it; then -- pgrove-ignore ban-drop-table",
      };
    }
  },
};

const dropSchema: Rule = {
  name: "ban-drop-schema",
  level: "warning",
  about: "a schema that is dropped with all that is in it",
  down: true,
  *check(node, { facts }) {
    const drop = findPart(node, "DropStmt");
    if (drop?.removeType !== "OBJECT_SCHEMA" || drop.behavior !== "DROP_CASCADE") return;
    for (const name of (drop.objects ?? []).map((object) => wordsOf(object).join("."))) {
      if (!facts.isNewSchema(name)) yield { message: `dropping the schema ${name} loses every table in it` };
    }
  },
};

const dropOwned: Rule = {
  name: "ban-drop-owned",
  level: "warning",
  about: "all that a role owns, dropped in one statement: tables with their rows, whichever they are",
  down: true,
  *check(node) {
    const owned = findPart(node, "DropOwnedStmt");
    if (owned === undefined) return;
    const roles = partsOf(owned.roles, "RoleSpec").map(nameOfRole).join(", ");
    yield {
      message: `all tables and schemas that ${roles} owns are dropped, and its rights are taken away`,
      hint: "REASSIGN OWNED BY … TO … before it, or drop what is meant by name",
    };
  },
};

const dropDatabase: Rule = {
  name: "ban-drop-database",
  level: "warning",
  about: "a whole database that is dropped",
  down: true,
  functions: true,
  *check(node, { facts }) {
    const drop = findPart(node, "DropdbStmt");
    if (drop === undefined || facts.isNewDatabase(drop.dbname ?? "")) return;
    yield { message: `dropping the database ${drop.dbname} is nothing for a migration` };
  },
};

const dropNotNull: Rule = {
  name: "ban-drop-not-null",
  level: "warning",
  about: "a column that may be null from now on: clients may not expect it",
  *check(node, { facts }) {
    for (const { table, command } of commandsOf(node)) {
      if (command.subtype !== "AT_DropNotNull" || facts.isNewColumn(table, command.name)) continue;
      yield {
        message: `${keyOfRelation(table)}.${command.name} may be null from now on, which clients may not expect`,
        hint: "first release clients that can read nulls; then -- pgrove-ignore ban-drop-not-null",
      };
    }
  },
};

const truncateCascade: Rule = {
  name: "ban-truncate-cascade",
  level: "warning",
  about: "TRUNCATE … CASCADE: tables that are not named are emptied, too",
  down: true,
  functions: true,
  *check(node) {
    const truncate = findPart(node, "TruncateStmt");
    if (truncate?.behavior !== "DROP_CASCADE") return;
    const tables = partsOf(truncate.relations, "RangeVar").map(keyOfRelation).join(", ");
    yield {
      message: `every table that points to ${tables} is emptied, and every one that points to those`,
      hint: "TRUNCATE the tables by name",
    };
  },
};

const dropTypeCascade: Rule = {
  name: "ban-drop-type-cascade",
  level: "warning",
  about: "DROP TYPE, DOMAIN or EXTENSION … CASCADE: the columns of that type are dropped with it, and their values",
  down: true,
  functions: true,
  *check(node, { facts }) {
    const drop = findPart(node, "DropStmt");
    const kind = TYPE_KINDS.get(drop?.removeType ?? "");
    if (drop === undefined || kind === undefined || drop.behavior !== "DROP_CASCADE") return;
    for (const words of (drop.objects ?? []).map(wordsOf)) {
      if (facts.isNewType(words)) continue;
      yield {
        message: `every column that uses the ${kind} ${words.join(".")} is dropped with it, and its values are lost`,
        hint: `first change or drop those columns by name; then DROP ${kind.toUpperCase()} without CASCADE`,
      };
    }
  },
};

const TYPE_KINDS: ReadonlyMap<string, string> = new Map([
  ["OBJECT_TYPE", "type"],
  ["OBJECT_DOMAIN", "domain"],
  ["OBJECT_EXTENSION", "extension"],
]);

const changeWithoutWhere: Rule = {
  name: "ban-change-of-all-rows",
  level: "warning",
  about:
    "UPDATE or DELETE without WHERE, MERGE … DELETE without a condition, TRUNCATE: every row is written or lost, and stays locked to the end",
  down: true,
  functions: true,
  *check(node, { facts }) {
    const update = findPart(node, "UpdateStmt");
    const change = update ?? findPart(node, "DeleteStmt");
    if (change !== undefined && change.whereClause === undefined && !facts.isNewTable(change.relation)) {
      yield {
        message: `${update === undefined ? "DELETE removes" : "UPDATE writes"} every row of ${keyOfRelation(change.relation)}`,
        hint: "a WHERE; of a big table, batches. If all rows are meant, WHERE true says so",
      };
    }
    const merge = findPart(node, "MergeStmt");
    const removes = partsOf(merge?.mergeWhenClauses, "MergeWhenClause").some(
      ({ commandType, condition }) => commandType === "CMD_DELETE" && condition === undefined,
    );
    if (removes && !facts.isNewTable(merge?.relation)) {
      yield {
        message: `MERGE removes every row of ${keyOfRelation(merge?.relation)} that its ON finds`,
        hint: "a condition: WHEN MATCHED AND … THEN DELETE. If all of them are meant, AND true says so",
      };
    }
    const truncate = findPart(node, "TruncateStmt");
    if (truncate === undefined || truncate.behavior === "DROP_CASCADE") return; // that has a rule of its own
    const emptied = partsOf(truncate.relations, "RangeVar").filter((table) => !facts.isNewTable(table));
    if (emptied.length === 0) return;
    yield {
      message: `TRUNCATE removes every row of ${emptied.map(keyOfRelation).join(", ")}`,
      hint: "if that is meant, say so: -- pgrove-ignore ban-change-of-all-rows",
    };
  },
};

const renamingColumn: Rule = {
  name: "renaming-column",
  level: "warning",
  about: "a column's new name: clients that use the old one fail",
  *check(node, { facts }) {
    const rename = findPart(node, "RenameStmt");
    if (rename?.renameType !== "OBJECT_COLUMN" || facts.isNewColumn(rename.relation, rename.subname)) return;
    yield {
      message: `clients that use ${keyOfRelation(rename.relation)}.${rename.subname} fail once it is ${rename.newname}`,
      hint: "add a second column and keep both filled, or put a view with the old names before the table",
    };
  },
};

const renamingTable: Rule = {
  name: "renaming-table",
  level: "warning",
  about: "a table's new name: clients that use the old one fail",
  *check(node, { facts }) {
    const rename = findPart(node, "RenameStmt");
    if (rename?.renameType !== "OBJECT_TABLE" || facts.isNewTable(rename.relation)) return;
    yield {
      message: `clients that use ${keyOfRelation(rename.relation)} fail once it is ${rename.newname}`,
      hint: "in the same transaction, create a view with the old name",
    };
  },
};

const renamingSchema: Rule = {
  name: "renaming-schema",
  level: "warning",
  about: "a schema's new name: clients that use the old one fail",
  *check(node, { facts }) {
    const rename = findPart(node, "RenameStmt");
    const old = rename?.subname ?? "";
    if (rename?.renameType !== "OBJECT_SCHEMA" || facts.isNewSchema(old)) return;
    yield {
      message: `clients that use ${old} fail once it is ${rename.newname}`,
      hint: "make a second schema, and move the clients over",
    };
  },
};

export const CLIENT_RULES: readonly Rule[] = [
  dropColumn,
  dropTable,
  dropSchema,
  dropOwned,
  dropDatabase,
  dropNotNull,
  truncateCascade,
  dropTypeCascade,
  changeWithoutWhere,
  renamingColumn,
  renamingTable,
  renamingSchema,
];
