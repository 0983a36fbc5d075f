/** The journal's chain: whatever is done to its files by hand is found at its first line, and what a crash does is told apart. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendJournal, type JournalEntry, readJournal, verifyJournal } from "../../../src/sys/journal.ts";
import type { ChainFault } from "../../../src/sys/journal-chain.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import { waitFor } from "../../support/engine/run.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-chain-"));
});
afterEach(() => rm(folder, { recursive: true }));

const entry = (target: string, details: Record<string, unknown> = {}): JournalEntry => ({
  ...{ version: 1, at: "2026-01-15T14:30:22.000Z", run: newRunId(new Date()), event: "begin", operation: "dump" },
  ...{ target, database: "d", by: "me", host: "h", pid: 1, details },
});
const journal = () => join(folder, "journal.jsonl");
const readLines = async () => (await readFile(journal(), "utf8")).trimEnd().split("\n");
const append = async (...targets: string[]) => {
  for (const target of targets) await appendJournal(folder, entry(target));
};
const faultAt = (kind: ChainFault, line: number, file = "journal.jsonl") => ({ kind, file, line });

const EDITS: [string, (lines: string[]) => string[], ChainFault, number][] = [
  ["a changed word", (lines) => lines.with(2, lines[2]?.replace('"me"', '"he"') ?? ""), "changed", 3],
  ["a line taken out", (lines) => lines.toSpliced(2, 1), "gap", 3],
  ["the first line taken out", (lines) => lines.slice(1), "gap", 1],
  ["a line put in twice", (lines) => lines.toSpliced(2, 0, lines[1] ?? ""), "gap", 3],
  ["two lines exchanged", ([a = "", b = "", c = "", ...more]) => [a, c, b, ...more], "gap", 2],
  ["a line without hashes", (lines) => lines.toSpliced(3, 0, JSON.stringify(entry("x"))), "unchained", 4],
  ["a line that is noise by now", (lines) => lines.with(2, "noise"), "gap", 4],
  ["the last line changed", (lines) => lines.with(4, lines[4]?.replace('"e"', '"f"') ?? ""), "changed", 5],
  ["the end cut off", (lines) => lines.slice(0, 3), "end_missing", 3],
  ["all of it gone", () => [], "end_missing", 0],
];

test.each(EDITS)("%s is found, and stays found when lines follow", async (_, edit, kind, line) => {
  await append("a", "b", "c", "d", "e");
  expect(await verifyJournal(folder)).toEqual({ lines: 5, fault: undefined, halfLines: 0 });
  const lines = edit(await readLines());
  await writeFile(journal(), lines.map((each) => `${each}\n`).join(""));
  expect((await verifyJournal(folder)).fault).toEqual(faultAt(kind, line));
  await append("later");
  const { fault } = await verifyJournal(folder);
  expect(fault).toEqual(kind === "end_missing" ? faultAt("gap", line + 1) : faultAt(kind, line));
});

test("an end that is cut off within a line is missing; half a line that a crash has left behind the last one is not", async () => {
  await append("a", "b");
  await truncate(journal(), (await stat(journal())).size - 10);
  expect((await verifyJournal(folder)).fault).toEqual(faultAt("end_missing", 1));
  await rm(folder, { recursive: true });
  await append("a", "b");
  await appendFile(journal(), '{"version":1,"at":"20');
  expect(await verifyJournal(folder)).toEqual({ lines: 2, fault: undefined, halfLines: 1 });
  await append("c");
  expect(await verifyJournal(folder)).toEqual({ lines: 3, fault: undefined, halfLines: 1 });
});

test("without the file that knows the last line, nobody can tell whether the end was cut off", async () => {
  await append("a", "b");
  await rm(join(folder, "journal.head"));
  expect((await verifyJournal(folder)).fault).toEqual(faultAt("head_missing", 2));
  const [first] = await readLines();
  await writeFile(journal(), `${first}\n`);
  expect((await verifyJournal(folder)).fault).toBeUndefined(); // a kill may have come before it was first written
});

test("a line that was written, and its hash not yet remembered, is the last one", async () => {
  await append("a");
  const head = await readFile(join(folder, "journal.head"));
  await append("b");
  await writeFile(join(folder, "journal.head"), head);
  expect((await verifyJournal(folder)).fault).toBeUndefined();
  await append("c");
  expect(await verifyJournal(folder)).toEqual({ lines: 3, fault: undefined, halfLines: 0 });
});

test("lines of before the chain are sealed by its first one", async () => {
  const old = ["a", "b"].map((target) => JSON.stringify(entry(target)));
  await writeFile(journal(), old.join("\n"));
  await append("c", "d");
  expect((await verifyJournal(folder)).fault).toBeUndefined();
  expect((await readJournal(folder)).map(({ target }) => target)).toEqual(["a", "b", "c", "d"]);
  await writeFile(journal(), (await readFile(journal(), "utf8")).replace('"me"', '"he"'));
  expect((await verifyJournal(folder)).fault).toEqual(faultAt("gap", 3));
});

const FULL = { filling: "x".repeat(1 << 20) };

test("full files are put aside and chained on; old ones go, and none else may be missing", async () => {
  const targets = Array.from({ length: 36 }, (_, at) => String(at));
  for (const target of targets) await appendJournal(folder, entry(target, FULL));
  const files = (await readdir(folder)).filter((name) => /^journal\.\d+\.jsonl$/.test(name)).sort();
  expect([files.at(0), files.at(-1)]).toEqual(["journal.000004.jsonl", "journal.000035.jsonl"]);
  expect((await readJournal(folder)).map(({ target }) => target)).toEqual(targets.slice(3));
  expect(await verifyJournal(folder)).toEqual({ lines: 33, fault: undefined, halfLines: 0 });
  await rm(join(folder, "journal.000020.jsonl"));
  expect((await verifyJournal(folder)).fault).toEqual(faultAt("file_missing", 1, "journal.000021.jsonl"));
  await rm(join(folder, "journal.000004.jsonl"));
  expect((await verifyJournal(folder)).fault).toEqual(faultAt("file_missing", 1, "journal.000005.jsonl"));
});

test("runs that append at once, and are killed at any moment, leave a chain that is whole", async () => {
  const code = `import { appendJournal } from "${join(import.meta.dir, "../../../src/sys/journal.ts")}";
    for (let at = 0; ; at++) await appendJournal(process.argv[1], { ...${JSON.stringify(entry("t", { long: "x".repeat(5000) }))}, pid: at });`;
  const begin = () => Bun.spawn([process.execPath, "-e", code, folder], { stdout: "ignore", stderr: "inherit" });
  // Of all files: whoever is slow to look may find the first one full and put aside.
  const size = async () => {
    const files = (await readdir(folder)).filter((name) => name.endsWith(".jsonl"));
    return files.reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  };
  for (let round = 0; round < 3; round++) {
    const before = await size();
    const children = [begin(), begin()];
    await waitFor("100 kB of lines", 30_000, async () => (await size()) >= before + 100_000, 3);
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map(({ exited }) => exited));
  }
  await append("last");
  const { lines, fault } = await verifyJournal(folder);
  expect(fault).toBeUndefined();
  const entries = await readJournal(folder);
  expect(entries).toHaveLength(lines);
  expect(entries.at(-1)?.target).toBe("last");
});
