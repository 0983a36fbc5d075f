/** Sets of characters as regular expressions name them: what is in them, and which of them are written into values. */

export interface CharacterSet {
  has(character: number): boolean;
  /** Those that values are made of: of what is open to nearly everything, letters and digits. */
  picks: readonly number[];
}

type Range = readonly [from: number, to: number];

const range = (from: string, to: string): Range => [from.charCodeAt(0), to.charCodeAt(0)];
const [DIGITS, LOWER, UPPER] = [range("0", "9"), range("a", "z"), range("A", "Z")];
const UNDERSCORE = range("_", "_");
/** Beyond ASCII a class has many more members; none of them is ever made. */
const BEYOND: Range = [0x80, 0x10ffff];

/** What is open to nearly everything is filled with these. */
const PLAIN: readonly number[] = [LOWER, DIGITS].flatMap(spell);
const PRINTABLE: readonly number[] = spell([32, 126]);

/** More members of a set than these are not made. */
const MOST_PICKS = 256;

function spell([from, to]: Range): number[] {
  return Array.from({ length: Math.min(to - from + 1, MOST_PICKS) }, (_, at) => from + at);
}

/** The set of these ranges. */
export function setOf(ranges: readonly Range[], made: readonly Range[] = ranges): CharacterSet {
  const has = (character: number) => ranges.some(([from, to]) => character >= from && character <= to);
  return { has, picks: [...new Set(made.flatMap(spell))].slice(0, MOST_PICKS) };
}

/** The set of one character. */
export function setOfCharacter(character: number): CharacterSet {
  return setOf([[character, character]]);
}

/** All that the set has not. */
export function invertSet({ has }: CharacterSet): CharacterSet {
  const lacks = (character: number) => !has(character);
  const [plain, printable] = [PLAIN.filter(lacks), PRINTABLE.filter(lacks)];
  return { has: lacks, picks: plain.length > 0 ? plain : printable };
}

export const ANY_CHARACTER: CharacterSet = { has: () => true, picks: PLAIN };

/** What any of the sets has. */
export function joinSets(sets: readonly CharacterSet[]): CharacterSet {
  return {
    has: (character) => sets.some((set) => set.has(character)),
    picks: [...new Set(sets.flatMap(({ picks }) => picks))].slice(0, MOST_PICKS),
  };
}

/** The same for letters of either case. */
export function ignoreCase(set: CharacterSet): CharacterSet {
  const both = (character: number) => {
    const text = String.fromCodePoint(character);
    return [text.toLowerCase(), text.toUpperCase()].map((each) => each.codePointAt(0) ?? character);
  };
  return { has: (character) => set.has(character) || both(character).some(set.has), picks: set.picks };
}

const SPACES: readonly Range[] = [
  [32, 32],
  [9, 13],
  [0x85, 0x85],
  [0xa0, 0xa0],
];
const PUNCTUATION: readonly Range[] = [
  [33, 47],
  [58, 64],
  [91, 96],
  [123, 126],
];

/** POSIX classes by name: https://www.postgresql.org/docs/current/functions-matching.html#POSIX-BRACKET-EXPRESSIONS */
export const CLASSES: Readonly<Record<string, CharacterSet>> = {
  alpha: setOf([LOWER, UPPER, BEYOND], [UPPER, LOWER]),
  digit: setOf([DIGITS]),
  alnum: setOf([LOWER, UPPER, DIGITS, BEYOND], [UPPER, LOWER, DIGITS]),
  upper: setOf([UPPER, BEYOND], [UPPER]),
  lower: setOf([LOWER, BEYOND], [LOWER]),
  space: setOf(SPACES, [[32, 32]]),
  blank: setOf(
    [
      [32, 32],
      [9, 9],
    ],
    [[32, 32]],
  ),
  punct: setOf(PUNCTUATION),
  xdigit: setOf([DIGITS, range("a", "f"), range("A", "F")], [DIGITS, range("a", "f")]),
  print: setOf([[32, 126], BEYOND], [LOWER, DIGITS]),
  graph: setOf([[33, 126], BEYOND], [LOWER, DIGITS]),
  cntrl: setOf(
    [
      [0, 31],
      [127, 127],
    ],
    [[9, 9]],
  ),
  word: setOf([LOWER, UPPER, DIGITS, UNDERSCORE, BEYOND], [LOWER, DIGITS, UNDERSCORE]),
};

/** `\d`, `\W` and so on, by their letter. */
export function findShorthand(letter: string): CharacterSet | undefined {
  const name = { d: "digit", w: "word", s: "space" }[letter.toLowerCase()];
  const set = name === undefined ? undefined : CLASSES[name];
  if (set === undefined) return undefined;
  return letter === letter.toLowerCase() ? set : invertSet(set);
}
