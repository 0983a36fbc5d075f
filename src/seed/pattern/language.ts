/** The texts that meet several patterns at once: how many there are, and the one with a number. */
import { createMachine, type Machine, type Reading } from "./automaton.ts";
import { type ParsedPattern, type PatternNode, parsePattern } from "./parse-pattern.ts";

/** One pattern as PostgreSQL has it. */
export interface TextPattern {
  regex: string;
  /** The text must not match. */
  negated?: boolean;
  ignoreCase?: boolean;
}

export interface Language {
  /** How many texts there are. */
  count: bigint;
  textAt(index: bigint): string;
}

/** Beyond the shortest text, texts of so many more characters are made. */
const MORE_CHARACTERS = 8;
/** Texts that must be longer than this are not made. */
const LONGEST = 300;

/** Whether the text meets all patterns that can be read. */
export function meetsPatterns(patterns: readonly TextPattern[], text: string): boolean {
  return patterns.every((pattern) => {
    const parsed = parsePattern(pattern.regex, pattern.ignoreCase);
    if (parsed === undefined) return true;
    const matches = conjuncts(parsed).every(
      ({ tree, negated }) => runs(createMachine(tree, "has", false), text) !== negated,
    );
    return matches !== (pattern.negated === true);
  });
}

function runs(machine: Machine, text: string): boolean {
  let state: number | undefined = machine.start;
  for (const character of text) {
    state = machine.step(state, character.codePointAt(0) ?? 0);
    if (state === undefined) return false;
  }
  return machine.accepts(state);
}

interface Demand {
  tree: PatternNode;
  negated: boolean;
}

function conjuncts({ tree, ahead }: ParsedPattern): Demand[] {
  return [{ tree, negated: false }, ...ahead];
}

/** Whether a pattern can be read. */
export function isReadable({ regex, ignoreCase }: TextPattern): boolean {
  return parsePattern(regex, ignoreCase) !== undefined;
}

export interface LanguageWish {
  minLength?: number | undefined;
  maxLength?: number | undefined;
  /** Rather many texts than plain ones. */
  many?: boolean;
}

/** As many texts are enough for anything. */
const ENOUGH = 1n << 32n;

/** The language of texts within the lengths; undefined where a pattern cannot be read, or no text meets all. */
export function readLanguage(
  patterns: readonly TextPattern[],
  { minLength = 0, maxLength = LONGEST, many = false }: LanguageWish = {},
): Language | undefined {
  const demands: Demand[] = [];
  for (const { regex, ignoreCase, negated = false } of patterns) {
    const parsed = parsePattern(regex, ignoreCase);
    if (parsed === undefined || (negated && parsed.ahead.length > 0)) return undefined;
    demands.push(...conjuncts(parsed).map((each) => (negated ? { ...each, negated } : each)));
  }
  const lengths = { min: minLength, max: Math.min(maxLength, LONGEST) };
  const positive = demands.filter(({ negated }) => !negated).length;
  // First the plainest texts: nothing around a pattern that could stand anywhere, plain letters where anything goes.
  if (positive === 1) {
    const plain = countTexts(demands, "picks", true, lengths);
    const wider =
      many && plain !== undefined && plain.count < ENOUGH ? countTexts(demands, "picks", false, lengths) : undefined;
    if (plain !== undefined) return wider !== undefined && wider.count > plain.count ? wider : plain;
  }
  return countTexts(demands, "picks", false, lengths) ?? countTexts(demands, "has", false, lengths);
}

interface Lengths {
  min: number;
  max: number;
}

function countTexts(
  demands: readonly Demand[],
  reading: Reading,
  whole: boolean,
  lengths: Lengths,
): Language | undefined {
  const parts = demands.map(({ tree, negated }) => ({
    machine: createMachine(tree, negated ? "has" : reading, whole && !negated),
    negated,
  }));
  const counter = new Counter(parts, alphabetOf(demands));
  let shortest = lengths.min;
  while (shortest <= lengths.max && counter.countFrom(counter.start, shortest) === 0n) shortest++;
  if (shortest > lengths.max) return undefined;
  const counts: { length: number; count: bigint }[] = [];
  for (let length = shortest; length <= Math.min(lengths.max, shortest + MORE_CHARACTERS); length++) {
    counts.push({ length, count: counter.countFrom(counter.start, length) });
  }
  return {
    count: counts.reduce((sum, each) => sum + each.count, 0n),
    textAt(index) {
      let rest = index;
      for (const { length, count } of counts) {
        if (rest < count) return counter.textAt(length, rest);
        rest -= count;
      }
      throw new RangeError("there is no text of that number");
    },
  };
}

/** Every character that one of the patterns is written with, and plain letters and digits. */
function alphabetOf(demands: readonly Demand[]): number[] {
  const found = new Set<number>();
  const visit = (node: PatternNode) => {
    if (node.kind === "set") for (const pick of node.set.picks) found.add(pick);
    if (node.kind === "sequence") node.parts.forEach(visit);
    if (node.kind === "choice") node.options.forEach(visit);
    if (node.kind === "repeat") visit(node.of);
  };
  for (const { tree } of demands) visit(tree);
  for (const plain of "abcdefghijklmnopqrstuvwxyz0123456789") found.add(plain.charCodeAt(0));
  return [...found].sort((a, b) => a - b);
}

interface Part {
  machine: Machine;
  negated: boolean;
}

/** A state of all machines together; a negated one that can match no more is `undefined`. */
type Joint = readonly (number | undefined)[];

/** Counts by the number of characters that are left, once for each state. */
class Counter {
  readonly start: number;
  private readonly states: Joint[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly branches = new Map<number, readonly { target: number; characters: readonly number[] }[]>();
  private readonly counts = new Map<number, bigint>();

  constructor(
    private readonly parts: readonly Part[],
    private readonly alphabet: readonly number[],
  ) {
    this.start = this.numberOf(parts.map(({ machine }) => machine.start));
  }

  /** How many texts of exactly that length lead from the state to a match. */
  countFrom(state: number, length: number): bigint {
    if (length === 0) return this.accepts(state) ? 1n : 0n;
    const key = state * (LONGEST + 1) + length;
    const known = this.counts.get(key);
    if (known !== undefined) return known;
    let count = 0n;
    for (const { target, characters } of this.branchesOf(state)) {
      count += BigInt(characters.length) * this.countFrom(target, length - 1);
    }
    this.counts.set(key, count);
    return count;
  }

  textAt(length: number, index: bigint): string {
    let [state, rest, text] = [this.start, index, ""];
    for (let left = length; left > 0; left--) {
      for (const { target, characters } of this.branchesOf(state)) {
        const each = this.countFrom(target, left - 1);
        const all = BigInt(characters.length) * each;
        if (rest >= all) {
          rest -= all;
          continue;
        }
        text += String.fromCodePoint(characters[Number(rest / each)] ?? 0);
        rest %= each;
        state = target;
        break;
      }
    }
    return text;
  }

  private accepts(state: number): boolean {
    const joint = this.states[state] ?? [];
    return this.parts.every(({ machine, negated }, at) => {
      const own = joint[at];
      return (own !== undefined && machine.accepts(own)) !== negated;
    });
  }

  /** Where characters lead from a state, those together that lead to the same one. */
  private branchesOf(state: number): readonly { target: number; characters: readonly number[] }[] {
    const known = this.branches.get(state);
    if (known !== undefined) return known;
    const grouped = new Map<number, number[]>();
    for (const character of this.alphabet) {
      const target = this.step(state, character);
      if (target === undefined) continue;
      const group = grouped.get(target);
      if (group === undefined) grouped.set(target, [character]);
      else group.push(character);
    }
    const branches = [...grouped].map(([target, characters]) => ({ target, characters }));
    this.branches.set(state, branches);
    return branches;
  }

  private step(state: number, character: number): number | undefined {
    const joint: (number | undefined)[] = [];
    for (const [at, { machine, negated }] of this.parts.entries()) {
      const own = this.states[state]?.[at];
      const next = own === undefined ? undefined : machine.step(own, character);
      if (next === undefined && !negated) return undefined;
      joint.push(next);
    }
    return this.numberOf(joint);
  }

  private numberOf(joint: Joint): number {
    const key = joint.join(" ");
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.states.push(joint) - 1;
    this.numbers.set(key, number);
    return number;
  }
}
