/**
 * The small language of expressions over a row's fields: + - * / %, ||, comparisons, and/or/not, ?:, a few functions.
 * Read once into closures; nothing of it is ever run as program text.
 */
import { slugText } from "./word-table.ts";

export type Value = string | number | boolean | null;

/** What a name stands for in a row. */
export type Lookup = (name: string) => (row: number) => Value;

type Evaluate = (row: number) => Value;

/** What is wrong with an expression, and where: the column counts from 1. */
export class ExpressionMistake extends Error {
  constructor(message: string, column: number) {
    super(`${message} (column ${column})`);
    this.name = "ExpressionMistake";
  }
}

interface Token {
  kind: "number" | "string" | "name" | "sign" | "end";
  text: string;
  column: number;
}

const TOKENS =
  /\s*(?:(?<number>\d+(?:\.\d+)?)|'(?<string>(?:[^']|'')*)'|(?<name>[A-Za-z_]\w*|"[^"]+")|(?<sign>\|\||<=|>=|<>|!=|==|[-+*/%()<>=?:,]))/y;

function readTokens(written: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKENS);
  while (pattern.lastIndex < written.trimEnd().length) {
    const column = pattern.lastIndex + 1;
    const groups = pattern.exec(written)?.groups;
    if (groups === undefined)
      throw new ExpressionMistake(`${JSON.stringify(written.slice(column - 1).trim()[0])} is not known here`, column);
    const { number, string, name, sign } = groups;
    if (number !== undefined) tokens.push({ kind: "number", text: number, column });
    else if (string !== undefined) tokens.push({ kind: "string", text: string.replaceAll("''", "'"), column });
    else if (name !== undefined) tokens.push({ kind: "name", text: name.replaceAll('"', ""), column });
    else tokens.push({ kind: "sign", text: sign ?? "", column });
  }
  return [...tokens, { kind: "end", text: "the end", column: written.length + 1 }];
}

/** Reads an expression. Throws an ExpressionMistake; `lookup` throws on names that it does not know. */
export function readExpression(written: string, lookup: Lookup): Evaluate {
  const reader = new Reader(readTokens(written), lookup);
  const evaluate = reader.readChoice();
  reader.requireEnd();
  return evaluate;
}

type Operator = (left: Value, right: Value) => Value;

/** Loosest first; those of one level stand from left to right. */
const LEVELS: readonly Readonly<Record<string, Operator>>[] = [
  { or: (left, right) => isTrue(left) || isTrue(right) },
  { and: (left, right) => isTrue(left) && isTrue(right) },
  {
    "=": (left, right) => compare(left, right, (order) => order === 0),
    "==": (left, right) => compare(left, right, (order) => order === 0),
    "<>": (left, right) => compare(left, right, (order) => order !== 0),
    "!=": (left, right) => compare(left, right, (order) => order !== 0),
    "<": (left, right) => compare(left, right, (order) => order < 0),
    "<=": (left, right) => compare(left, right, (order) => order <= 0),
    ">": (left, right) => compare(left, right, (order) => order > 0),
    ">=": (left, right) => compare(left, right, (order) => order >= 0),
  },
  { "||": (left, right) => (left === null || right === null ? null : textOf(left) + textOf(right)) },
  { "+": add, "-": (left, right) => calculate(left, right, (a, b) => a - b) },
  {
    "*": (left, right) => calculate(left, right, (a, b) => a * b),
    "/": (left, right) => calculate(left, right, (a, b) => (b === 0 ? null : a / b)),
    "%": (left, right) => calculate(left, right, (a, b) => (b === 0 ? null : a % b)),
  },
];

const FUNCTIONS: Readonly<Record<string, { count: number; call: (values: readonly Value[]) => Value }>> = {
  lower: { count: 1, call: ([value]) => ofText(value, (text) => text.toLowerCase()) },
  upper: { count: 1, call: ([value]) => ofText(value, (text) => text.toUpperCase()) },
  slug: { count: 1, call: ([value]) => ofText(value, slugText) },
  length: { count: 1, call: ([value]) => ofText(value, (text) => [...text].length) },
  left: {
    count: 2,
    call: ([value, size]) => ofText(value, (text) => [...text].slice(0, numberOf(size ?? null)).join("")),
  },
  round: {
    count: 2,
    call: ([value, digits]) => ofNumber(value, (number) => roundTo(number, numberOf(digits ?? null))),
  },
  floor: { count: 1, call: ([value]) => ofNumber(value, Math.floor) },
  abs: { count: 1, call: ([value]) => ofNumber(value, Math.abs) },
  coalesce: { count: Number.POSITIVE_INFINITY, call: (values) => values.find((value) => value !== null) ?? null },
};

class Reader {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly lookup: Lookup,
  ) {}

  /** `condition ? one : other`, or what stands there without a question mark. */
  readChoice(): Evaluate {
    const condition = this.readLevel(0);
    if (!this.skip("?")) return condition;
    const one = this.readChoice();
    this.require(":");
    const other = this.readChoice();
    return (row) => (isTrue(condition(row)) ? one(row) : other(row));
  }

  requireEnd(): void {
    if (this.token.kind !== "end") throw new ExpressionMistake(`${this.token.text} is one too many`, this.token.column);
  }

  private readLevel(level: number): Evaluate {
    const operators = LEVELS[level];
    if (operators === undefined) return this.readUnary();
    let left = this.readLevel(level + 1);
    for (let operator = this.operatorIn(operators); operator !== undefined; operator = this.operatorIn(operators)) {
      this.at++;
      const [first, second, apply] = [left, this.readLevel(level + 1), operator];
      left = (row) => apply(first(row), second(row));
    }
    return left;
  }

  private operatorIn(operators: Readonly<Record<string, Operator>>): Operator | undefined {
    const { kind, text } = this.token;
    const word = kind === "name" ? text.toLowerCase() : text;
    return kind === "string" || !Object.hasOwn(operators, word) ? undefined : operators[word];
  }

  private readUnary(): Evaluate {
    if (this.skip("-")) {
      const value = this.readUnary();
      return (row) => ofNumber(value(row), (number) => -number);
    }
    if (this.token.kind === "name" && this.token.text.toLowerCase() === "not") {
      this.at++;
      const value = this.readUnary();
      return (row) => !isTrue(value(row));
    }
    return this.readOperand();
  }

  private readOperand(): Evaluate {
    const token = this.token;
    this.at++;
    if (token.kind === "number") {
      const value = Number(token.text);
      return () => value;
    }
    if (token.kind === "string") return () => token.text;
    if (token.kind === "name") return this.readName(token);
    if (token.text !== "(") throw new ExpressionMistake(`a value is missing before ${token.text}`, token.column);
    const inner = this.readChoice();
    this.require(")");
    return inner;
  }

  private readName(token: Token): Evaluate {
    if (!this.skip("(")) return readWord(token.text) ?? this.lookup(token.text);
    const name = token.text.toLowerCase();
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (known === undefined) throw new ExpressionMistake(`there is no function ${token.text}`, token.column);
    const values: Evaluate[] = [];
    while (!this.skip(")")) {
      if (values.length > 0) this.require(",");
      values.push(this.readChoice());
    }
    if (values.length === 0 || values.length > known.count) {
      throw new ExpressionMistake(`${token.text} does not take ${values.length} values`, token.column);
    }
    return (row) => known.call(values.map((value) => value(row)));
  }

  private get token(): Token {
    return this.tokens[this.at] ?? { kind: "end", text: "the end", column: 1 };
  }

  private skip(sign: string): boolean {
    const found = this.token.kind === "sign" && this.token.text === sign;
    if (found) this.at++;
    return found;
  }

  private require(sign: string): void {
    if (!this.skip(sign))
      throw new ExpressionMistake(`${sign} is missing before ${this.token.text}`, this.token.column);
  }
}

const WORDS: Readonly<Record<string, Value>> = { true: true, false: false, null: null };

function readWord(name: string): Evaluate | undefined {
  const word = name.toLowerCase();
  if (!Object.hasOwn(WORDS, word)) return undefined;
  const value = WORDS[word] ?? null;
  return () => value;
}

function isTrue(value: Value): boolean {
  return value === true || (typeof value === "number" && value !== 0);
}

/** A value as text; true and false as PostgreSQL reads them. */
export function textOf(value: Value): string {
  return value === null ? "" : String(value);
}

function numberOf(value: Value): number {
  return value === null || value === "" ? 0 : Number(value);
}

function add(left: Value, right: Value): Value {
  const words = [left, right].some((value) => typeof value === "string");
  if (left === null || right === null) return null;
  return words ? textOf(left) + textOf(right) : numberOf(left) + numberOf(right);
}

function calculate(left: Value, right: Value, apply: (left: number, right: number) => number | null): Value {
  if (left === null || right === null) return null;
  const result = apply(numberOf(left), numberOf(right));
  return result === null || Number.isNaN(result) ? null : result;
}

function compare(left: Value, right: Value, accept: (order: number) => boolean): Value {
  if (left === null || right === null) return null;
  if (typeof left === "string" && typeof right === "string") return accept(left < right ? -1 : left > right ? 1 : 0);
  return accept(numberOf(left) - numberOf(right));
}

function ofText(value: Value | undefined, apply: (text: string) => Value): Value {
  return value === null || value === undefined ? null : apply(textOf(value));
}

function ofNumber(value: Value | undefined, apply: (number: number) => number): Value {
  return value === null || value === undefined ? null : apply(numberOf(value));
}

function roundTo(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
