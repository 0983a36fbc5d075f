import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { describeFailure } from "../../../src/cli/failure.ts";

test("what the machine refuses is no bug of pgrove's; what is not known is one", () => {
  let refused: unknown;
  try {
    writeFileSync("/dev/full", "x");
  } catch (error) {
    refused = error;
  }
  const full = describeFailure(refused, false);
  expect(full).toMatchObject({ code: "machine", exit: 1, hint: expect.stringContaining("make room") });
  expect(full.message).toContain("ENOSPC");
  expect(describeFailure(new TypeError("x is undefined"), false).message).toStartWith("pgrove has a bug");
  expect(describeFailure(Object.assign(new Error("x"), { code: "toString" }), false).code).toBe("bug");
});
