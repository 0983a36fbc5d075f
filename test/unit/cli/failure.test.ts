import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test.each([unlinkSync, rmSync])("a folder in a file's place is looked at by whoever put it there: %p", (remove) => {
  const folder = mkdtempSync(join(tmpdir(), "pgrove-folder-"));
  try {
    remove(folder);
    throw new Error("removed");
  } catch (error) {
    // EISDIR of Linux, EPERM of others
    expect(describeFailure(error, false)).toMatchObject({ code: "machine", hint: expect.stringContaining("look at") });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
