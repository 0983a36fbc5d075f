import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeDump, fixedDump } from "../../../src/cli/dump-to-restore.ts";
import { createPrompt } from "../../../src/cli/prompt.ts";
import type { InitialData, WorktreeRow } from "../../../src/repo/registry.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { sampleManifest } from "../../support/manifest.ts";

let store = "";
beforeAll(async () => {
  store = await mkdtemp(join(tmpdir(), "pgrove-latest-"));
  let day = 1;
  for (const source of ["feature", "main", "staging", "other"]) {
    const path = join(store, `${source}-2026010${day}-000000.dump`);
    await Bun.write(path, source);
    await Bun.write(`${path}.manifest.json`, JSON.stringify(manifestOf(source, day++)));
  }
});
afterAll(() => rm(store, { recursive: true }));

function manifestOf(source: string, day: number) {
  return sampleManifest({ source, created_at: `2026-01-0${day}T00:00:00Z` });
}

const row = (name: string, data: InitialData): WorktreeRow => ({
  ...{ id: "0", name, path: "/w", index: 1, isolation: "database", database: "d", ports: {}, data },
  ...{ state: "ready", setup: "done", createdAt: "2026-01-01T00:00:00Z" },
});

async function latest(words: string | true, name: string, data?: InitialData): Promise<string> {
  const prompt = createPrompt({
    ...{ available: false, before: async () => undefined },
    interrupted: () => AbortSignal.any([]),
  });
  const place = { storeDir: async () => store, cwd: store, home: store, prompt, clock: systemClock };
  const target = { name, ...(data === undefined ? {} : { worktree: row(name, data) }) };
  return (await (await fixedDump(place, { given: undefined, latest: words }, target))()).name.split("-")[0] ?? "";
}

test("--latest in a worktree is its own newest, else the newest of what it was made from, and nobody else's", async () => {
  expect(await latest(true, "feature", { kind: "copy", source: "main" })).toBe("feature");
  expect(await latest(true, "bare", { kind: "copy", source: "main" })).toBe("main");
  expect(await latest(true, "bare", { kind: "copy", source: "@staging" })).toBe("staging");
  expect(await latest(true, "bare", { kind: "dump", dump: "/far/main-20250101-000000-2.dump" })).toBe("main");
  await expect(latest(true, "bare", { kind: "empty" })).rejects.toMatchObject({ code: "dump_missing", exit: 4 });
  await expect(latest(true, "bare", { kind: "copy", source: "gone" })).rejects.toThrow(/bare or gone/);
});

test("in main it is the newest of all, and with a source that one's", async () => {
  expect(await latest(true, "main")).toBe("other");
  expect(await latest("staging", "feature", { kind: "copy", source: "main" })).toBe("staging");
  expect(await latest("@staging", "main")).toBe("staging");
});

test("a dump is described by name, source and age", () => {
  const dump = {
    name: "a-20260101-000000.dump",
    path: "/a",
    sizeBytes: 1,
    modifiedAt: new Date("2026-01-01T00:00:00Z"),
  };
  const described = describeDump(dump, new Date("2026-01-04T00:00:00Z"));
  expect(described).toBe("a-20260101-000000.dump (of a, 3 days ago)");
});
