/** Counts the texts that several machines accept at once, and finds the one with a number. */
import type { Machine } from "./automaton.ts";

/** Texts that must be longer than this are not made. */
export const LONGEST = 300;

/** Up to here numbers count exactly. */
const EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** Characters that lead to one state, from which `each` texts go on. */
interface Choice {
  target: number;
  characters: readonly string[];
  each: number;
  all: number;
}

export interface Part {
  machine: Machine;
  negated: boolean;
}

/** A state of all machines together; a negated one that can match no more is `undefined`. */
type Joint = readonly (number | undefined)[];

/** Counts by the number of characters that are left, once for each state. */
export class TextCounter {
  readonly start: number;
  private readonly states: Joint[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly branches = new Map<number, readonly { target: number; characters: readonly number[] }[]>();
  private readonly counts = new Map<number, bigint>();
  private readonly choices = new Map<number, readonly Choice[]>();

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
      if (rest <= EXACT && this.countFrom(state, left) <= EXACT)
        return text + this.textBelow(state, left, Number(rest));
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

  /** The same where all numbers are small: several times as quick. */
  private textBelow(from: number, length: number, index: number): string {
    let [state, rest, text] = [from, index, ""];
    for (let left = length; left > 0; left--) {
      for (const { target, characters, each, all } of this.choicesOf(state, left)) {
        if (rest >= all) {
          rest -= all;
          continue;
        }
        const place = Math.floor(rest / each);
        text += characters[place] ?? "";
        rest -= place * each;
        state = target;
        break;
      }
    }
    return text;
  }

  private choicesOf(state: number, left: number): readonly Choice[] {
    const key = state * (LONGEST + 1) + left;
    const known = this.choices.get(key);
    if (known !== undefined) return known;
    const choices = this.branchesOf(state).map(({ target, characters }) => {
      const each = Number(this.countFrom(target, left - 1));
      const shown = characters.map((character) => String.fromCodePoint(character));
      return { target, characters: shown, each, all: each * shown.length };
    });
    this.choices.set(key, choices);
    return choices;
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
