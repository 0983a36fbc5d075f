/** Rules about constraints on tables that have rows already. */
import type { Constraint } from "libpg-query";
import {
  addedColumns,
  addedConstraints,
  commandsOf,
  findColumnConstraint,
  findPart,
  keyOfRelation,
  partsOf,
} from "../../sql/nodes.ts";
import type { Rule } from "./rule.ts";
import { buildsNothing } from "./rules-locks.ts";

function nameOf({ conname }: Constraint): string {
  return conname === undefined ? "a constraint" : `the constraint ${conname}`;
}

const missingNotValid: Rule = {
  name: "constraint-missing-not-valid",
  level: "warning",
  about:
    "a CHECK or NOT NULL constraint that reads the whole table at once, or is checked in the transaction that adds it",
  *check(node, { facts, state }) {
    for (const { table, constraint } of addedConstraints(node)) {
      const { contype } = constraint;
      if (contype !== "CONSTR_CHECK" && contype !== "CONSTR_NOTNULL") continue;
      if (constraint.skip_validation || facts.isNewTable(table)) continue;
      yield {
        message: `${nameOf(constraint)} reads all of ${keyOfRelation(table)} while everybody waits`,
        hint: "add it NOT VALID, and VALIDATE CONSTRAINT in the next migration",
        location: constraint.location,
      };
    }
    for (const { table, column } of addedColumns(node)) {
      const check = findColumnConstraint(column, "CONSTR_CHECK");
      if (check === undefined || facts.isNewTable(table)) continue;
      yield {
        message: `the CHECK of the new column ${column.colname} reads all of ${keyOfRelation(table)} while everybody waits`,
        hint: "add the column without it, then the constraint NOT VALID, and VALIDATE CONSTRAINT in the next migration",
        location: check.location,
      };
    }
    for (const { table, command } of commandsOf(node)) {
      if (command.subtype !== "AT_ValidateConstraint" || !state.inTransaction) continue;
      if (facts.isNewTable(table) || !state.hasUnchecked(table, command.name)) continue;
      yield {
        message: `${command.name} is added and validated in one transaction: its lock on ${keyOfRelation(table)} lasts as if it were not NOT VALID`,
        hint: "VALIDATE CONSTRAINT in a migration of its own",
      };
    }
  },
};

const foreignKey: Rule = {
  name: "adding-foreign-key-constraint",
  level: "warning",
  about: "a foreign key that is checked at once, or comes with its column: both tables are locked meanwhile",
  *check(node, { facts }) {
    for (const { table, constraint } of addedConstraints(node)) {
      if (constraint.contype !== "CONSTR_FOREIGN" || constraint.skip_validation || facts.isNewTable(table)) continue;
      yield {
        message: `writes to ${keyOfRelation(table)} and ${keyOfRelation(constraint.pktable)} wait until all rows are checked`,
        hint: "add the foreign key NOT VALID, and VALIDATE CONSTRAINT in the next migration",
        location: constraint.location,
      };
    }
    for (const { table, column } of addedColumns(node)) {
      const reference = findColumnConstraint(column, "CONSTR_FOREIGN");
      if (reference === undefined || facts.isNewTable(table)) continue;
      // Without a default the column is null everywhere, and no row has to be checked.
      const checks = findColumnConstraint(column, "CONSTR_DEFAULT") !== undefined;
      if (!checks && facts.isNewTable(reference.pktable)) continue;
      const [own, other] = [keyOfRelation(table), keyOfRelation(reference.pktable)];
      yield {
        message: checks
          ? `writes to ${own} and ${other} wait until all rows are checked`
          : `this locks both tables: nobody can use ${own} while it waits for the writers of ${other}`,
        hint: "add the column first, and its foreign key NOT VALID in the next migration",
        location: reference.location,
      };
    }
  },
};

const uniqueConstraint: Rule = {
  name: "disallowed-unique-constraint",
  level: "warning",
  about: "a UNIQUE, PRIMARY KEY or EXCLUDE constraint whose index is built while everybody waits",
  *check(node, { facts }) {
    for (const { table, constraint } of addedConstraints(node)) {
      const kind = constraint.contype;
      const exclusion = kind === "CONSTR_EXCLUSION";
      if (kind !== "CONSTR_UNIQUE" && kind !== "CONSTR_PRIMARY" && !exclusion) continue;
      if (constraint.indexname !== undefined || facts.isNewTable(table)) continue;
      yield {
        message: `nobody can read or write ${keyOfRelation(table)} until the index of ${nameOf(constraint)} is built`,
        hint: exclusion
          ? "there is no way without the wait: choose a quiet hour"
          : "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX",
        location: constraint.location,
      };
    }
    for (const { table, column } of addedColumns(node)) {
      const unique = findColumnConstraint(column, "CONSTR_UNIQUE");
      if (unique === undefined || facts.isNewTable(table)) continue;
      yield {
        message: `nobody can read or write ${keyOfRelation(table)} until the index on ${column.colname} is built`,
        hint: "add the column, CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX",
        location: unique.location,
      };
    }
  },
};

const uniqueOnRows: Rule = {
  name: "unique-on-existing-rows",
  level: "warning",
  about: "a unique index on a table that may hold duplicates: it fails when it does",
  *check(node, { facts, past }) {
    const index = findPart(node, "IndexStmt");
    if (!index?.unique || facts.isNewTable(index.relation) || buildsNothing(index, past)) return;
    const names = partsOf(index.indexParams, "IndexElem").map(({ name }) => name);
    if (names.some((name) => name !== undefined && facts.isNewColumn(index.relation, name))) return;
    const columns = names.map((name) => name ?? "an expression").join(", ");
    yield {
      message: `a unique index on ${keyOfRelation(index.relation)} (${columns}) fails when rows are alike there`,
      hint: "look for duplicates first, and say so: -- pgrove-ignore unique-on-existing-rows",
    };
  },
};

const dropForeignKey: Rule = {
  name: "ban-drop-foreign-key",
  level: "warning",
  about: "a foreign key (by its name) that is dropped: nothing keeps its rows from pointing nowhere",
  *check(node, { facts }) {
    for (const { table, command } of commandsOf(node)) {
      if (command.subtype !== "AT_DropConstraint" || facts.isNewTable(table)) continue;
      if (!/_fk(ey)?\d*$|^fk_/i.test(command.name ?? "") || facts.isNewConstraint(table, command.name)) continue;
      yield { message: `without ${command.name}, rows of ${keyOfRelation(table)} may point to what is not there` };
    }
  },
};

export const CONSTRAINT_RULES: readonly Rule[] = [
  missingNotValid,
  foreignKey,
  uniqueConstraint,
  uniqueOnRows,
  dropForeignKey,
];
