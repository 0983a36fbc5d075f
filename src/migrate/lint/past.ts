/** What earlier migrations have made, as far as their text says it: types, checks, partitioned tables, procedures. */
import type { AlterTableCmd, ColumnDef, Constraint, RangeVar, TypeName } from "libpg-query";
import {
  addedColumns,
  addedConstraints,
  commandsOf,
  createdColumns,
  findColumnConstraint,
  findPart,
  keyOfColumn,
  keyOfRelation,
  keyOfWords,
  partsOf,
  wordsOf,
} from "../../sql/nodes.ts";
import { bodyEndsTransaction } from "../../sql/outside-transaction.ts";
import type { Node } from "../../sql/parser.ts";

export class PastFacts {
  private readonly tables = new Map<string, "plain" | "partitioned">();
  private readonly indexes = new Set<string>();
  private readonly schemas = new Set<string>();
  private readonly types = new Map<string, TypeName>();
  /** Constraints by their table and name, with the columns that they say are not null. */
  private readonly checks = new Map<string, readonly string[]>();
  /** Columns that are NOT NULL, and those that a checked constraint says it of. */
  private readonly required = new Set<string>();
  private readonly proved = new Set<string>();
  private readonly procedures = new Set<string>();
  /** Checks of rows, by table and name (where none is written, PostgreSQL's usual one), and those of them that no row was held against yet. */
  private readonly bounds = new Set<string>();
  private readonly unchecked = new Set<string>();

  /** Whether a table of that name was made; undefined when nothing says so. */
  kindOfTable(relation: RangeVar | undefined): "plain" | "partitioned" | undefined {
    return this.tables.get(keyOfRelation(relation));
  }

  hasColumn(table: RangeVar | undefined, column: string | undefined): boolean {
    return this.types.has(keyOfColumn(table, column));
  }

  hasIndex(name: string): boolean {
    return this.indexes.has(name);
  }

  hasSchema(name: string): boolean {
    return this.schemas.has(name);
  }

  /** The type that a column has had up to here. */
  typeOf(table: RangeVar, column: string | undefined): TypeName | undefined {
    return this.types.get(keyOfColumn(table, column));
  }

  /** Whether the column is NOT NULL, or a checked constraint says that it is not null: then SET NOT NULL reads no row. */
  isProvedNotNull(table: RangeVar, column: string | undefined): boolean {
    const key = keyOfColumn(table, column);
    return this.required.has(key) || this.proved.has(key);
  }

  /** Whether a check is on the table that its rows are known to meet: what PostgreSQL may take a partition's bounds from. */
  isChecked(table: RangeVar | undefined): boolean {
    const own = `${keyOfRelation(table)}.`;
    return [...this.bounds].some((key) => key.startsWith(own) && !this.unchecked.has(key));
  }

  /** Whether a procedure of that name ends its transaction. */
  commits(words: readonly string[]): boolean {
    return this.procedures.has(keyOfWords(words));
  }

  /** Remembers what the statement makes, and forgets what it takes away. */
  observe(node: Node): void {
    this.observeCreation(node);
    for (const { table, column } of [...createdColumns(node), ...addedColumns(node)]) this.observeColumn(table, column);
    const create = findPart(node, "CreateStmt");
    if (create?.relation !== undefined) {
      for (const each of partsOf(create.tableElts, "Constraint")) this.observeConstraint(create.relation, each);
    }
    for (const { table, constraint } of addedConstraints(node)) this.observeConstraint(table, constraint);
    for (const { table, command } of commandsOf(node)) this.observeCommand(table, command);
    this.observeRename(node);
    this.observeDrop(node);
  }

  private observeCreation(node: Node): void {
    const create = findPart(node, "CreateStmt");
    if (create?.relation !== undefined) {
      const key = keyOfRelation(create.relation);
      const isKnown = create.if_not_exists && this.tables.has(key);
      if (!isKnown) this.tables.set(key, create.partspec === undefined ? "plain" : "partitioned");
    }
    const made = findPart(node, "CreateTableAsStmt")?.into?.rel;
    if (made !== undefined) this.tables.set(keyOfRelation(made), "plain");
    const index = findPart(node, "IndexStmt")?.idxname;
    if (index !== undefined) this.indexes.add(index);
    const schema = findPart(node, "CreateSchemaStmt")?.schemaname;
    if (schema) this.schemas.add(schema);
    const routine = findPart(node, "CreateFunctionStmt");
    if (!routine?.is_procedure) return;
    const key = keyOfWords(partsOf(routine.funcname, "String").map(({ sval }) => sval ?? ""));
    const body = partsOf(routine.options, "DefElem").find(({ defname }) => defname === "as");
    if (bodyEndsTransaction(wordsOf(body?.arg).join("\n"))) this.procedures.add(key);
    else this.procedures.delete(key);
  }

  private observeColumn(table: RangeVar, column: ColumnDef): void {
    const key = keyOfColumn(table, column.colname);
    if (column.typeName === undefined || this.types.has(key)) return; // IF NOT EXISTS
    this.types.set(key, column.typeName);
    const required = findColumnConstraint(column, "CONSTR_NOTNULL") ?? findColumnConstraint(column, "CONSTR_PRIMARY");
    if (required !== undefined) this.required.add(key);
    const check = findColumnConstraint(column, "CONSTR_CHECK");
    if (check === undefined) return;
    const name = keyOfColumn(table, check.conname ?? `${table.relname}_${column.colname}_check`);
    const columns = provedBy(check.raw_expr);
    if (columns.length === 0) this.bounds.add(name);
    else this.checks.set(name, columns);
    for (const each of columns) this.proved.add(keyOfColumn(table, each));
  }

  private observeConstraint(table: RangeVar, constraint: Constraint): void {
    const { contype, conname, keys, skip_validation } = constraint;
    if (contype === "CONSTR_PRIMARY") {
      for (const { sval } of partsOf(keys, "String")) this.required.add(keyOfColumn(table, sval));
    }
    const columns = columnsNotNull(constraint);
    if (contype === "CONSTR_CHECK" && findPart(constraint.raw_expr, "NullTest")?.nulltesttype !== "IS_NOT_NULL") {
      const key = keyOfColumn(table, conname ?? `${table.relname}_check`);
      this.bounds.add(key);
      if (skip_validation) this.unchecked.add(key);
      else this.unchecked.delete(key);
    }
    const name = conname ?? usualName(table, constraint, columns);
    if (columns.length > 0) this.checks.set(keyOfColumn(table, name), columns);
    if (!skip_validation) for (const column of columns) this.proved.add(keyOfColumn(table, column));
  }

  private observeCommand(table: RangeVar, { subtype, name, def }: AlterTableCmd): void {
    const key = keyOfColumn(table, name);
    const type = findPart(def, "ColumnDef")?.typeName;
    const columns = this.checks.get(key) ?? [];
    if (subtype === "AT_AlterColumnType" && type !== undefined) this.types.set(key, type);
    if (subtype === "AT_SetNotNull") this.required.add(key);
    if (subtype === "AT_DropNotNull") this.required.delete(key);
    if (subtype === "AT_ValidateConstraint") {
      for (const column of columns) this.proved.add(keyOfColumn(table, column));
      this.unchecked.delete(key);
    }
    if (subtype === "AT_DropConstraint") {
      for (const column of columns) this.proved.delete(keyOfColumn(table, column));
      this.checks.delete(key);
      this.bounds.delete(key);
    }
    if (subtype === "AT_DropColumn") this.forget(key);
  }

  private observeRename(node: Node): void {
    const rename = findPart(node, "RenameStmt");
    if (rename?.newname === undefined || rename.relation === undefined) return;
    const { relation, newname, subname, renameType } = rename;
    if (renameType === "OBJECT_COLUMN") {
      this.move(keyOfColumn(relation, subname), keyOfColumn(relation, newname));
    } else if (renameType === "OBJECT_TABLE") {
      const [from, to] = [keyOfRelation(relation), keyOfWords([relation.schemaname ?? "public", newname])];
      this.tables.set(to, this.tables.get(from) ?? "plain");
      this.tables.delete(from);
      for (const key of this.columnsOf(from)) this.move(key, `${to}${key.slice(from.length)}`);
    }
  }

  private move(from: string, to: string): void {
    const type = this.types.get(from);
    if (type !== undefined) this.types.set(to, type);
    if (this.required.has(from)) this.required.add(to);
    if (this.proved.has(from)) this.proved.add(to);
    this.forget(from);
  }

  private forget(column: string): void {
    this.types.delete(column);
    this.required.delete(column);
    this.proved.delete(column);
  }

  private columnsOf(table: string): string[] {
    const known = new Set([...this.types.keys(), ...this.required, ...this.proved]);
    return [...known].filter((key) => key.startsWith(`${table}.`));
  }

  private observeDrop(node: Node): void {
    const drop = findPart(node, "DropStmt");
    for (const words of (drop?.objects ?? []).map(wordsOf)) {
      if (drop?.removeType === "OBJECT_INDEX") this.indexes.delete(words.at(-1) ?? "");
      if (drop?.removeType === "OBJECT_SCHEMA") this.schemas.delete(words.join("."));
      if (drop?.removeType !== "OBJECT_TABLE") continue;
      const table = keyOfWords(words);
      this.tables.delete(table);
      for (const key of this.columnsOf(table)) this.forget(key);
      for (const key of this.bounds) if (key.startsWith(`${table}.`)) this.bounds.delete(key);
    }
  }
}

/** The columns of `CHECK (column IS NOT NULL)`, also beside others in an AND, and of `NOT NULL column`. */
function columnsNotNull({ contype, raw_expr, keys }: Constraint): string[] {
  return contype === "CONSTR_NOTNULL" ? partsOf(keys, "String").flatMap(({ sval }) => sval ?? []) : provedBy(raw_expr);
}

/** The name that PostgreSQL gives to a constraint which has none. */
function usualName({ relname }: RangeVar, { contype }: Constraint, columns: readonly string[]): string {
  const ends = contype === "CONSTR_NOTNULL" ? "not_null" : "check";
  return [relname, ...(columns.length === 1 ? columns : []), ends].join("_");
}

function provedBy(expression: Node | undefined): string[] {
  const all = findPart(expression, "BoolExpr");
  if (all?.boolop === "AND_EXPR") return (all.args ?? []).flatMap(provedBy);
  const isNot = all?.boolop === "NOT_EXPR";
  const test = findPart(isNot ? all.args?.[0] : expression, "NullTest");
  if (test?.nulltesttype !== (isNot ? "IS_NULL" : "IS_NOT_NULL")) return [];
  const name = partsOf(findPart(test.arg, "ColumnRef")?.fields, "String").at(-1)?.sval;
  return name === undefined ? [] : [name];
}
