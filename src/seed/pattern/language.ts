/** The texts that meet several patterns at once: how many there are, and the one with a number. */
import { createMachine, type Machine, type Reading } from "./automaton.ts";
import { type ParsedPattern, type PatternNode, parsePattern } from "./parse-pattern.ts";
import { LONGEST, TextCounter } from "./text-counter.ts";

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

/** Whether the text meets all patterns that can be read. */
export function meetsPatterns(patterns: readonly TextPattern[], text: string): boolean {
  return patterns.every((pattern) => {
    const tests = testsOf(pattern.regex, pattern.ignoreCase === true);
    if (tests === undefined) return true;
    return tests.every(({ machine, negated }) => runs(machine, text) !== negated) !== (pattern.negated === true);
  });
}

type Test = { machine: Machine; negated: boolean };

/** Machines are asked of every row of a table: each is made once. */
const KNOWN_TESTS = new Map<string, readonly Test[] | undefined>();

function testsOf(regex: string, ignoreCase: boolean): readonly Test[] | undefined {
  const key = `${ignoreCase ? "i" : "c"} ${regex}`;
  if (!KNOWN_TESTS.has(key)) {
    const parsed = parsePattern(regex, ignoreCase);
    const tests =
      parsed && conjuncts(parsed).map(({ tree, negated }) => ({ machine: createMachine(tree, "has", false), negated }));
    KNOWN_TESTS.set(key, tests);
  }
  return KNOWN_TESTS.get(key);
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

export interface LanguageWish {
  minLength?: number | undefined;
  maxLength?: number | undefined;
  /** Rather many texts than plain ones. */
  many?: boolean;
}

/** As many texts are enough for anything. */
const ENOUGH = 1n << 32n;

/** Planning and making ask for the same ones: each is counted once. */
const KNOWN_LANGUAGES = new Map<string, Language | undefined>();

/** The language of texts within the lengths; undefined where a pattern cannot be read, or no text meets all. */
export function readLanguage(patterns: readonly TextPattern[], wish: LanguageWish = {}): Language | undefined {
  const key = JSON.stringify([patterns, wish]);
  if (!KNOWN_LANGUAGES.has(key)) KNOWN_LANGUAGES.set(key, countLanguage(patterns, wish));
  return KNOWN_LANGUAGES.get(key);
}

function countLanguage(
  patterns: readonly TextPattern[],
  { minLength = 0, maxLength = LONGEST, many = false }: LanguageWish,
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
  const counter = new TextCounter(parts, alphabetOf(demands));
  let shortest = lengths.min;
  while (shortest <= lengths.max && counter.countFrom(counter.start, shortest) === 0n) shortest++;
  if (shortest > lengths.max) return undefined;
  const counts: { length: number; count: bigint }[] = [];
  for (let length = shortest; length <= Math.min(lengths.max, shortest + MORE_CHARACTERS); length++) {
    counts.push({ length, count: counter.countFrom(counter.start, length) });
  }
  return new CountedTexts(counter, counts);
}

/** Texts of several lengths, the shortest first. */
class CountedTexts implements Language {
  readonly count: bigint;

  constructor(
    private readonly counter: TextCounter,
    private readonly counts: readonly { length: number; count: bigint }[],
  ) {
    this.count = counts.reduce((sum, each) => sum + each.count, 0n);
  }

  textAt(index: bigint): string {
    let rest = index;
    for (const { length, count } of this.counts) {
      if (rest < count) return this.counter.textAt(length, rest);
      rest -= count;
    }
    throw new RangeError("there is no text of that number");
  }
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
