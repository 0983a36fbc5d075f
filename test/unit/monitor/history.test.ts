import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMoment } from "../../../src/cli/time-words.ts";
import { readHistory } from "../../../src/monitor/history.ts";
import { appendJournal, type JournalEntry } from "../../../src/sys/journal.ts";
import { newRunId } from "../../../src/sys/run-id.ts";

let folder = "";
afterAll(() => rm(folder, { recursive: true }));

const RUNS = [
  { operation: "dump", target: "main", day: 1, result: "done" },
  { operation: "restore", target: "production (.env.production)", day: 2, result: "failed" },
  { operation: "sql", target: "main", day: 3, result: "interrupted" },
  { operation: "dump", target: "main", day: 4, result: undefined },
  { operation: "remove-plan", target: "main", day: 5, result: "done" },
  { operation: "copy", target: "feature", day: 6, result: "done" },
] as const;
const at = (day: number) => `2026-01-0${day}T12:00:00.000Z`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-history-"));
  for (const { operation, target, day, result } of RUNS) {
    const begin: JournalEntry = {
      ...{ version: 1, at: at(day), run: newRunId(new Date()), event: "begin", operation, target },
      // A file is full with each of them: a begin and its end stand in two.
      ...{ database: `${target}_db`, by: "me", host: "h", pid: 1, details: { filling: "x".repeat(1 << 20) } },
    };
    await appendJournal(folder, begin);
    if (result !== undefined) await appendJournal(folder, { ...begin, event: "end", result });
  }
});

const ALL = ["copy", "dump", "sql", "restore", "dump"];

test.each([
  [{}, ALL],
  [{ limit: 2 }, ALL.slice(0, 2)],
  [{ target: "main" }, ["dump", "sql", "dump"]],
  [{ target: "@production" }, ["restore"]], // as it is typed, however it is written down
  [{ target: "@prod" }, []],
  [{ target: "feature_db" }, ["copy"]],
  [{ since: Date.parse(at(3)) }, ["copy", "dump", "sql"]],
  [{ failed: true }, ["sql", "restore"]],
  [{ failed: true, target: "main", since: Date.parse(at(2)) }, ["sql"]],
])("with %p", async (request, operations) => {
  const episodes = await readHistory(folder, { limit: 20, failed: false, ...request });
  expect(episodes.map(({ begin }) => begin.operation)).toEqual(operations);
  for (const { begin, end } of episodes) expect(end?.run ?? begin.run).toBe(begin.run);
});

const NOW = new Date("2026-01-15T14:30:00.000Z");

test.each([
  ["2h", NOW.getTime() - 2 * 3_600_000],
  ["7d", NOW.getTime() - 7 * 86_400_000],
  ["2026-01-15", new Date(2026, 0, 15).getTime()],
  ["2026-01-15 14:30", new Date(2026, 0, 15, 14, 30).getTime()],
  ["2026-01-15T14:30:05+02:00", Date.UTC(2026, 0, 15, 12, 30, 5)],
])("since %s", (text, moment) => {
  expect(readMoment("since", text, NOW)).toBe(moment);
});

test.each(["yesterday", "2026", "2026-13-01", "2026-1-5", "-2h", ""])("no time: %p", (text) => {
  expect(() => readMoment("since", text, NOW)).toThrow("--since takes a time");
});
