import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PgroveError } from "../../../src/errors.ts";
import {
  readRegistry,
  removeRow,
  updateRegistry,
  updateRow,
  type WorktreeRow,
  worktreeStateDir,
} from "../../../src/repo/registry.ts";
import { lastingAt } from "../../../src/sys/lasting.ts";
import { momentOf } from "../../../src/sys/machine.ts";

const base = mkdtempSync(join(tmpdir(), "pgrove-registry-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
let stateDir = "";
let file = "";
beforeEach(() => {
  stateDir = join(base, `state${count++}`, "pgrove");
  file = join(stateDir, "registry.json");
});

function row(id: string, fields: Partial<WorktreeRow> = {}): WorktreeRow {
  return {
    ...{ id, name: `n-${id}`, path: `/w/${id}`, index: 1, isolation: "database", database: `db_${id}` },
    ...{ ports: { web: 3001 }, data: { kind: "empty" }, state: "ready", setup: "done", createdAt: "2026-01-01" },
    ...fields,
  };
}

const add = (...rows: WorktreeRow[]) =>
  updateRegistry(stateDir, (known) => {
    known.push(...rows);
  });

test("no identity leads out of the folder for what belongs to worktrees", () => {
  expect(worktreeStateDir("/s", "1a2b-3c")).toBe("/s/worktrees/1a2b-3c");
  for (const id of ["../../home", "..", ".", "", "a/b", "/etc", "a\0b"]) {
    expect(() => worktreeStateDir("/s", id)).toThrow(expect.objectContaining({ exit: 5 }));
  }
});

describe("reading", () => {
  test("there is none: no rows, and nothing is made", async () => {
    expect(await readRegistry(stateDir)).toEqual({ state: "absent", rows: [], parked: [] });
    expect(existsSync(stateDir)).toBe(false);
  });

  test.each([
    ["nothing", ""],
    ["half of it", '{"version": 1, "worktrees": [{"id": "a", "na'],
    ["bytes", "\0\x01\x02"],
    ["another form", "[]"],
    ["null", "null"],
    ["no version", '{"worktrees": []}'],
    ["a version that is no number", '{"version": "1", "worktrees": []}'],
    ["rows that are no list", '{"version": 1, "worktrees": {}}'],
    ["a row without its parts", JSON.stringify({ version: 1, worktrees: [{ id: "a" }] })],
    ["a port that is no number", JSON.stringify({ version: 1, worktrees: [{ ...row("a"), ports: { web: "3" } }] })],
    ["ports that have no names", JSON.stringify({ version: 1, worktrees: [{ ...row("a"), ports: [] }] })],
    ["a time that is none", JSON.stringify({ version: 1, worktrees: [{ ...row("a"), gone: { since: "soon" } }] })],
    ["something parked without its parts", JSON.stringify({ version: 1, worktrees: [], parked: [{ row: row("a") }] })],
    ["a state of its own", JSON.stringify({ version: 1, worktrees: [row("a"), { ...row("b"), state: "gone" }] })],
  ])("%s in the file: damaged, and not one row of it is believed", async (_what, text) => {
    await add(row("a"));
    writeFileSync(file, text);
    expect(await readRegistry(stateDir)).toEqual({ state: "damaged", rows: [], parked: [] });
  });

  test("for how long a worktree is gone is read as it was written, and nothing else is", async () => {
    const seen = lastingAt(undefined, momentOf(new Date("2026-01-01T00:00:00Z")));
    const written = (gone: unknown) => JSON.stringify({ version: 1, worktrees: [{ ...row("a"), gone }] });
    await add(row("a"));
    writeFileSync(file, written(seen));
    expect((await readRegistry(stateDir)).rows).toEqual([{ ...row("a"), gone: seen }]);
    for (const wrong of [{ since: "soon" }, { forMs: -1 }, { forMs: "7" }, { boot: 1 }, { seenAt: undefined }]) {
      writeFileSync(file, written({ ...seen, ...wrong }));
      expect((await readRegistry(stateDir)).state).toBe("damaged");
    }
  });

  test("what a newer pgrove wrote is refused, for reading and for writing", async () => {
    await add(row("a"));
    const newer = '{"version": 2, "worktrees": "of another form"}';
    writeFileSync(file, newer);
    for (const attempt of [() => readRegistry(stateDir), () => add(row("b"))]) {
      const error = await attempt().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PgroveError);
      expect(error).toMatchObject({ code: "registry_newer", exit: 5 });
    }
    expect(readFileSync(file, "utf8")).toBe(newer);
  });
});

describe("writing", () => {
  test("rows are added, changed and removed; others stay as they are", async () => {
    await add(row("a"), row("b"));
    await updateRow(stateDir, "a", { state: "removing" });
    await updateRow(stateDir, "nobody", { state: "removing" });
    expect((await readRegistry(stateDir)).rows).toEqual([row("a", { state: "removing" }), row("b")]);
    await removeRow(stateDir, "a");
    await removeRow(stateDir, "a");
    expect(await readRegistry(stateDir)).toEqual({ state: "whole", rows: [row("b")], parked: [] });
    expect(statSync(file).mode & 0o777).toBe(0o600); // it holds the passwords of roles
  });

  test("the same rows again are not written", async () => {
    await add(row("a"));
    const before = statSync(file, { bigint: true });
    await updateRow(stateDir, "a", { state: "ready" });
    const after = statSync(file, { bigint: true });
    expect([after.mtimeNs, after.ino]).toEqual([before.mtimeNs, before.ino]);
  });

  test("a damaged file is put aside once something is written in its place", async () => {
    await add(row("a"));
    writeFileSync(file, "garbage");
    await updateRow(stateDir, "a", { state: "removing" });
    expect(readFileSync(file, "utf8")).toBe("garbage"); // nothing was changed
    await add(row("b"));
    expect((await readRegistry(stateDir)).rows).toEqual([row("b")]);
    expect(readFileSync(`${file}.damaged`, "utf8")).toBe("garbage");
  });

  test("a change that fails changes nothing, and lets the next one in", async () => {
    await add(row("a"));
    const failing = updateRegistry(stateDir, (rows) => {
      rows.length = 0;
      throw new Error("on the way");
    });
    await expect(failing).rejects.toThrow("on the way");
    expect((await readRegistry(stateDir)).rows).toEqual([row("a")]);
    await add(row("b"));
    expect(readdirSync(stateDir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("changes at once come one after the other, and none is lost", async () => {
    const append = (number: number) =>
      updateRegistry(stateDir, async (rows) => {
        const index = rows.length + 1;
        await Bun.sleep(1);
        rows.push(row(`r${number}`, { index }));
        return index;
      });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, number) => append(number)));
    expect(answers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, number) => number + 1));
    expect((await readRegistry(stateDir)).rows.length).toBe(20);
  });
});
