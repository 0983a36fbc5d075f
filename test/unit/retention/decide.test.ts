/** What pgrove means otherwise than restic, on purpose; the rest is compared in test/integration/retention/restic.test.ts. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Candidate, decideOn, type KeepReason } from "../../../src/retention/decide.ts";
import { openZone } from "../../../src/retention/local-time.ts";
import { trials } from "../../support/property.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 0, 31, 12);
const zone = openZone("UTC");

/** So many days old. */
function aged(days: number, values: Partial<Candidate> = {}): Candidate {
  return { name: `${days}`, at: NOW - days * DAY_MS, ...values };
}

function kept(history: Candidate[], rule: Parameters<typeof decideOn>[1]): Record<string, KeepReason[]> {
  const decisions = decideOn(history, rule, { now: NOW, zone }).filter(({ reasons }) => reasons.length > 0);
  return Object.fromEntries(decisions.map(({ candidate, reasons }) => [`${candidate.name} days`, reasons]));
}

test("what is in the future stays, and pushes nothing out", () => {
  expect(kept([aged(-3), aged(-2), aged(1), aged(2)], { last: 1 })).toEqual({
    ...{ "-3 days": ["future"], "-2 days": ["future"], "1 days": ["last"] },
  });
});

test("within is measured from the newest that is not in the future", () => {
  const within = { years: 0, months: 0, days: 2, hours: 0 };
  expect(Object.keys(kept([aged(-9), aged(1), aged(2), aged(4)], { within }))).toEqual(["-9 days", "1 days", "2 days"]);
});

test("the newest that was proved stays, and what was proved before goes", () => {
  expect(kept([aged(0), aged(1), aged(2, { isProved: true }), aged(3, { isProved: true })], { last: 1 })).toEqual({
    ...{ "0 days": ["last"], "2 days": ["proved"] },
  });
});

test("what is pinned stays and is counted", () => {
  expect(kept([aged(0), aged(1, { isPinned: true }), aged(2), aged(3)], { last: 2 })).toEqual({
    ...{ "0 days": ["last"], "1 days": ["pinned", "last"] },
  });
});

test("what is in doubt pushes out nothing good, and goes when its time has come", () => {
  const doubt = "holds no rows";
  const history = [aged(0, { doubt }), aged(1, { doubt }), aged(2), aged(3), aged(4)];
  expect(kept(history, { last: 1 })).toEqual({ "0 days": ["last"], "2 days": ["last"] });
  expect(kept(history, { daily: 2 })).toEqual({
    ...{ "0 days": ["daily"], "1 days": ["daily"], "2 days": ["daily"], "3 days": ["daily"] },
  });
});

test("whatever is in doubt: of the good ones the same stay as if the others were not there", () => {
  const history = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 40 * 24 }), fc.boolean()), { maxLength: 30 })
    .map((hours) => {
      let age = 0;
      return hours.map(([gap, isDoubtful]) => {
        age += gap;
        return aged(age / 24, isDoubtful ? { doubt: "x" } : {});
      });
    });
  const count = fc.integer({ min: 0, max: 4 });
  const rule = fc.record({ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count });
  fc.assert(
    fc.property(history, rule, (all, counts) => {
      const namesOf = (candidates: Candidate[]) =>
        decideOn(candidates, counts, { now: NOW, zone })
          .filter(({ candidate, reasons }) => candidate.doubt === undefined && reasons.length > 0)
          .map(({ candidate }) => candidate.name);
      expect(namesOf(all)).toEqual(namesOf(all.filter(({ doubt }) => doubt === undefined)));
    }),
    trials(200, 5000),
  );
});
