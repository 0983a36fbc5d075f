/** Rules about columns that are added or made stricter: what reads or rewrites the whole table, or fails on its rows. */
import {
  addedColumns,
  commandsOf,
  findColumnConstraint,
  findPart,
  functionsOf,
  isSerial,
  keyOfRelation,
  nameOfType,
} from "../../sql/nodes.ts";
import type { Rule } from "./rule.ts";
import { onlyWidens } from "./type-change.ts";

/** Functions that PostgreSQL evaluates once for all rows that are there: not volatile, by pg_proc. */
const STEADY_FUNCTIONS = new Set(
  `now transaction_timestamp statement_timestamp current_setting current_database current_schema to_timestamp to_date
   make_interval make_date make_timestamptz make_timestamp date_trunc timezone lower upper md5 concat coalesce length
   array_fill jsonb_build_object jsonb_build_array json_build_object json_build_array to_jsonb to_json int4range
   int8range numrange tsrange tstzrange daterange point box sha256 decode encode pg_backend_pid version btrim replace
   repeat substring to_char abs round floor ceil`.split(/\s+/),
);

const fieldWithDefault: Rule = {
  name: "adding-field-with-default",
  level: "warning",
  about: "a new column whose default differs from row to row: the whole table is rewritten",
  down: true,
  *check(node, { facts }) {
    for (const { table, column } of addedColumns(node)) {
      if (facts.isNewTable(table)) continue;
      const generated = findColumnConstraint(column, "CONSTR_GENERATED");
      // "v" is a virtual column, which is computed when it is read.
      const stored = generated !== undefined && generated.generated_kind !== "v";
      const expression = findColumnConstraint(column, "CONSTR_DEFAULT")?.raw_expr;
      const call = functionsOf(expression).find((name) => !STEADY_FUNCTIONS.has(name));
      if (call === undefined && !stored) continue;
      const why = call === undefined ? "it is generated and stored" : `${call}() may differ from row to row`;
      yield {
        message: `adding ${column.colname} rewrites all of ${keyOfRelation(table)}: ${why}`,
        hint: stored
          ? "add a plain column, fill it in batches, and keep it up to date by a trigger"
          : "add the column without it, then SET DEFAULT, then fill the old rows in batches",
        location: column.location,
      };
    }
  },
};

const requiredField: Rule = {
  name: "adding-required-field",
  level: "warning",
  about: "a new column that is NOT NULL and has no default: it fails when there are rows",
  down: true,
  *check(node, { facts }) {
    for (const { table, column } of addedColumns(node)) {
      const required = findColumnConstraint(column, "CONSTR_NOTNULL") ?? findColumnConstraint(column, "CONSTR_PRIMARY");
      const filled =
        isSerial(column.typeName) ||
        findColumnConstraint(column, "CONSTR_DEFAULT") !== undefined ||
        findColumnConstraint(column, "CONSTR_IDENTITY") !== undefined ||
        findColumnConstraint(column, "CONSTR_GENERATED") !== undefined;
      if (required === undefined || filled || facts.isNewTable(table)) continue;
      yield {
        message: `adding ${column.colname} fails when ${keyOfRelation(table)} has rows, and breaks the INSERTs of running clients`,
        hint: "give it a DEFAULT, or allow null at first",
        location: column.location,
      };
    }
  },
};

const notNullableField: Rule = {
  name: "adding-not-nullable-field",
  level: "warning",
  about: "SET NOT NULL: the whole table is read while its reads and writes wait",
  *check(node, { facts, past }) {
    for (const { table, command } of commandsOf(node)) {
      if (command.subtype !== "AT_SetNotNull" || facts.isNewColumn(table, command.name)) continue;
      if (past.isProvedNotNull(table, command.name)) continue;
      yield {
        message: `SET NOT NULL on ${keyOfRelation(table)}.${command.name} reads the whole table while everybody waits, and fails on the first null`,
        hint: `first ADD CHECK (${command.name} IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT in a migration of its own, then SET NOT NULL`,
      };
    }
  },
};

const serialPrimaryKey: Rule = {
  name: "adding-serial-primary-key-field",
  level: "warning",
  about: "a primary key for a table that has rows: it is rewritten, or an index built, while everybody waits",
  down: true,
  *check(node, { facts }) {
    for (const { table, column } of addedColumns(node)) {
      const key = findColumnConstraint(column, "CONSTR_PRIMARY");
      const numbered = isSerial(column.typeName) || findColumnConstraint(column, "CONSTR_IDENTITY") !== undefined;
      if (facts.isNewTable(table) || (key === undefined && !numbered)) continue;
      const what = numbered ? "numbers and rewrites all rows" : "builds the key's index";
      yield {
        message: `adding ${column.colname} to ${keyOfRelation(table)} ${what} while everybody waits`,
        hint: "add a plain column, fill it in batches, CREATE UNIQUE INDEX CONCURRENTLY, then ADD PRIMARY KEY USING INDEX",
        location: column.location,
      };
    }
  },
};

const changingType: Rule = {
  name: "changing-column-type",
  level: "warning",
  about: "another type for a column: the table and its indexes are rewritten, and clients may read it wrongly",
  *check(node, { facts, past }) {
    for (const { table, command } of commandsOf(node)) {
      if (command.subtype !== "AT_AlterColumnType" || facts.isNewColumn(table, command.name)) continue;
      const column = findPart(command.def, "ColumnDef");
      if (onlyWidens(past.typeOf(table, command.name), column)) continue;
      yield {
        message: `${keyOfRelation(table)}.${command.name} becomes ${nameOfType(column?.typeName)}: most changes of type rewrite the table and its indexes while everybody waits`,
        hint: "add a second column of the new type, fill it in batches, and move the clients over",
        location: column?.location,
      };
    }
  },
};

export const COLUMN_RULES: readonly Rule[] = [
  fieldWithDefault,
  requiredField,
  notNullableField,
  serialPrimaryKey,
  changingType,
];
