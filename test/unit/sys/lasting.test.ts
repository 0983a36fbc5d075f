import { describe, expect, test } from "bun:test";
import { type Lasting, lastingAt } from "../../../src/sys/lasting.ts";
import { isSameObserver, type Moment, thisObserver } from "../../../src/sys/machine.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-01-01T00:00:00.000Z");

/** So many hours behind the start by the clock, and by what the machine itself counts since it was switched on. */
function at(clock: number, machine: number, boot = "one"): Moment {
  return { now: new Date(START + clock * HOUR), boot, upMs: (100 + machine) * HOUR };
}

function hours(...moments: readonly Moment[]): number {
  const seen = moments.reduce<Lasting | undefined>((before, moment) => lastingAt(before, moment), undefined);
  return (seen?.forMs ?? -1) / HOUR;
}

describe("how long something lasts", () => {
  test("begins when it is seen first, and grows from look to look", () => {
    const first = lastingAt(undefined, at(0, 0));
    expect(first).toMatchObject({ since: "2026-01-01T00:00:00.000Z", forMs: 0 });
    expect(lastingAt(first, at(30, 30))).toMatchObject({ since: first.since, forMs: 30 * HOUR });
    expect(hours(at(0, 0), at(1, 1), at(5, 5), at(200, 200))).toBe(200);
  });

  test("a clock that is set forward counts for no more than the machine has run", () => {
    expect(hours(at(0, 0), at(24 * 365, 2))).toBe(2);
    expect(hours(at(0, 0), at(24 * 365, 2), at(24 * 365 + 3, 5))).toBe(5);
  });

  test("a clock that is set back takes nothing away, and gives nothing", () => {
    expect(hours(at(0, 0), at(10, 10), at(-500, 11), at(-499, 12))).toBe(11);
    expect(hours(at(0, 0), at(10, 10), at(-500, 11), at(20, 12))).toBe(11);
  });

  test("the time in which the machine was off counts for a day at most, what it has run since in full", () => {
    const started = (clock: number, upHours: number): Moment => ({ ...at(clock, 0, "two"), upMs: upHours * HOUR });
    expect(hours(at(0, 0), started(20, 3))).toBe(20);
    expect(hours(at(0, 0), started(24 * 365, 3))).toBe(27);
    expect(hours(at(0, 0), started(24 * 365, 100))).toBe(124);
  });

  test("where nothing but the clock tells, a day counts from one look to the next", () => {
    expect(hours(at(0, 0, ""), at(5, 5, ""))).toBe(5);
    expect(hours(at(0, 0, ""), at(24 * 365, 24 * 365, ""))).toBe(24);
  });
});

describe("who looks", () => {
  test("is the same in the next run, and another where the environment says so", () => {
    const self = thisObserver({});
    expect(self.machine).toMatch(/-[0-9a-f]{8}$/);
    expect(isSameObserver(thisObserver({}), self)).toBe(true);
    expect(isSameObserver(thisObserver({ PGROVE_MACHINE: "host" }), self)).toBe(false);
    expect(isSameObserver({ ...self, user: "called otherwise" }, self)).toBe(true);
    expect(isSameObserver({ ...self, uid: self.uid + 1 }, self)).toBe(false);
    expect(isSameObserver(undefined, self)).toBe(false);
  });
});
