import { describe, expect, test } from "bun:test";
import {
  BEFORE_REWIND,
  chooseSnapshotName,
  nextMark,
  requireNewest,
  requireSnapshot,
  requireSnapshotName,
  type Snapshot,
  snapshotDatabase,
} from "../../../src/copy/snapshot-list.ts";
import type { LiveTarget } from "../../../src/resolve/target.ts";
import { unitOf } from "../../../src/unit/unit-of.ts";

function snapshot(name: string, number: number): Snapshot {
  const standing = { oid: number, owner: "app", mark: null };
  return { name, number, of: "shop", database: `shop_snapshot_${name}`, takenAt: new Date(0), sizeBytes: 1, standing };
}

describe("a snapshot's name", () => {
  test.each(["before-import", "20261121-143022", "v1.2", "_", "x".repeat(63), "UPPER"])("%j serves", (name) => {
    expect(requireSnapshotName(name)).toBe(name);
  });

  test.each(["", "a b", "a/b", "ä", "-x", "x".repeat(64), 'a"b', "a\nb", "a;b", BEFORE_REWIND])(
    "%j does not",
    (name) => {
      expect(() => requireSnapshotName(name)).toThrow(expect.objectContaining({ exit: 2 }));
    },
  );

  test("left out, is the time, and never one that is taken", () => {
    const at = new Date(2026, 10, 21, 14, 30, 22);
    expect(chooseSnapshotName(at, [])).toBe("20261121-143022");
    const taken = [snapshot("20261121-143022", 1), snapshot("20261121-143022-2", 2)];
    expect(chooseSnapshotName(at, taken)).toBe("20261121-143022-3");
  });
});

describe("the database that it is kept as", () => {
  test("says what was saved, and its name", () => {
    expect(snapshotDatabase({ of: "shop", name: "before-import" })).toBe("shop_snapshot_before-import");
    expect(snapshotDatabase({ of: "shop/auth", name: "x" })).toBe("shop.auth_snapshot_x");
  });

  test("is never longer than PostgreSQL keeps, and another one for every other state", () => {
    const bases = ["d".repeat(63), `${"d".repeat(62)}e`, "ü".repeat(31), `${"ü".repeat(30)}o`, "shop"];
    const names = ["n".repeat(63), `${"n".repeat(62)}m`, "n".repeat(32), "n".repeat(33), "short"];
    const all = bases.flatMap((of) => names.map((name) => snapshotDatabase({ of, name })));
    expect(new Set(all).size).toBe(bases.length * names.length);
    for (const database of all) expect(Buffer.byteLength(database)).toBeLessThanOrEqual(63);
  });
});

test("what is saved is the database, or one schema of it", () => {
  const target = { server: { kind: "container" as const, container: "c" }, login: {}, label: "main", name: "main" };
  const live = (schema?: string): LiveTarget =>
    Object.assign(Object.create(null), { database: "shop", target: { ...target, protected: false, schema } });
  expect(unitOf(live()).label).toBe("shop");
  expect(unitOf(live("auth")).label).toBe("shop/auth");
});

test("snapshots are numbered on, whatever the clock says", () => {
  const earlier = new Date("2001-01-01T00:00:00Z");
  const mark = nextMark({ of: "shop", name: "c" }, earlier, [snapshot("b", 7), snapshot("a", 3)], undefined);
  expect(mark).toEqual({ kind: "snapshot", of: "shop", name: "c", at: "2001-01-01T00:00:00.000Z", number: "8" });
  expect(nextMark({ of: "shop", name: "c" }, earlier, [], "id")).toMatchObject({ number: "1", worktree: "id" });
});

describe("finding one", () => {
  const all = [snapshot(BEFORE_REWIND, 3), snapshot("second", 2), snapshot("first", 1)];

  test("by its name, with the nearest one when there is none", () => {
    expect(requireSnapshot(all, { of: "shop", name: "first" }).number).toBe(1);
    const missing = expect.objectContaining({ code: "snapshot_missing", exit: 4, hint: "did you mean second?" });
    expect(() => requireSnapshot(all, { of: "shop", name: "secnd" })).toThrow(missing);
  });

  test("the newest is one that somebody took", () => {
    expect(requireNewest(all, "shop").name).toBe("second");
    expect(() => requireNewest(all.slice(0, 1), "shop")).toThrow(expect.objectContaining({ exit: 4 }));
  });
});
