import { expect, test } from "bun:test";
import { applicationName, controlName, newRunId, parseRunId } from "../../../src/sys/run-id.ts";

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

test("PostgreSQL has room for the application names of a run", () => {
  const id = newRunId(at);
  for (const name of [applicationName(id), controlName(id)]) expect(Buffer.byteLength(name)).toBeLessThan(64);
});
