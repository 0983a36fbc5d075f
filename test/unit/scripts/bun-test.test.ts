import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const { argumentsOfBunTest } = await import(join(root, "scripts/test/bun-test.mjs"));
const { describeCauses, excerptEnd, excerptFailures, readReport } = await import(join(root, "scripts/test/report.mjs"));

/** 1.1 × 180,000 is no whole number. */
const UNEVEN = 1.1;

test("bun takes the arguments on a machine of any speed", () => {
  for (let tenths = 10; tenths <= 100; tenths++) {
    const args = argumentsOfBunTest({ patience: tenths / 10, long: false, reportPath: "r.xml", files: [] });
    expect(args[1]).toMatch(/^--timeout=\d+$/);
  }
});

test("a part runs with them; of one that does not start, the end of what it said is kept", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pgrove-bun-test-"));
  try {
    await writeFile(join(folder, "it.test.ts"), `import { test } from "bun:test"; test("runs", () => {});`);
    const reportPath = join(folder, "report.xml");
    const args: string[] = argumentsOfBunTest({ patience: UNEVEN, long: false, reportPath, files: ["it.test.ts"] });
    const options = { cwd: folder, stderr: "pipe", stdout: "ignore" } as const;
    expect(Bun.spawnSync([process.execPath, ...args], options).exitCode).toBe(0);
    expect(readReport(reportPath)).toMatchObject({ whole: true, tests: [{ name: "runs", outcome: "passed" }] });
    const refused = Bun.spawnSync([process.execPath, ...args.with(1, `--timeout=${UNEVEN * 180_000}`)], options);
    expect(refused.exitCode).not.toBe(0);
    expect(excerptEnd("a part", refused.stderr.toString()).join("\n")).toContain("Invalid timeout");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("many failures of one cause are one line, the most frequent first", () => {
  const refused = (port: number) =>
    `1 | connect();\nerror: connect ECONNREFUSED 127.0.0.1:${port}\n(fail) at ${port} [1 ms]`;
  const output = [refused(1), "TypeError: no such thing\n(fail) other [1 ms]", refused(2)].join("\n");
  const lines: string[] = describeCauses(excerptFailures(output));
  expect(lines.map((line) => line.trim())).toEqual([
    "2 times: connect ECONNREFUSED N.N.N.N:N",
    "1 times: no such thing",
  ]);
});
