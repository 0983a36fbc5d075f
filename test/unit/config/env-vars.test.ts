import { expect, test } from "bun:test";
import { mistakenLog, wantsDebug, wantsJsonLog } from "../../../src/config/env-vars.ts";

test("DB_DEBUG stands for --verbose", () => {
  for (const value of ["1", "true", "YES", " on "]) expect(wantsDebug({ DB_DEBUG: value })).toBe(true);
  for (const value of ["", "0", "false", "no", "off", "maybe"]) expect(wantsDebug({ DB_DEBUG: value })).toBe(false);
  expect(wantsDebug({})).toBe(false);
});

test("PGROVE_LOG is json or text; another word is told, and changes nothing", () => {
  for (const value of [undefined, "", " ", "json", "JSON ", "text"]) {
    expect(mistakenLog({ PGROVE_LOG: value })).toBeUndefined();
  }
  for (const value of ["xml", "1", "jsonl"]) {
    expect(mistakenLog({ PGROVE_LOG: value })).toContain(`"${value}"`);
    expect(wantsJsonLog({ PGROVE_LOG: value })).toBe(false);
  }
});
