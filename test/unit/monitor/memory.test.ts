import { expect, test } from "bun:test";
import { type CheckMemory, forgetOtherRules, memoryKey } from "../../../src/monitor/rules/memory.ts";

test("a rule that pgrove.yaml has no more is forgotten, one whose name begins like it is not", () => {
  const [kept, alike, gone] = [
    memoryKey("dump_age", "main"),
    memoryKey("dump_age_of_staging", "@staging"),
    memoryKey("dump", "a worktree"),
  ];
  const at = "2026-01-15T14:30:22.000Z";
  const memory: CheckMemory = {
    version: 1,
    since: { [kept]: at, [alike]: at, [gone]: at },
    told: { somebody: [alike, gone, kept], another: [gone] },
  };
  forgetOtherRules(memory, new Set(["dump_age", "dump_age_of_staging"]));
  expect(memory).toEqual({
    version: 1,
    since: { [kept]: at, [alike]: at },
    told: { somebody: [alike, kept], another: [] },
  });
});
