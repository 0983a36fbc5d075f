/**
 * Several unique keys over shared columns, or whose columns hang on each other: each row is given the first combination
 * by chance that no row before it has in any of the keys. What rows before had is computed again from the first one on.
 */

import { EXIT, PgroveError } from "../../errors.ts";
import { plural } from "../../sys/amounts.ts";
import { drawBelow, mixKeys } from "./mix.ts";
import type { OfRow } from "./site.ts";

/** What is chosen: a column, or the columns of one foreign key. */
export interface JointUnit {
  /** Values are the whole numbers below it. */
  space: number;
  /** It is given by the row, and not chosen. */
  fixed?: OfRow<number>;
  /** Those that go with what has been chosen for the units before, where it hangs on them. */
  candidates?(chosen: readonly number[], row: number): readonly number[];
}

export interface Joint {
  units: readonly JointUnit[];
  /** The units of each key, by their places. */
  keys: readonly (readonly number[])[];
  /** What must hold once the unit at that place has been chosen. */
  conditions: readonly { at: number; holds(chosen: readonly number[]): boolean }[];
  key: number;
  /** The row with which counting begins. */
  firstRow: number;
}

/** No combination is left for a row. */
export class TooFewCombinations extends PgroveError {
  constructor(
    readonly entity: string,
    /** How many rows there could be. */
    readonly rows: number,
    names: readonly string[],
  ) {
    const message = `${entity} (${names.join(", ")}): there are combinations for ${plural(rows, "row")}, and no more that do not repeat`;
    super({ code: "config", exit: EXIT.config, message, hint: "make fewer rows, or more rows of what it refers to" });
  }
}

/** By chance, before all combinations are gone through. */
const TRIES = 24;
/** So many combinations are looked at for one row. */
const MOST_LOOKS = 200_000;

/** What each row is given of each unit. Throws TooFewCombinations through `exhausted`. */
export function chooseJointly(joint: Joint, exhausted: (row: number) => PgroveError): OfRow<readonly number[]> {
  const chooser = new Chooser(joint);
  if (joint.keys.length === 0) {
    return (row) => {
      const chosen = chooser.choose(row);
      if (chosen === undefined) throw exhausted(row);
      return chosen;
    };
  }
  const given: (readonly number[])[] = [];
  return (row) => {
    for (let next = joint.firstRow + given.length; next <= row; next++) {
      const chosen = chooser.choose(next);
      if (chosen === undefined) throw exhausted(next);
      given.push(chosen);
    }
    return given[row - joint.firstRow] ?? [];
  };
}

class Chooser {
  private readonly used: readonly Set<string>[];
  private looks = 0;

  constructor(private readonly joint: Joint) {
    this.used = joint.keys.map(() => new Set());
  }

  /** The row's combination, which is then taken; undefined where none is left. */
  choose(row: number): readonly number[] | undefined {
    let chosen: readonly number[] | undefined;
    for (let attempt = 0; attempt < TRIES && chosen === undefined; attempt++) chosen = this.draw(row, attempt);
    this.looks = MOST_LOOKS;
    chosen ??= this.search([], row);
    if (chosen !== undefined)
      for (const [at, key] of this.joint.keys.entries()) this.used[at]?.add(textOf(key, chosen));
    return chosen;
  }

  private draw(row: number, attempt: number): readonly number[] | undefined {
    const chosen: number[] = [];
    for (const [at, unit] of this.joint.units.entries()) {
      const key = mixKeys(this.joint.key, attempt * this.joint.units.length + at);
      const values = unit.fixed === undefined ? unit.candidates?.(chosen, row) : [unit.fixed(row)];
      const value = values === undefined ? drawBelow(key, row, unit.space) : values[drawBelow(key, row, values.length)];
      if (value === undefined) return undefined;
      chosen.push(value);
      if (!this.isFree(chosen)) return undefined;
    }
    return chosen;
  }

  /** Goes through all values of the next unit, beginning anywhere. */
  private search(chosen: readonly number[], row: number): readonly number[] | undefined {
    const at = chosen.length;
    const unit = this.joint.units[at];
    if (unit === undefined) return chosen;
    const values = unit.fixed === undefined ? unit.candidates?.(chosen, row) : [unit.fixed(row)];
    const count = values?.length ?? unit.space;
    const first = drawBelow(mixKeys(this.joint.key, at), row, count);
    for (let step = 0; step < count && this.looks > 0; step++) {
      this.looks--;
      const place = (first + step) % count;
      const next = [...chosen, values === undefined ? place : (values[place] ?? 0)];
      const found = this.isFree(next) ? this.search(next, row) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Whether nothing that is complete with the last one chosen is taken already, or equal where it may not be. */
  private isFree(chosen: readonly number[]): boolean {
    const last = chosen.length - 1;
    const { keys, conditions } = this.joint;
    if (conditions.some(({ at, holds }) => at === last && !holds(chosen))) return false;
    return keys.every((key, at) => Math.max(...key) !== last || this.used[at]?.has(textOf(key, chosen)) !== true);
  }
}

function textOf(key: readonly number[], chosen: readonly number[]): string {
  return key.map((at) => chosen[at]).join(" ");
}
