/** Reading PostgreSQL's parse trees: what lint and impact both ask of a statement. */
import type { AlterTableCmd, ColumnDef, Constraint, ConstrType, RangeVar, RoleSpec, TypeName } from "libpg-query";
import { quoteIdentifier } from "../postgres/identifier.ts";
import type { Node } from "./parser.ts";

type KindOf<N> = N extends unknown ? keyof N : never;

/** A node's kind: "IndexStmt", "ColumnDef". */
export type NodeKind = KindOf<Node>;

/** What a node of that kind holds. */
export type NodeOf<Kind extends NodeKind> = Extract<Node, Record<Kind, unknown>>[Kind];

/** What the node holds when it is of that kind. */
export function findPart<Kind extends NodeKind>(node: Node | undefined, kind: Kind): NodeOf<Kind> | undefined {
  return node !== undefined && kind in node ? Reflect.get(node, kind) : undefined;
}

/** The parts of that kind in a list of nodes. */
export function partsOf<Kind extends NodeKind>(nodes: readonly Node[] | undefined, kind: Kind): NodeOf<Kind>[] {
  return (nodes ?? []).flatMap((node) => {
    const part = findPart(node, kind);
    return part === undefined ? [] : [part];
  });
}

/** The words of a name that is written as a list, a type, or one string: `s.i` → ["s", "i"]. */
export function wordsOf(node: Node | undefined): string[] {
  const items =
    findPart(node, "List")?.items ?? findPart(node, "TypeName")?.names ?? findPart(node, "ObjectWithArgs")?.objname;
  if (items !== undefined) return partsOf(items, "String").map(({ sval }) => sval ?? "");
  const word = findPart(node, "String")?.sval;
  return word === undefined ? [] : [word];
}

/** A name by which objects are compared, and shown; the schema public is as good as none. */
export function keyOfWords(words: readonly string[]): string {
  const own = words.slice(-2);
  return (own[0] === "public" ? own.slice(1) : own).map(quoteDotted).join(".");
}

/** The words of such a name. */
export function wordsOfKey(key: string): string[] {
  return [...key.matchAll(/"((?:[^"]|"")*)"|[^.]+/g)].map(([word, quoted]) => quoted?.replaceAll('""', '"') ?? word);
}

/** A word whose dots would be taken for those between words is quoted. */
function quoteDotted(word: string): string {
  return /[."]/.test(word) ? quoteIdentifier(word) : word;
}

/** A table's name as it is compared and shown. */
export function keyOfRelation(relation: RangeVar | undefined): string {
  return keyOfWords([relation?.schemaname ?? "public", relation?.relname ?? ""]);
}

/** The name of a table's column, or of its constraint, as it is compared. */
export function keyOfColumn(table: RangeVar | undefined, name: string | undefined): string {
  return `${keyOfRelation(table)}.${name}`;
}

/** A type's own name, as PostgreSQL has it: "int4", "varchar", "bpchar", "serial". */
export function nameOfType(type: TypeName | undefined): string {
  return partsOf(type?.names, "String").at(-1)?.sval ?? "";
}

/** A role's name as it is written; of CURRENT_USER and its like that word. */
export function nameOfRole({ rolename, roletype = "ROLESPEC_CSTRING" }: RoleSpec): string {
  return rolename ?? roletype.replace("ROLESPEC_", "");
}

export interface TableCommand {
  table: RangeVar;
  command: AlterTableCmd;
}

/** The parts of an ALTER TABLE; none of other statements, of views, sequences and indexes. */
export function commandsOf(node: Node): TableCommand[] {
  const alter = findPart(node, "AlterTableStmt");
  if (alter?.relation === undefined || alter.objtype !== "OBJECT_TABLE") return [];
  const table = alter.relation;
  return partsOf(alter.cmds, "AlterTableCmd").map((command) => ({ table, command }));
}

export interface TableColumn {
  table: RangeVar;
  column: ColumnDef;
}

/** The columns that a statement adds to a table that is there. */
export function addedColumns(node: Node): TableColumn[] {
  return commandsOf(node).flatMap(({ table, command }) => {
    const column = command.subtype === "AT_AddColumn" ? findPart(command.def, "ColumnDef") : undefined;
    return column === undefined ? [] : [{ table, column }];
  });
}

/** The columns that a CREATE TABLE makes. */
export function createdColumns(node: Node): TableColumn[] {
  const create = findPart(node, "CreateStmt");
  if (create?.relation === undefined) return [];
  const table = create.relation;
  return partsOf(create.tableElts, "ColumnDef").map((column) => ({ table, column }));
}

/** The constraints that an ALTER TABLE adds by ADD CONSTRAINT and the like. */
export function addedConstraints(node: Node): { table: RangeVar; constraint: Constraint }[] {
  return commandsOf(node).flatMap(({ table, command }) => {
    const constraint = command.subtype === "AT_AddConstraint" ? findPart(command.def, "Constraint") : undefined;
    return constraint === undefined ? [] : [{ table, constraint }];
  });
}

/** The column's own constraint of that type. */
export function findColumnConstraint(column: ColumnDef, contype: ConstrType): Constraint | undefined {
  return partsOf(column.constraints, "Constraint").find((constraint) => constraint.contype === contype);
}

const SERIAL_TYPES = ["smallserial", "serial", "bigserial", "serial2", "serial4", "serial8"];

export function isSerial(type: TypeName | undefined): boolean {
  return SERIAL_TYPES.includes(nameOfType(type));
}

/** The statement, and those that its WITH holds: an INSERT, UPDATE, DELETE or MERGE there runs with it. */
export function withStatements(node: Node): Node[] {
  const query = findPart(node, "ExplainStmt")?.query ?? findPart(node, "CopyStmt")?.query;
  if (query !== undefined) return [node, ...withStatements(query)];
  const clause = (
    findPart(node, "SelectStmt") ??
    findPart(node, "InsertStmt") ??
    findPart(node, "UpdateStmt") ??
    findPart(node, "DeleteStmt") ??
    findPart(node, "MergeStmt")
  )?.withClause;
  const inner = partsOf(clause?.ctes, "CommonTableExpr").flatMap(({ ctequery }) =>
    ctequery === undefined || "SelectStmt" in ctequery ? [] : [ctequery],
  );
  return [node, ...inner.flatMap(withStatements)];
}

/** Calls `visit` for every object of a tree that is a node's part of that kind, the deepest last. */
export function visitParts<Kind extends NodeKind>(
  tree: unknown,
  kind: Kind,
  visit: (part: NodeOf<Kind>) => void,
): void {
  if (typeof tree !== "object" || tree === null) return;
  for (const [key, value] of Object.entries(tree)) {
    if (key === kind) visit(value);
    visitParts(value, kind, visit);
  }
}

/** The functions that an expression calls, by their own names. */
export function functionsOf(expression: Node | undefined): string[] {
  const names: string[] = [];
  visitParts(expression, "FuncCall", ({ funcname }) => names.push(partsOf(funcname, "String").at(-1)?.sval ?? ""));
  return names;
}

/** The option's value of a list such as `(CONCURRENTLY, VERBOSE off)`: false where it is absent or switched off. */
export function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  const option = partsOf(options, "DefElem").find(({ defname }) => defname?.toLowerCase() === name);
  if (option === undefined) return false;
  const value = findPart(option.arg, "String")?.sval?.toLowerCase();
  return !(value === "false" || value === "off" || findPart(option.arg, "Integer")?.ival === 0);
}
