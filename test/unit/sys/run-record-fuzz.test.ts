/** The record of a dead run, changed: it is no longer this user's, and nothing is done for its sake. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { findEndedRuns } from "../../../src/sys/run-record.ts";
import { mutatedJsonText } from "../../support/mutated.ts";
import { trials } from "../../support/property.ts";

const stateDir = mkdtempSync(join(tmpdir(), "pgrove-record-"));
const place = { stateDir, userKey: join(stateDir, "user.key") };
afterAll(() => rmSync(stateDir, { recursive: true }));

/** The record that a process has left which is gone. */
function writeRecord(): { file: string; text: string } {
  const program = `
    import { newRunId } from "${import.meta.dir}/../../../src/sys/run-id.ts";
    import { openRecord } from "${import.meta.dir}/../../../src/sys/run-record.ts";
    const subject = { run: newRunId(new Date()), operation: "dump", target: "main", server: "s" };
    const record = await openRecord(${JSON.stringify(place)}, subject, () => undefined);
    await record.remember({ kind: "path", path: ${JSON.stringify(join(stateDir, ".x.tmp"))} });
    process.exit(0);`;
  const ended = Bun.spawnSync([process.execPath, "-e", program], { stdio: ["ignore", "ignore", "inherit"] });
  expect(ended.exitCode).toBe(0);
  const [name = ""] = readdirSync(join(stateDir, "runs"));
  const file = join(stateDir, "runs", name);
  return { file, text: readFileSync(file, "utf8") };
}

test("a record that is a pipe, or never ends, is none", async () => {
  const planted = mkdtempSync(join(tmpdir(), "pgrove-record-"));
  mkdirSync(join(planted, "runs"));
  symlinkSync("/dev/zero", join(planted, "runs", "20260101000000deadbeef.json"));
  expect(Bun.spawnSync(["mkfifo", join(planted, "runs", "20260101000001deadbeef.json")]).exitCode).toBe(0);
  expect(await findEndedRuns({ ...place, stateDir: planted })).toEqual({ dead: [], elsewhere: [], foreign: [] });
  rmSync(planted, { recursive: true });
});

test("only what was signed as it stands is believed", async () => {
  const { file, text } = writeRecord();
  const signed: object = JSON.parse(text);
  const { signature: _, ...content } = signed as Record<string, unknown>;
  expect((await findEndedRuns(place)).dead as unknown[]).toEqual([content]);
  const property = fc.asyncProperty(mutatedJsonText(signed), async (changed) => {
    writeFileSync(file, changed);
    const { dead, elsewhere } = await findEndedRuns(place);
    const believed = [...dead, ...elsewhere];
    for (const record of believed) expect(record as unknown).toEqual(content);
  });
  await fc.assert(property, trials(200, 20_000));
});
