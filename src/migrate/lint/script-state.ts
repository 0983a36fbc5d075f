/** Where a script is between its statements: in a transaction or not, and with which time limits. */
import type { RangeVar } from "libpg-query";
import { addedConstraints, findPart, keyOfColumn, keyOfWords, partsOf, wordsOf } from "../../sql/nodes.ts";
import { findOutsideOnly } from "../../sql/outside-transaction.ts";
import type { Node } from "../../sql/parser.ts";

const OPENS = ["TRANS_STMT_BEGIN", "TRANS_STMT_START"];
const CLOSES = ["TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE"];

/** Whether it begins a transaction. */
export function opens(node: Node | undefined): boolean {
  return OPENS.includes(findPart(node, "TransactionStmt")?.kind ?? "");
}

/** Whether it ends a transaction. */
export function closes(node: Node | undefined): boolean {
  return CLOSES.includes(findPart(node, "TransactionStmt")?.kind ?? "");
}

/** A script of nothing but what PostgreSQL refuses inside a transaction, and settings: it is run outside of any. */
function isOutsideOnly(nodes: readonly Node[]): boolean {
  const others = nodes.filter((node) => findPart(node, "VariableSetStmt") === undefined);
  return others.length > 0 && others.every((node) => findOutsideOnly(node) !== undefined);
}

export class ScriptState {
  /** Whose transaction the next statement runs in. */
  transaction: "pgrove" | "file" | "none";
  /** The limits that the script has set itself. */
  readonly limits = new Set<string>();
  private readonly dropped = new Set<string>();
  /** The constraints that the transaction has added NOT VALID. */
  private readonly unchecked = new Set<string>();
  /** The enum types that the transaction has made, and the values that it has added to others. */
  private readonly newTypes = new Set<string>();
  private readonly newValues = new Map<string, string>();
  /** Whether the script begins and ends transactions itself, otherwise than by one pair around everything. */
  readonly divides: boolean;
  /** Whether statements of the script stay when a later one fails. */
  readonly partial: boolean;

  /** A BEGIN that nothing ends. */
  readonly unended: Node | undefined;

  constructor(nodes: readonly Node[], transaction: boolean) {
    const marks = nodes.filter((node) => opens(node) || closes(node));
    const [first, last] = [nodes[0], nodes.at(-1)];
    const around = transaction && marks.length === 2 && opens(first) && closes(last);
    this.divides = marks.length > 0 && !around;
    this.partial = this.divides || !transaction || isOutsideOnly(nodes);
    this.unended = opens(marks.at(-1)) ? marks.at(-1) : undefined;
    // A pair around everything stands for the transaction that pgrove begins anyway.
    this.transaction = this.partial || around ? "none" : "pgrove";
  }

  /** Whether the next statement runs in a transaction. */
  get inTransaction(): boolean {
    return this.transaction !== "none";
  }

  /** Whether the constraint was added NOT VALID in this same transaction. */
  hasUnchecked(table: RangeVar, constraint: string | undefined): boolean {
    return this.unchecked.has(keyOfColumn(table, constraint));
  }

  /** Whether the script has dropped an index of that name IF EXISTS. */
  hasDropped(index: string): boolean {
    return this.dropped.has(index);
  }

  /** The enum type that the transaction has added a value to, where that is not to be used yet. */
  typeOfNewValue(value: string | undefined): string | undefined {
    return value === undefined ? undefined : this.newValues.get(value);
  }

  private observeEnum(node: Node): void {
    const words = (names: readonly Node[] | undefined) =>
      keyOfWords(partsOf(names, "String").map(({ sval }) => sval ?? ""));
    const made = findPart(node, "CreateEnumStmt")?.typeName;
    if (made !== undefined) this.newTypes.add(words(made));
    const alter = findPart(node, "AlterEnumStmt");
    if (alter?.newVal === undefined || alter.oldVal !== undefined || !this.inTransaction) return;
    const type = words(alter.typeName);
    if (!this.newTypes.has(type)) this.newValues.set(alter.newVal, type);
  }

  /** Takes in what the statement changes. */
  observe(node: Node): void {
    if (opens(node)) this.transaction = "file";
    if (closes(node)) {
      this.transaction = findPart(node, "TransactionStmt")?.chain ? "file" : "none";
      this.unchecked.clear();
      this.newTypes.clear();
      this.newValues.clear();
    }
    this.observeEnum(node);
    for (const { table, constraint } of addedConstraints(node)) {
      if (constraint.skip_validation) this.unchecked.add(keyOfColumn(table, constraint.conname));
    }
    const drop = findPart(node, "DropStmt");
    if (drop?.removeType === "OBJECT_INDEX" && drop.missing_ok) {
      for (const object of drop.objects ?? []) this.dropped.add(wordsOf(object).at(-1) ?? "");
    }
    const setting = findPart(node, "VariableSetStmt");
    if (setting?.kind === "VAR_SET_VALUE" && setting.name !== undefined) this.limits.add(setting.name.toLowerCase());
  }
}
