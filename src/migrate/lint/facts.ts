/** What a change has made so far: nobody reads a table yet that it has made itself, and no row is in it. */
import type { ColumnDef, Constraint, RangeVar } from "libpg-query";
import {
  addedColumns,
  addedConstraints,
  commandsOf,
  createdColumns,
  findPart,
  keyOfColumn,
  keyOfRelation,
  keyOfWords,
  partsOf,
  wordsOf,
} from "../../sql/nodes.ts";
import type { Node } from "../../sql/parser.ts";

export class ChangeFacts {
  private readonly tables = new Set<string>();
  private readonly temporary = new Set<string>();
  private readonly columns = new Set<string>();
  private readonly indexes = new Set<string>();
  private readonly schemas = new Set<string>();
  private readonly databases = new Set<string>();
  private readonly types = new Set<string>();
  /** The constraints added, each with the column that it says is not null, if that is what it says. */
  private readonly constraints = new Map<string, string | undefined>();
  private readonly provedNotNull = new Set<string>();

  /** Made by this change, or local to the session. */
  isNewTable(relation: RangeVar | undefined): boolean {
    return relation?.relpersistence === "t" || this.isNewTableKey(keyOfRelation(relation));
  }

  isNewTableKey(key: string): boolean {
    return this.tables.has(key);
  }

  isNewColumn(table: RangeVar | undefined, column: string | undefined): boolean {
    return this.isNewTable(table) || this.columns.has(keyOfColumn(table, column));
  }

  isNewIndex(words: readonly string[]): boolean {
    return this.indexes.has(words.at(-1) ?? "");
  }

  /** A table that is local to the session, and has no schema to be named. */
  isTemporary(key: string): boolean {
    return this.temporary.has(key);
  }

  isNewSchema(name: string): boolean {
    return this.schemas.has(name);
  }

  isNewDatabase(name: string): boolean {
    return this.databases.has(name);
  }

  isNewType(words: readonly string[]): boolean {
    return this.types.has(keyOfWords(words));
  }

  isNewConstraint(table: RangeVar, name: string | undefined): boolean {
    return this.constraints.has(keyOfColumn(table, name));
  }

  /** Whether a checked constraint of this change says that the column is not null: then SET NOT NULL reads no row. */
  isProvedNotNull(table: RangeVar, column: string | undefined): boolean {
    return this.provedNotNull.has(keyOfColumn(table, column));
  }

  /** Remembers what the statement makes. */
  observe(node: Node): void {
    this.observeCreation(node);
    for (const { table, column } of [...createdColumns(node), ...addedColumns(node)]) this.observeColumn(table, column);
    for (const { table, constraint } of addedConstraints(node)) this.observeConstraint(table, constraint);
    for (const { table, command } of commandsOf(node)) {
      const key = keyOfColumn(table, command.name);
      if (command.subtype !== "AT_ValidateConstraint") continue;
      const column = this.constraints.get(key);
      if (column !== undefined) this.provedNotNull.add(keyOfColumn(table, column));
    }
    this.observeRename(node);
  }

  private observeCreation(node: Node): void {
    const table = findPart(node, "CreateStmt")?.relation ?? findPart(node, "CreateTableAsStmt")?.into?.rel;
    const selected = findPart(node, "SelectStmt")?.intoClause?.rel ?? findPart(node, "ViewStmt")?.view;
    for (const relation of [table, selected]) {
      if (relation === undefined) continue;
      this.tables.add(keyOfRelation(relation));
      if (relation.relpersistence === "t") this.temporary.add(keyOfRelation(relation));
    }
    const index = findPart(node, "IndexStmt");
    if (index?.idxname !== undefined) this.indexes.add(index.idxname);
    const schema = findPart(node, "CreateSchemaStmt")?.schemaname;
    if (schema) this.schemas.add(schema);
    const database = findPart(node, "CreatedbStmt")?.dbname;
    if (database !== undefined) this.databases.add(database);
    const type = findPart(node, "CreateEnumStmt")?.typeName ?? findPart(node, "CreateDomainStmt")?.domainname;
    if (type !== undefined) this.types.add(keyOfWords(partsOf(type, "String").map(({ sval }) => sval ?? "")));
    const composite = findPart(node, "CompositeTypeStmt")?.typevar;
    if (composite !== undefined) this.types.add(keyOfRelation(composite));
  }

  private observeColumn(table: RangeVar, column: ColumnDef): void {
    this.columns.add(keyOfColumn(table, column.colname));
  }

  private observeConstraint(table: RangeVar, constraint: Constraint): void {
    const name = constraint.indexname ?? constraint.conname;
    if (name === undefined) return;
    if (constraint.contype === "CONSTR_UNIQUE" || constraint.contype === "CONSTR_PRIMARY") this.indexes.add(name);
    const column = columnNotNull(constraint);
    this.constraints.set(keyOfColumn(table, name), column);
    if (column !== undefined && !constraint.skip_validation) this.provedNotNull.add(keyOfColumn(table, column));
  }

  /** What was new under its old name is new under the new one, and what is renamed can be renamed back. */
  private observeRename(node: Node): void {
    const rename = findPart(node, "RenameStmt");
    if (rename?.newname === undefined) return;
    const { relation, newname, subname } = rename;
    if (rename.renameType === "OBJECT_TABLE" && this.isNewTable(relation)) {
      this.tables.add(keyOfWords([relation?.schemaname ?? "public", newname]));
    }
    if (rename.renameType === "OBJECT_INDEX" && this.isNewIndex([relation?.relname ?? ""])) this.indexes.add(newname);
    if (rename.renameType === "OBJECT_COLUMN" && this.isNewColumn(relation, subname)) {
      this.columns.add(keyOfColumn(relation, newname));
    }
    if (rename.renameType === "OBJECT_TYPE" && this.isNewType(wordsOf(rename.object))) this.types.add(newname);
  }
}

/** The column of `CHECK (column IS NOT NULL)` and of `NOT NULL column`. */
function columnNotNull({ contype, raw_expr, keys }: Constraint): string | undefined {
  if (contype === "CONSTR_NOTNULL") return partsOf(keys, "String")[0]?.sval;
  const test = findPart(raw_expr, "NullTest");
  if (test?.nulltesttype !== "IS_NOT_NULL") return undefined;
  return partsOf(findPart(test.arg, "ColumnRef")?.fields, "String").at(-1)?.sval;
}
