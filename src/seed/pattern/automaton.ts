/** A pattern as a machine that reads a text character by character: Thompson's construction, its sets of states kept. */
import { ANY_CHARACTER, type CharacterSet } from "./characters.ts";
import type { PatternNode } from "./parse-pattern.ts";

interface Place {
  /** What a character leads on from here. */
  set?: CharacterSet;
  target: number;
  /** Where it goes on without a character. */
  free: readonly number[];
  /** Only at the beginning, or only where no character follows. */
  only?: "start" | "end";
}

/** How much of a set a character must be in. */
export type Reading = "has" | "picks";

export interface Machine {
  start: number;
  /** The state behind a character; undefined where no text that goes on so can match. */
  step(state: number, character: number): number | undefined;
  accepts(state: number): boolean;
}

/** Matches anywhere in the text, or the text as a whole. */
export function createMachine(tree: PatternNode, reading: Reading, whole: boolean): Machine {
  const builder = new Builder();
  const end = builder.add({ target: -1, free: [] });
  const anything: PatternNode = {
    kind: "repeat",
    of: { kind: "set", set: ANY_CHARACTER },
    min: 0,
    max: Number.POSITIVE_INFINITY,
  };
  const start = builder.build(whole ? tree : { kind: "sequence", parts: [anything, tree, anything] }, end);
  return new SetMachine(builder.places, start, end, reading);
}

class Builder {
  readonly places: Place[] = [];

  add(place: Place): number {
    return this.places.push(place) - 1;
  }

  /** The place from which the node leads to the next one. */
  build(node: PatternNode, next: number): number {
    if (node.kind === "set") return this.add({ set: node.set, target: next, free: [] });
    if (node.kind === "start" || node.kind === "end") return this.add({ target: -1, free: [next], only: node.kind });
    if (node.kind === "choice") {
      return this.add({ target: -1, free: node.options.map((option) => this.build(option, next)) });
    }
    if (node.kind === "sequence") return node.parts.reduceRight((behind, part) => this.build(part, behind), next);
    return this.repeat(node.of, node.min, node.max, next);
  }

  private repeat(of: PatternNode, min: number, max: number, next: number): number {
    let place = next;
    if (max === Number.POSITIVE_INFINITY) {
      const free: number[] = [next];
      place = this.add({ target: -1, free });
      free.push(this.build(of, place));
    } else {
      for (let more = min; more < max; more++) place = this.add({ target: -1, free: [next, this.build(of, place)] });
    }
    for (let times = 0; times < min; times++) place = this.build(of, place);
    return place;
  }
}

/** States are sets of places, each marked where no character may follow; a set has one number. */
class SetMachine implements Machine {
  readonly start: number;
  private readonly sets: (readonly number[])[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly steps = new Map<string, number | undefined>();

  constructor(
    private readonly places: readonly Place[],
    start: number,
    private readonly end: number,
    private readonly reading: Reading,
  ) {
    this.start = this.numberOf(this.close([start * 2], true));
  }

  step(state: number, character: number): number | undefined {
    const key = `${state} ${character}`;
    if (!this.steps.has(key)) this.steps.set(key, this.findStep(state, character));
    return this.steps.get(key);
  }

  accepts(state: number): boolean {
    return this.sets[state]?.some((each) => each >> 1 === this.end) === true;
  }

  private findStep(state: number, character: number): number | undefined {
    const targets = (this.sets[state] ?? []).flatMap((each) => {
      const { set, target } = this.places[each >> 1] ?? { target: -1 };
      const leads = set !== undefined && (each & 1) === 0 && this.holds(set, character);
      return leads ? [target * 2] : [];
    });
    const closed = this.close(targets, false);
    return closed.length === 0 ? undefined : this.numberOf(closed);
  }

  private holds(set: CharacterSet, character: number): boolean {
    return this.reading === "has" ? set.has(character) : set.picks.includes(character);
  }

  private close(from: readonly number[], isStart: boolean): number[] {
    const found = new Set(from);
    for (const each of found) {
      const { free, only } = this.places[each >> 1] ?? { free: [] };
      if (only === "start" && !isStart) continue;
      const ended = only === "end" ? 1 : each & 1;
      for (const next of free) found.add(next * 2 + ended);
    }
    return [...found].sort((a, b) => a - b);
  }

  private numberOf(set: readonly number[]): number {
    const key = set.join(" ");
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.sets.push(set) - 1;
    this.numbers.set(key, number);
    return number;
  }
}
