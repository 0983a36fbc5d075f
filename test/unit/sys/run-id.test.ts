import { expect, test } from "bun:test";
import { applicationName, controlName, newRunId, parseRunId, runOfApplication } from "../../../src/sys/run-id.ts";

const at = new Date("2026-01-15T14:30:22.987Z");

test("a run id tells its time in UTC, and two of one moment differ", () => {
  const ids = Array.from({ length: 200 }, () => newRunId(at));
  expect(new Set(ids).size).toBe(200);
  for (const id of ids) expect(id).toMatch(/^20260115143022[0-9a-f]{8}$/);
});

test("only run ids are read as such", () => {
  const id = newRunId(at);
  expect(parseRunId(id)).toBe(id);
  for (const text of ["", `${id}0`, id.slice(1), id.toUpperCase().replace(/\d{14}/, "x"), `${id}\n`, `../${id}`]) {
    expect(parseRunId(text)).toBeUndefined();
  }
});

test("an application name leads back to its run, and others to none", () => {
  const id = newRunId(at);
  expect(runOfApplication(applicationName(id))).toBe(id);
  expect(runOfApplication(controlName(id))).toBe(id);
  expect(Buffer.byteLength(applicationName(id))).toBeLessThan(64);
  for (const name of ["psql", "pgrove-", `pgrove-${id}x`, `x${applicationName(id)}`]) {
    expect(runOfApplication(name)).toBeUndefined();
  }
});
