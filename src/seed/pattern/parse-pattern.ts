/**
 * PostgreSQL's regular expressions as a tree: https://www.postgresql.org/docs/current/functions-matching.html
 * What cannot be generated from (back references, word boundaries, look-around behind the beginning) is not read.
 */
import {
  ANY_CHARACTER,
  type CharacterSet,
  CLASSES,
  findShorthand,
  ignoreCase,
  invertSet,
  joinSets,
  setOf,
  setOfCharacter,
} from "./characters.ts";

export type PatternNode =
  | { kind: "set"; set: CharacterSet }
  | { kind: "sequence"; parts: readonly PatternNode[] }
  | { kind: "choice"; options: readonly PatternNode[] }
  | { kind: "repeat"; of: PatternNode; min: number; max: number }
  | { kind: "start" }
  | { kind: "end" };

/** A tree, and what stands in look-aheads at its beginning: each is to match from the beginning, or not to. */
export interface ParsedPattern {
  tree: PatternNode;
  ahead: readonly { tree: PatternNode; negated: boolean }[];
}

/** It is not one of those that can be read. */
class Unreadable extends Error {}

/** Reads a pattern; undefined where it cannot be read. */
export function parsePattern(pattern: string, caseless = false): ParsedPattern | undefined {
  const [, options = "", rest = pattern] = /^\(\?([a-z]+)\)(.*)$/s.exec(pattern) ?? [];
  if (/[^icst]/.test(options) || rest.startsWith("***")) return undefined;
  try {
    const parser = new Parser(rest, options === "" ? caseless : options.includes("i"));
    return parser.parseWhole();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", a: "\x07", e: "\x1b" };

class Parser {
  private at = 0;
  private readonly ahead: { tree: PatternNode; negated: boolean }[] = [];
  private readonly characters: readonly string[];

  constructor(
    pattern: string,
    private readonly caseless: boolean,
  ) {
    this.characters = [...pattern];
  }

  parseWhole(): ParsedPattern {
    const tree = this.parseChoice(true);
    if (this.at < this.characters.length) throw new Unreadable();
    return { tree, ahead: this.ahead };
  }

  private peek(text: string): boolean {
    return this.characters.slice(this.at, this.at + text.length).join("") === text;
  }

  private take(text: string): boolean {
    if (!this.peek(text)) return false;
    this.at += text.length;
    return true;
  }

  private next(): string {
    const character = this.characters[this.at++];
    if (character === undefined) throw new Unreadable();
    return character;
  }

  private parseChoice(isWhole = false): PatternNode {
    const options = [this.parseSequence(isWhole)];
    while (this.take("|")) options.push(this.parseSequence(false));
    if (this.ahead.length > 0 && isWhole && options.length > 1) throw new Unreadable();
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
  }

  /** Look-aheads are read where nothing but the beginning stands before them. */
  private parseSequence(isWhole: boolean): PatternNode {
    const parts: PatternNode[] = [];
    while (this.at < this.characters.length && !this.peek("|") && !this.peek(")")) {
      const looks = this.peek("(?=") || this.peek("(?!");
      if (looks && isWhole && parts.length === 1 && parts[0]?.kind === "start") this.parseAhead();
      else parts.push(this.parseQuantified());
    }
    return { kind: "sequence", parts };
  }

  private parseAhead(): void {
    const negated = this.peek("(?!");
    this.at += 3;
    const inside = this.parseChoice();
    if (!this.take(")")) throw new Unreadable();
    this.ahead.push({ tree: { kind: "sequence", parts: [{ kind: "start" }, inside] }, negated });
  }

  private parseQuantified(): PatternNode {
    let node = this.parseAtom();
    for (let bounds = this.parseBounds(); bounds !== undefined; bounds = this.parseBounds()) {
      const [min, max] = bounds;
      this.take("?"); // as few as possible matches the same texts
      node = { kind: "repeat", of: node, min, max };
    }
    return node;
  }

  private parseBounds(): [number, number] | undefined {
    if (this.take("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.take("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.take("?")) return [0, 1];
    const rest = this.characters.slice(this.at, this.at + 10).join("");
    const [whole, min, comma, max] = /^\{(\d{1,3})(,)?(\d{1,3})?\}/.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    this.at += whole.length;
    const least = Number(min);
    return [least, comma === undefined ? least : max === undefined ? Number.POSITIVE_INFINITY : Number(max)];
  }

  private parseAtom(): PatternNode {
    if (this.take("(")) return this.parseGroup();
    if (this.take("[")) return this.made(this.parseBracket());
    const character = this.next();
    if (character === "^") return { kind: "start" };
    if (character === "$") return { kind: "end" };
    if (character === ".") return { kind: "set", set: ANY_CHARACTER };
    if (character === "*" || character === "+" || character === "?") throw new Unreadable();
    if (character !== "\\") return this.made(setOfCharacter(character.codePointAt(0) ?? 0));
    if (this.take("A")) return { kind: "start" };
    if (this.take("Z")) return { kind: "end" };
    return this.made(this.parseEscape());
  }

  private made(set: CharacterSet): PatternNode {
    return { kind: "set", set: this.caseless ? ignoreCase(set) : set };
  }

  private parseGroup(): PatternNode {
    if (this.peek("?") && !this.take("?:")) throw new Unreadable();
    const inside = this.parseChoice();
    if (!this.take(")")) throw new Unreadable();
    return inside;
  }

  private parseEscape(): CharacterSet {
    const letter = this.next();
    const known = findShorthand(letter);
    if (known !== undefined) return known;
    const hexadecimal = { x: /^[0-9a-f]{1,6}/i, u: /^[0-9a-f]{4}/i, U: /^[0-9a-f]{8}/i }[letter];
    if (hexadecimal !== undefined) {
      const digits = hexadecimal.exec(this.characters.slice(this.at, this.at + 8).join(""))?.[0];
      if (digits === undefined) throw new Unreadable();
      this.at += digits.length;
      return setOfCharacter(Number.parseInt(digits, 16));
    }
    const escaped = ESCAPED[letter];
    if (escaped === undefined && /[\p{L}\p{N}]/u.test(letter)) throw new Unreadable();
    return setOfCharacter((escaped ?? letter).codePointAt(0) ?? 0);
  }

  private parseBracket(): CharacterSet {
    const negated = this.take("^");
    const sets: CharacterSet[] = [];
    for (let first = true; first || !this.take("]"); first = false) sets.push(this.parseMember());
    const joined = joinSets(sets);
    const folded = negated && this.caseless ? ignoreCase(joined) : joined;
    return negated ? invertSet(folded) : joined;
  }

  /** One member of a bracket expression: a class, an escape, a character or a range of them. */
  private parseMember(): CharacterSet {
    if (this.take("[:")) {
      const name = this.until(":]");
      const known = CLASSES[name];
      if (known === undefined) throw new Unreadable();
      return known;
    }
    if (this.peek("[.") || this.peek("[=")) throw new Unreadable();
    const from = this.parseMemberCharacter();
    if (typeof from !== "number") return from;
    const isRange = this.peek("-") && this.characters[this.at + 1] !== "]" && this.at + 1 < this.characters.length;
    if (!isRange) return setOfCharacter(from);
    this.next();
    const to = this.parseMemberCharacter();
    if (typeof to !== "number" || to < from) throw new Unreadable();
    return setOf([[from, to]]);
  }

  private parseMemberCharacter(): number | CharacterSet {
    const character = this.next();
    if (character !== "\\") return character.codePointAt(0) ?? 0;
    const set = this.parseEscape();
    const [only] = set.picks;
    return set.picks.length === 1 && only !== undefined ? only : set;
  }

  private until(end: string): string {
    let text = "";
    while (!this.take(end)) text += this.next();
    return text;
  }
}
