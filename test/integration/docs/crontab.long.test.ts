/** The crontab of docs/scheduling.md, read by Debian's cron, which has to be fetched first where it is not installed. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPage } from "../../support/docs-page.ts";
import { unpackPackage } from "../../support/engine/apt.ts";
import { run } from "../../support/engine/run.ts";

test("the table is understood, and one with a mistake would not be", async () => {
  const program = Bun.which("crontab") ?? join(await unpackPackage("cron"), "usr/bin/crontab");
  const made = mkdirSync("/var/spool/cron/crontabs", { recursive: true }); // crontab -n wants it, and fails where it has to make it
  const folder = mkdtempSync(join(tmpdir(), "pgrove-crontab-"));
  const check = async (text: string) => {
    const file = join(folder, "table");
    writeFileSync(file, text);
    return (await run(program, ["-n", file])).code;
  };
  try {
    const table = readPage("scheduling.md").block("crontab");
    expect(await check(table)).toBe(0);
    expect(await check(table.replace("17 3", "77 3"))).not.toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
    if (made !== undefined) rmSync(made, { recursive: true });
  }
});
