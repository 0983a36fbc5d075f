/** What a change has made so far: nobody reads a table yet that it has made itself, and no row is in it. */
import type { ColumnDef, Constraint, RangeVar } from "libpg-query";
import {
  addedColumns,
  addedConstraints,
  createdColumns,
  findPart,
  keyOfColumn,
  keyOfRelation,
  keyOfWords,
  partsOf,
  wordsOf,
} from "../../sql/nodes.ts";
import type { Node } from "../../sql/parser.ts";
import { PastFacts } from "./past.ts";

export class ChangeFacts {
  private readonly tables = new Set<string>();
  /** Those made IF NOT EXISTS, of which nothing is known: what is not in their text may have been there before. */
  private readonly perhaps = new Set<string>();
  private readonly temporary = new Set<string>();
  private readonly columns = new Set<string>();
  private readonly indexes = new Set<string>();
  private readonly schemas = new Set<string>();
  private readonly databases = new Set<string>();
  private readonly types = new Set<string>();
  private readonly constraints = new Set<string>();
  /** What was made before, by earlier migrations and by this change. */
  readonly past: PastFacts;

  constructor(past = new PastFacts()) {
    this.past = past;
  }

  /** Made by this change, or local to the session. */
  isNewTable(relation: RangeVar | undefined): boolean {
    return relation?.relpersistence === "t" || this.isNewTableKey(keyOfRelation(relation));
  }

  isNewTableKey(key: string): boolean {
    return this.tables.has(key);
  }

  isNewColumn(table: RangeVar | undefined, column: string | undefined): boolean {
    if (this.columns.has(keyOfColumn(table, column))) return true;
    return this.isNewTable(table) && !this.perhaps.has(keyOfRelation(table));
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

  /** Remembers what the statement makes; for later changes, too, unless it stands in a down, which is not run before them. */
  observe(node: Node, lasts = true): void {
    this.observeCreation(node);
    for (const { table, column } of [...createdColumns(node), ...addedColumns(node)]) this.observeColumn(table, column);
    for (const { table, constraint } of addedConstraints(node)) this.observeConstraint(table, constraint);
    this.observeRename(node);
    if (lasts) this.past.observe(node); // last: what was there before is asked above
  }

  private observeCreation(node: Node): void {
    const create = findPart(node, "CreateStmt");
    if (create?.if_not_exists && !this.isNewTable(create.relation)) {
      if (this.past.kindOfTable(create.relation) !== undefined) return;
      this.perhaps.add(keyOfRelation(create.relation));
    }
    const table = create?.relation ?? findPart(node, "CreateTableAsStmt")?.into?.rel;
    const selected = findPart(node, "SelectStmt")?.intoClause?.rel ?? findPart(node, "ViewStmt")?.view;
    for (const relation of [table, selected]) {
      if (relation === undefined) continue;
      this.tables.add(keyOfRelation(relation));
      if (relation.relpersistence === "t") this.temporary.add(keyOfRelation(relation));
    }
    const index = findPart(node, "IndexStmt");
    const isThere = index?.if_not_exists && this.past.hasIndex(index.idxname ?? "");
    if (index?.idxname !== undefined && !isThere) this.indexes.add(index.idxname);
    const made = findPart(node, "CreateSchemaStmt");
    const schema = made?.schemaname;
    if (schema && !(made.if_not_exists && this.past.hasSchema(schema))) this.schemas.add(schema);
    const database = findPart(node, "CreatedbStmt")?.dbname;
    if (database !== undefined) this.databases.add(database);
    const type = findPart(node, "CreateEnumStmt")?.typeName ?? findPart(node, "CreateDomainStmt")?.domainname;
    if (type !== undefined) this.types.add(keyOfWords(partsOf(type, "String").map(({ sval }) => sval ?? "")));
    const composite = findPart(node, "CompositeTypeStmt")?.typevar;
    if (composite !== undefined) this.types.add(keyOfRelation(composite));
  }

  private observeColumn(table: RangeVar, column: ColumnDef): void {
    if (this.past.hasColumn(table, column.colname)) return; // IF NOT EXISTS
    this.columns.add(keyOfColumn(table, column.colname));
  }

  private observeConstraint(table: RangeVar, constraint: Constraint): void {
    const name = constraint.indexname ?? constraint.conname;
    if (name === undefined) return;
    if (constraint.contype === "CONSTR_UNIQUE" || constraint.contype === "CONSTR_PRIMARY") this.indexes.add(name);
    this.constraints.add(keyOfColumn(table, name));
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
