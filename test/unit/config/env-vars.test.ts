import { expect, test } from "bun:test";
import { wantsDebug } from "../../../src/config/env-vars.ts";

test("DB_DEBUG stands for --verbose", () => {
  for (const value of ["1", "true", "YES", " on "]) expect(wantsDebug({ DB_DEBUG: value })).toBe(true);
  for (const value of ["", "0", "false", "no", "off", "maybe"]) expect(wantsDebug({ DB_DEBUG: value })).toBe(false);
  expect(wantsDebug({})).toBe(false);
});
