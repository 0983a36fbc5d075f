import { describe, expect, test } from "bun:test";
import type { LedgerRow, Migration } from "../../../../src/migrate/migration.ts";
import { listMigrations } from "../../../../src/migrate/migration.ts";
import { type Plan, planSteps } from "../../../../src/migrate/run/plan-steps.ts";
import type { HowFar } from "../../../../src/migrate/run/target-words.ts";
import { filesOf, migration, rowOf, script } from "../../../support/migrate/fixtures.ts";
import { mistake } from "../../../support/migrate/mistake.ts";

/** 1 up and down, 3 up, 4 up and down, 7 up and down. */
const fixtures = [migration(1, "ud"), migration(3, "u"), migration(4, "ud"), migration(7, "ud")];
const versions = fixtures.map(({ version }) => Number(version));
const withoutDown = new Set([3]);

const head: HowFar = { kind: "head" };
const up = (count: number): HowFar => ({ kind: "steps", direction: "up", count });
const down = (count: number): HowFar => ({ kind: "steps", direction: "down", count });
const upTo = (word: string): HowFar => ({ kind: "version", direction: "up", word });
const downTo = (word: string): HowFar => ({ kind: "version", direction: "down", word });
const goTo = (word: string): HowFar => ({ kind: "version", word });
const nothing: HowFar = { kind: "nothing" };

function rowsUpTo(newest: number): LedgerRow[] {
  return fixtures.filter(({ version }) => version <= newest).map((each) => rowOf(each));
}

function plan(
  rows: readonly LedgerRow[],
  wish: HowFar,
  files: readonly Migration[] = fixtures,
  allowOutOfOrder = false,
) {
  return planSteps(filesOf(...files), rows, wish, { allowOutOfOrder });
}

/** "+4 +7", "-7 -4". */
function told({ steps }: Plan): string {
  return steps.map(({ direction, version }) => `${direction === "up" ? "+" : "-"}${version}`).join(" ");
}

describe("every pair of versions", () => {
  const places = [0, ...versions];
  const pairs = places.flatMap((from) => places.map((to): [number, number] => [from, to]));

  test.each(pairs)("from %p to %p", (from, to) => {
    const wish = to === 0 ? nothing : goTo(String(to));
    const between = versions.filter((version) => version > Math.min(from, to) && version <= Math.max(from, to));
    const blocked = to < from && between.some((version) => withoutDown.has(version));
    if (blocked) {
      const refused = mistake(() => plan(rowsUpTo(from), wish));
      expect([refused.code, refused.exit]).toEqual(["irreversible", 5]);
      expect(refused.message).toContain("003 m3");
      return;
    }
    const planned = plan(rowsUpTo(from), wish);
    const way =
      to > from ? between.map((version) => `+${version}`) : between.toReversed().map((version) => `-${version}`);
    expect(told(planned)).toBe(way.join(" "));
    const asVersion = (place: number) => (place === 0 ? null : BigInt(place));
    expect([planned.from, planned.to]).toEqual([asVersion(from), asVersion(to)]);
  });
});

describe("wishes", () => {
  test.each<[string, number, HowFar, string]>([
    ["up", 0, head, "+1 +3 +4 +7"],
    ["up at the head", 7, head, ""],
    ["up 1", 1, up(1), "+3"],
    ["up 2", 1, up(2), "+3 +4"],
    ["up to 4", 1, upTo("4"), "+3 +4"],
    ["up to one that is applied", 4, upTo("1"), ""],
    ["down 1", 7, down(1), "-7"],
    ["down 2", 7, down(2), "-7 -4"],
    ["down to 4", 7, downTo("m4"), "-7"],
    ["down to the one that is applied", 4, downTo("4"), ""],
    ["all down", 1, nothing, "-1"],
    ["down with nothing applied", 0, down(1), ""],
  ])("%s", (_, from, wish, way) => {
    expect(told(plan(rowsUpTo(from), wish))).toBe(way);
  });

  test.each<[HowFar, number, string]>([
    [up(3), 4, "1 of 3: no more are pending"],
    [down(2), 1, "1 of 2: no more are applied"],
    [upTo("1"), 4, "001 m1 is applied already"],
    [downTo("4"), 1, "004 m4 is not applied: what is newer is taken back"],
  ])("%p says what it could not do", (wish, from, note) => {
    expect(plan(rowsUpTo(from), wish).notes).toEqual([note]);
  });

  test("head is the newest of this branch: what is newer is taken back", () => {
    const foreign = rowOf(migration(9, "ud"));
    expect(told(plan([...rowsUpTo(4), foreign], goTo("head")))).toBe("-9 +7");
  });

  test.each([goTo("5"), upTo("nobody"), downTo("08")])("%p names no migration", (wish) => {
    expect(mistake(() => plan(rowsUpTo(4), wish)).exit).toBe(2);
  });
});

describe("an edited file", () => {
  const edited = {
    ...migration(4, "ud"),
    up: script("004_m4.up.sql", "another"),
    down: script("004_m4.down.sql", "other"),
  };
  const files = [...fixtures.slice(0, 2), edited, migration(7, "ud")];

  test.each([head, up(1), goTo("7"), upTo("4")])("is refused by %p", (wish) => {
    const refused = mistake(() => plan(rowsUpTo(4), wish, files));
    expect([refused.code, refused.exit]).toEqual(["edited", 5]);
    expect(refused.message).toContain("004_m4.up.sql");
  });

  test("is taken back by the script that the ledger has kept", () => {
    const planned = plan(rowsUpTo(4), down(1), files);
    expect(planned.steps.map((step) => step.script.sql)).toEqual(["down 4"]);
    expect(planned.notes.join()).toContain("edited");
  });

  test("an edited down script alone is the better one", () => {
    const mended = { ...migration(7, "ud"), down: script("007_m7.down.sql", "mended") };
    const planned = plan(rowsUpTo(7), down(1), [...fixtures.slice(0, 3), mended]);
    expect(planned.steps[0]?.script.sql).toBe("mended");
    expect(planned.notes.join()).toContain("was changed");
  });

  test("what another tool applied is not known to be edited", () => {
    const rows = [
      rowOf(migration(1, "ud"), { upChecksum: null, downChecksum: null, downScript: null, origin: "adopted" }),
    ];
    expect(told(plan(rows, up(1)))).toBe("+3");
    expect(told(plan(rows, down(1)))).toBe("-1");
  });
});

describe("a pending one that is older than an applied one", () => {
  const rows = [migration(1, "ud"), migration(4, "ud")].map((each) => rowOf(each));

  test.each([head, up(1), goTo("7"), goTo("4"), upTo("3")])("is refused by %p", (wish) => {
    const refused = mistake(() => plan(rows, wish));
    expect([refused.code, refused.exit]).toEqual(["out_of_order", 5]);
    expect(refused.message).toContain("003 m3");
  });

  test("is applied where that is allowed", () => {
    expect(told(plan(rows, head, fixtures, true))).toBe("+3 +7");
  });

  test("is no hindrance once the newer one is taken back before", () => {
    expect(told(plan(rows, goTo("3")))).toBe("-4 +3");
    expect(told(plan(rows, down(1)))).toBe("-4");
  });

  test("one of another branch does not make a gap", () => {
    const planned = plan([rowOf(migration(1, "ud")), rowOf(migration(9, "ud"))], head);
    expect(told(planned)).toBe("+3 +4 +7");
    expect(planned.notes).toEqual(["applied, not in this branch: 009 m9"]);
    expect(planned.to).toBe(9n);
  });
});

describe("one of another branch", () => {
  const foreign = migration(9, "ud");

  test("is taken back by the script that the ledger has kept", () => {
    const planned = plan([...rowsUpTo(1), rowOf(foreign)], down(1));
    expect(planned.steps.map(({ script: { sql } }) => sql)).toEqual(["down 9"]);
    expect(planned.notes.join()).toContain("009 m9");
  });

  test("stops everything on the way down when nothing was kept", () => {
    const rows = [...rowsUpTo(4), rowOf(foreign, { downScript: null, downChecksum: null })];
    expect(mistake(() => plan(rows, down(2))).message).toContain("009 m9 has no down script");
  });
});

describe("a file that has got another number", () => {
  const rows = [migration(1, "ud"), migration(4, "ud", "moved")].map((each) => rowOf(each));
  const moved = { ...migration(3, "ud", "moved"), up: script("003_moved.up.sql", "up 4") };

  test("is not applied a second time, unless that is allowed", () => {
    const refused = mistake(() => plan(rows, head, [migration(1, "ud"), moved]));
    expect([refused.code, refused.exit]).toEqual(["renamed", 5]);
    expect(refused.message).toContain("003 moved was applied as 004 moved");
    expect(refused.hint).toContain("pgrove migrate force 003");
    expect(told(plan(rows, head, [migration(1, "ud"), moved], true))).toBe("+3");
  });

  test("force is no way while something newer is applied", () => {
    const files = [migration(1, "ud"), moved, migration(7, "ud")];
    const refused = mistake(() => plan([...rows, rowOf(migration(7, "ud"))], head, files));
    expect(refused.hint).not.toContain("force");
  });

  test.each([
    ["another name", { ...moved, name: "other" }],
    ["another text", { ...moved, up: script("003_moved.up.sql", "up 3") }],
  ])("one with %s is another one", (_, other) => {
    expect(told(plan(rows, head, [migration(1, "ud"), other]))).toBe("+3");
  });
});

describe("one in doubt", () => {
  const failed = { direction: "up" as const, statement: 3, error: "no room" };
  const doubt = rowOf(migration(4, "ud"), { success: false, failed });
  const rows = [...rowsUpTo(3), doubt];

  test.each<[HowFar, string]>([
    [head, "+4 +7"],
    [up(1), "+4"],
    [up(2), "+4 +7"],
    [upTo("4"), "+4"],
    [upTo("7"), "+4 +7"],
  ])("is gone on with by %p", (wish, way) => {
    const planned = plan(rows, wish);
    expect(told(planned)).toBe(way);
    expect(planned.steps.map(({ fromStatement }) => fromStatement)).toEqual(way === "+4" ? [3] : [3, 1]);
  });

  test.each([down(1), nothing, goTo("7"), goTo("1"), upTo("3")])("keeps %p from everything", (wish) => {
    const refused = mistake(() => plan(rows, wish));
    expect([refused.code, refused.exit]).toEqual(["in_doubt", 5]);
    expect(refused.message).toContain("statement 3: no room");
    expect(refused.hint).toContain("pgrove migrate force 004");
  });

  test("on its way down is gone on with by down", () => {
    const downwards = rowOf(migration(4, "ud"), { success: false, failed: { ...failed, direction: "down" } });
    const planned = plan([...rowsUpTo(3), downwards], down(1));
    expect(told(planned)).toBe("-4");
    expect([planned.steps[0]?.fromStatement, planned.to]).toEqual([3, 3n]);
    expect(mistake(() => plan([...rowsUpTo(3), downwards], head)).code).toBe("in_doubt");
  });

  test("of which nothing is known is left to people", () => {
    const unknown = rowOf(migration(4, "ud"), { success: false, failed: null });
    expect(mistake(() => plan([...rowsUpTo(3), unknown], head)).hint).toContain("force 004");
  });

  test("without a file here cannot be gone on with", () => {
    const foreign = rowOf(migration(9, "ud"), { success: false, failed });
    expect(mistake(() => plan([...rowsUpTo(1), foreign], head)).exit).toBe(3);
  });
});

test("no files and no rows: nothing to do, whatever is wished", () => {
  for (const wish of [head, up(3), down(1), nothing]) expect(plan([], wish, []).steps).toEqual([]);
});

test("a long list becomes a count and the last three", () => {
  const all = Array.from({ length: 181 }, (_, place) => migration(place + 1, "u"));
  expect(listMigrations(all)).toBe("181, the last of them 179 m179, 180 m180, 181 m181");
  expect(listMigrations(all.slice(0, 2))).toBe("001 m1, 002 m2");
});
