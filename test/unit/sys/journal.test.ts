import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFile, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendJournal, type JournalEntry, readJournal } from "../../../src/sys/journal.ts";
import { newRunId } from "../../../src/sys/run-id.ts";

let folder = "";
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "pgrove-journal-")), "state");
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

const entry = (target: string): JournalEntry => ({
  ...{ version: 1, at: "2026-01-15T14:30:22.000Z", run: newRunId(new Date()), event: "begin", operation: "dump" },
  ...{ target, database: "d", by: "me", host: "h", pid: 1 },
});
const file = () => join(folder, "journal.jsonl");

test("what is appended is read, oldest first, and is its owner's alone", async () => {
  expect(await readJournal(folder)).toEqual([]);
  const entries = [
    entry("a"),
    { ...entry('b\n"ü'), event: "end", result: "failed", error: "x\ny" } as const,
    entry("c"),
  ];
  for (const one of entries) await appendJournal(folder, one);
  expect(await readJournal(folder)).toEqual(entries);
  expect((await Bun.file(file()).text()).split("\n")).toHaveLength(4);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
});

test("through a link that came with a stranger's .git nothing is written, and a pipe is not waited for", async () => {
  const [victim, pipe] = [join(folder, "victim"), join(folder, "pipe")];
  await mkdir(folder);
  await writeFile(victim, "mine");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  for (const planted of [victim, pipe]) {
    await symlink(planted, file());
    await expect(appendJournal(folder, entry("a"))).rejects.toThrow("is not a regular file");
    await rm(file());
  }
  expect(await Bun.file(victim).text()).toBe("mine");
});

test("entries that are appended at once do not mix", async () => {
  const entries = Array.from({ length: 60 }, (_, index) => entry(`${index} ${"x".repeat(index * 50)}`));
  await Promise.all(entries.map((one) => appendJournal(folder, one)));
  const read = await readJournal(folder);
  expect(read.map(({ target }) => target).sort()).toEqual(entries.map(({ target }) => target).sort());
});

test("a line that was cut off, or is none, is passed over, and takes no other with it", async () => {
  const [first, second, third] = [entry("a"), entry("b"), entry("c")];
  await appendJournal(folder, first);
  await appendFile(file(), '{"version":1,"run":"cut of');
  await appendJournal(folder, second);
  await appendFile(file(), "\n[1]\nnull\n{}\nnoise\n");
  await appendJournal(folder, third);
  expect((await readJournal(folder)).map(({ target }) => target)).toEqual(["a", "b", "c"]);
});
