/** A journal whose lines are damaged or a stranger's: what is read of it can be shown. */
import { afterAll, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readJournal } from "../../../src/sys/journal.ts";
import { mutatedJsonText } from "../../support/mutated.ts";
import { trials } from "../../support/property.ts";

const folder = mkdtempSync(join(tmpdir(), "pgrove-journal-"));
afterAll(() => rmSync(folder, { recursive: true }));

const begin = {
  ...{ version: 1, at: "2026-01-15T13:30:22.000Z", run: "2026011513302200000000", event: "begin", operation: "dump" },
  ...{ target: "main", database: "onyx", by: "ann", host: "laptop", pid: 4711 },
};
const end = { ...begin, event: "end", result: "failed", error: "dump_failed", duration_ms: 17, details: { bytes: 1 } };

/** What history does with an entry: text is cut and shown, times and numbers are reckoned with. */
function show(entry: Awaited<ReturnType<typeof readJournal>>[number]): void {
  new Date(entry.at).toISOString();
  for (const text of [entry.run, entry.operation, entry.target, entry.database, entry.by, entry.host])
    text.slice(0, 60);
  entry.error?.split("\n");
  entry.duration_ms?.toFixed(1);
  if (entry.details !== undefined) Object.keys(entry.details);
}

test("every entry that is read has what an entry has; the whole lines beside are read", async () => {
  const lines = fc.array(fc.oneof(mutatedJsonText(begin), mutatedJsonText(end)), { maxLength: 4 });
  const property = fc.asyncProperty(lines, async (damaged) => {
    writeFileSync(
      join(folder, "journal.jsonl"),
      [JSON.stringify(begin), ...damaged, JSON.stringify(end), ""].join("\n"),
    );
    const entries = await readJournal(folder);
    for (const entry of entries) show(entry);
    return Bun.deepEquals(entries[0], begin as never) && Bun.deepEquals(entries.at(-1), end as never);
  });
  await fc.assert(property, trials(200, 20_000));
});
