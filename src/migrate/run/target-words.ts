/** The words that say how far to migrate: `head`, `3`, `+2`, `-1`, `0042`, `add_users`. */
import { type PgroveError, usageError } from "../../errors.ts";
import { type Direction, describeMigration, type Migration } from "../migration.ts";

/** How far to migrate. */
export type HowFar =
  | { kind: "head" }
  | { kind: "steps"; direction: Direction; count: number }
  /** Up to, or down to, a version and no further; without a direction, to exactly that version. */
  | { kind: "version"; direction?: Direction; word: string }
  | { kind: "nothing" };

/** What a word may name: a migration of the files or of the ledger. */
export type Named = Pick<Migration, "version" | "digits" | "name">;

const COUNT = /^\d+$/;
const SIGNED = /^([+-])(\d+)$/;
const MOST_SHOWN = 5;

/**
 * The wish of `up WORD`. A bare number counts migrations, as it does for golang-migrate, unless it has leading zeros or
 * is larger than the number of migrations there are (`known`): then it is a version. Throws (exit 2).
 */
export function wishOfUp(word: string | undefined, known: number): HowFar {
  if (word === undefined || word === "head") return { kind: "head" };
  return readSteps(word, "up", known) ?? { kind: "version", direction: "up", word };
}

/** The wish of `down WORD`, by the same rules: one migration when no word is given, every one with `all`. */
export function wishOfDown(word: string | undefined, all: boolean, known: number): HowFar {
  if (all && word !== undefined) throw usageError(`--all takes back everything, so ${word} has no meaning beside it`);
  if (all) return { kind: "nothing" };
  if (word === undefined) return { kind: "steps", direction: "down", count: 1 };
  if (word === "head")
    throw usageError("head is the newest migration, and down goes the other way", "pgrove migrate up");
  return readSteps(word, "down", known) ?? { kind: "version", direction: "down", word };
}

/** The wish of `goto WORD`, whose bare numbers are always versions; `head` is the newest of this branch. */
export function wishOfGoto(word: string): HowFar {
  const [, sign, count] = SIGNED.exec(word) ?? [];
  if (count === undefined) return { kind: "version", word };
  return { kind: "steps", direction: sign === "-" ? "down" : "up", count: requireCount(count, word) };
}

function readSteps(word: string, direction: Direction, known: number): HowFar | undefined {
  const [, sign, signed] = SIGNED.exec(word) ?? [];
  if (signed !== undefined) {
    const meant = sign === "-" ? "down" : "up";
    if (meant === direction) return { kind: "steps", direction, count: requireCount(signed, word) };
    throw usageError(`${word} goes ${meant}, and this is ${direction}`, `pgrove migrate goto ${word}`);
  }
  if (!COUNT.test(word) || (word.startsWith("0") && word !== "0") || Number(word) > known) return undefined;
  return { kind: "steps", direction, count: requireCount(word, word) };
}

function requireCount(digits: string, word: string): number {
  const count = Number(digits);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw usageError(
    `${word} is no number of migrations`,
    "give a number from 1 on, a version, or the beginning of a name",
  );
}

/**
 * The migration that a word names: by its version, its name, its file's beginning (`0042_add`), or the beginning of its
 * name. Throws (exit 2) when there is none, or more than one.
 */
export function findNamed(word: string, known: readonly Named[]): Named {
  const named = COUNT.test(word) ? known.filter(({ version }) => version === BigInt(word)) : matchName(word, known);
  const [first, second] = named;
  if (first === undefined) throw unknownMigration(word, known);
  if (second === undefined) return first;
  const shown = named.slice(0, MOST_SHOWN).map(describeMigration);
  const more = named.length > MOST_SHOWN ? ` and ${named.length - MOST_SHOWN} more` : "";
  throw usageError(`${word} could be ${shown.join(", ")}${more}`, "type more of the name, or the version");
}

function matchName(word: string, known: readonly Named[]): readonly Named[] {
  if (word === "") return []; // a shell's variable that is not set
  const [, digits, rest = word] = /^(\d+)_(.*)$/s.exec(word) ?? [];
  const numbered = digits === undefined ? known : known.filter(({ version }) => version === BigInt(digits));
  const exact = numbered.filter(({ name }) => name === rest);
  return exact.length > 0 ? exact : numbered.filter(({ name }) => name.startsWith(rest));
}

function unknownMigration(word: string, known: readonly Named[]): PgroveError {
  const last = known.at(-1);
  const newest = last === undefined ? "there are no migrations here" : `the newest is ${describeMigration(last)}`;
  return usageError(`there is no migration ${word}; ${newest}`, "pgrove migrate status");
}
