import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EXIT } from "../../../src/errors.ts";
import { approve, readTrust, revoke, type TrustPlace, trustFile } from "../../../src/repo/trust.ts";
import type { TrustItem } from "../../../src/repo/trust-items.ts";

let base = "";
let count = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgrove-trust-"));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

/** A place for approvals in a home that is not there yet. */
async function newPlace(): Promise<TrustPlace> {
  const folder = join(base, `p${count++}`);
  await mkdir(join(folder, ".git"), { recursive: true });
  return { file: trustFile({}, join(folder, "home")), repository: join(folder, ".git") };
}

const SETUP: TrustItem = { key: "worktrees.setup", text: "npm ci" };
const MAKE: TrustItem = { key: "worktrees.setup", text: "make" };

async function has(place: TrustPlace, item: TrustItem): Promise<boolean> {
  return (await readTrust(place)).has(item);
}

describe("approvals", () => {
  test("hold for the repository by whatever path, for this thing only, and for their owner's eyes only", async () => {
    const [place, elsewhere] = [await newPlace(), await newPlace()];
    expect(await has(place, SETUP)).toBe(false);
    await approve(place, { items: [SETUP] }, new Date());
    const link = join(base, "link");
    await symlink(place.repository, link);
    expect(await has(place, SETUP)).toBe(true);
    expect(await has({ ...place, repository: link }, SETUP)).toBe(true);
    expect(await has({ ...place, repository: elsewhere.repository }, SETUP)).toBe(false);
    expect(await has(place, MAKE)).toBe(false);
    expect(await has(place, { ...SETUP, key: "worktrees.teardown" })).toBe(false);
    expect((await stat(place.file)).mode & 0o777).toBe(0o600);
  });

  test("of a file are for its content, under whatever name", async () => {
    const place = await newPlace();
    await approve(place, { items: [{ key: "server.compose", text: "a.yml", content: "c1" }] }, new Date());
    expect(await has(place, { key: "server.compose", text: "b.yml", content: "c1" })).toBe(true);
    expect(await has(place, { key: "server.compose", text: "a.yml", content: "c2" })).toBe(false);
  });

  test("of several repositories stand side by side, each once, and are taken back for one of them", async () => {
    const [place, other] = [await newPlace(), await newPlace()];
    const both = { ...other, file: place.file };
    for (const item of [SETUP, MAKE, SETUP]) await approve(place, { items: [item], commit: "abc" }, new Date());
    await approve(both, { items: [SETUP] }, new Date());
    expect((await readTrust(place)).approvals.map(({ text }) => text)).toEqual(["npm ci", "make"]);
    expect((await readTrust(place)).commits).toEqual(["abc"]);
    expect((await readTrust(both)).commits).toEqual([]);
    expect((await revoke(place)).map(({ text }) => text)).toEqual(["npm ci", "make"]);
    expect([await has(place, SETUP), await has(both, SETUP)]).toEqual([false, true]);
    expect((await readTrust(place)).commits).toEqual([]);
  });

  test("given at once are all kept", async () => {
    const place = await newPlace();
    const items = ["a", "b", "c", "d", "e"].map((text): TrustItem => ({ key: "worktrees.setup", text }));
    await Promise.all(items.map((item) => approve(place, { items: [item] }, new Date())));
    const { approvals } = await readTrust(place);
    expect(approvals.map(({ text }) => text).sort()).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("the last ones under a key are known, for the difference", async () => {
    const place = await newPlace();
    await approve(place, { items: [SETUP] }, new Date(1));
    await approve(place, { items: [MAKE] }, new Date(2));
    expect((await readTrust(place)).lastOf("worktrees.setup")).toEqual(["make"]);
  });

  test.each([
    "{",
    "[]",
    "{}",
    '{"version":3,"trust":{}}',
    '{"version":2,"approvals":[]}',
    '{"version":2,"trust":{"approvals":[{"repository":"/"}],"states":[]}}',
  ])("that cannot be read count for nothing: %s", async (text) => {
    const place = await newPlace();
    await mkdir(dirname(place.file), { recursive: true });
    await writeFile(place.file, text);
    await expect(readTrust(place)).rejects.toMatchObject({ exit: EXIT.config });
    await expect(approve(place, { items: [SETUP] }, new Date())).rejects.toMatchObject({ exit: EXIT.config });
    expect(await readFile(place.file, "utf8")).toBe(text);
  });

  test("of a pgrove that knew only all commands at once are asked for anew", async () => {
    const place = await newPlace();
    await mkdir(dirname(place.file), { recursive: true });
    await writeFile(place.file, '{\n  "version": 1,\n  "approvals": []\n}\n');
    await approve(place, { items: [SETUP] }, new Date());
    expect(await has(place, SETUP)).toBe(true);
  });
});

test("the file lies outside every repository; a relative XDG_STATE_HOME is ignored", () => {
  expect(trustFile({}, "/home/u")).toBe("/home/u/.local/state/pgrove/trust.json");
  expect(trustFile({ XDG_STATE_HOME: "/s" }, "/home/u")).toBe("/s/pgrove/trust.json");
  expect(trustFile({ XDG_STATE_HOME: "s" }, "/home/u")).toBe("/home/u/.local/state/pgrove/trust.json");
});
