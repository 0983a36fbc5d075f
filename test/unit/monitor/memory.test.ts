import { describe, expect, test } from "bun:test";
import {
  adoptOldKey,
  type CheckMemory,
  keepOnly,
  listRemembered,
  memoryKey,
  readMemoryKey,
} from "../../../src/monitor/rules/memory.ts";

const at = "2026-01-15T14:30:22.000Z";

test("a rule that pgrove.yaml has no more is forgotten, one whose name begins like it is not; of older versions, too", () => {
  const [kept, alike, gone, old] = [
    memoryKey("dump_age", "main"),
    memoryKey("dump_age_of_staging", "environment staging"),
    memoryKey("dump", "worktree 1 a name"),
    "dump_age a worktree",
  ];
  const memory: CheckMemory = {
    version: 1,
    since: { [kept]: at, [alike]: at, [gone]: at, "dump main": at },
    told: { somebody: [alike, gone, kept, old], another: [gone, "dump main"] },
  };
  keepOnly(memory, ({ rule }) => ["dump_age", "dump_age_of_staging"].includes(rule));
  expect(memory).toEqual({
    version: 1,
    since: { [kept]: at, [alike]: at },
    told: { somebody: [alike, kept, old], another: [] },
  });
  expect(listRemembered(memory).sort()).toEqual([alike, kept, old].sort());
});

describe("what an older version remembers by a target's name", () => {
  test("is the first such target's, and nobody's twice", () => {
    const [first, second] = [memoryKey("size", "database 01"), memoryKey("size", "database 02")];
    const memory: CheckMemory = { version: 1, since: { "size shop": at }, told: { somebody: ["size shop", "x main"] } };
    adoptOldKey(memory, "size", "shop", first);
    adoptOldKey(memory, "size", "shop", second);
    expect(memory).toEqual({ version: 1, since: { [first]: at }, told: { somebody: [first, "x main"] } });
  });

  test("is read by its rule, whatever the target is called", () => {
    expect(readMemoryKey('size ["a","b"]')).toEqual({ rule: "size", identity: undefined });
    expect(readMemoryKey(memoryKey("size", 'environment "x" y'))).toEqual({
      rule: "size",
      identity: 'environment "x" y',
    });
  });
});
