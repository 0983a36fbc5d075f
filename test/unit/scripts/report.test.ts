import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const { excerptFailures } = await import(join(root, "scripts/test/report.mjs"));

test("what bun says of a failed test is found in its output, once, and nothing of the tests beside it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pgrove-report-"));
  try {
    const file = join(folder, "it.test.ts");
    const failing = `throw new Error("the reason of it")`;
    await writeFile(
      file,
      `import { test } from "bun:test";
       test("before", () => console.error("said", "before"));
       test("broken", () => { console.error("said meanwhile"); ${failing}; });
       test("after", () => console.error("said", "after"));`,
    );
    const run = Bun.spawnSync([process.execPath, "test", file], { stderr: "pipe", stdout: "ignore" });
    const said: string[] = excerptFailures(run.stderr.toString());
    expect(said.filter((line) => line.startsWith("(fail) broken"))).toHaveLength(1);
    expect(said.join("\n")).toContain("the reason of it");
    expect(said.join("\n")).toContain("said meanwhile");
    expect(said.join("\n")).not.toMatch(/said (before|after)/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
