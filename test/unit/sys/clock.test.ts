import { expect, test } from "bun:test";
import { fileStamp, systemClock } from "../../../src/sys/clock.ts";

test("a file's stamp is local time, with two digits for each part, in the order of time", () => {
  expect(fileStamp(new Date(2026, 0, 5, 4, 3, 2))).toBe("20260105-040302");
  expect(fileStamp(new Date(2026, 11, 31, 23, 59, 59, 999))).toBe("20261231-235959");
  expect(fileStamp(new Date(2026, 0, 5)) < fileStamp(new Date(2026, 0, 5, 0, 0, 1))).toBe(true);
});

test("the system's clock goes", () => {
  const before = Date.now();
  const now = systemClock.now().getTime();
  expect(now).toBeWithin(before, Date.now() + 1);
});
