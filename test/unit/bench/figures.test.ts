import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram } from "../../../bench/programs.ts";
import { memoryBelow, renderMarkdown, renderRows, timesAsFast, timesAsLong } from "../../../bench/report.ts";
import { findDbmate } from "../../support/migrate/dbmate-program.ts";

const folder = mkdtempSync(join(tmpdir(), "pgrove-figures-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("what the benchmark measures", () => {
  test("a script that starts a program is refused", () => {
    const script = join(folder, "wrapper");
    writeFileSync(script, "#!/bin/sh\nexec true\n");
    chmodSync(script, 0o755);
    expect(() => requireProgram(script)).toThrow(`${script} is a script`);
    expect(() => requireProgram(join(folder, "missing"))).toThrow("is not on this machine");
    expect(() => requireProgram(process.execPath)).not.toThrow();
  });

  test("dbmate is its own program", () => {
    expect(() => requireProgram(findDbmate())).not.toThrow();
  });
});

describe("a row", () => {
  test("is the median of the rounds' ratios, not the ratio of the medians", () => {
    // The machine was ten times as slow in the second round, for both.
    const [own, other] = [
      [10, 200, 30],
      [10, 100, 10],
    ];
    expect(timesAsLong("x", own, other).value).toBe(2);
    expect(timesAsFast("x", own, other).value).toBe(0.5);
    expect(() => timesAsLong("x", own, other.slice(1))).toThrow("took turns");
  });

  test("says whether its bound is met, and nothing where it has none", () => {
    const verdicts = (atMost?: number) =>
      renderRows([timesAsLong("x", [3], [2], atMost)])
        .split("\n")
        .at(-1);
    expect(verdicts(1.5)).toEndWith("≤ 1.5×  met");
    expect(verdicts(1.4)).toEndWith("≤ 1.4×  not met");
    expect(verdicts()).toEndWith("1.50× the time");
    expect(renderMarkdown([timesAsLong("a | b", [3], [2], 1.4)])).toContain("| a \\| b |");
    expect(renderMarkdown([timesAsLong("x", [3], [2], 1.4)])).toEndWith("| **not met** |");
  });

  test("of memory is the largest of all rounds; a peak that was not seen meets nothing", () => {
    expect(memoryBelow("x", [90e6, 160e6, 80e6], 150e6).bound?.met).toBe(false);
    expect(memoryBelow("x", [90e6, 140e6, 80e6], 150e6).bound?.met).toBe(true);
    expect(memoryBelow("x", [0], 150e6).bound?.met).toBe(false);
  });
});
