import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Config } from "../../../src/config/config-schema.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import { EXIT } from "../../../src/errors.ts";
import { approve, isTrusted, listExecutable, type TrustPlace, trustFile, trustKey } from "../../../src/repo/trust.ts";

let base = "";
let count = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pgrove-trust-"));
});
afterAll(async () => {
  await rm(base, { recursive: true });
});

async function configOf(text: string): Promise<Config> {
  const file = join(base, `c${count++}`, "pgrove.yaml");
  await mkdir(dirname(file));
  await writeFile(file, `project: onyx\nserver: {container: pg}\n${text}`);
  return (await loadConfig(file, { environment: {} })).config;
}

/** A place for approvals in a home that is not there yet. */
async function newPlace(): Promise<TrustPlace> {
  const folder = join(base, `p${count++}`);
  await mkdir(join(folder, ".git"), { recursive: true });
  return { file: trustFile({}, join(folder, "home")), repository: join(folder, ".git") };
}

const SETUP = "worktrees: {setup: [npm ci, make]}";

describe("trustKey", () => {
  test("covers setup, teardown and another tool's migration commands", async () => {
    const text = "worktrees: {setup: [npm ci], teardown: [make clean]}\nmigrations: {command: {up: a, status: c}}";
    expect(listExecutable(await configOf(text))).toEqual([
      { key: "worktrees.setup", commands: ["npm ci"] },
      { key: "worktrees.teardown", commands: ["make clean"] },
      { key: "migrations.command.up", commands: ["a"] },
      { key: "migrations.command.status", commands: ["c"] },
    ]);
  });

  test("is another one for each change of what would run, and the same for all else", async () => {
    const texts = [
      SETUP,
      "worktrees: {setup: [make, npm ci]}",
      "worktrees: {setup: [npm ci make]}",
      "worktrees: {setup: [npm ci]}",
      "worktrees: {teardown: [npm ci, make]}",
      'worktrees: {setup: ["npm ci,make"]}',
      "migrations: {command: {up: npm ci, down: make}}",
      "migrations: {command: {up: npm ci, status: make}}",
    ];
    const keys = (await Promise.all(texts.map(configOf))).map(trustKey);
    expect(new Set(keys).size).toBe(texts.length);
    expect(trustKey(await configOf(`# a comment\nports: {web: 3000}\n${SETUP}`))).toBe(keys[0] ?? "");
  });
});

describe("approvals", () => {
  test("hold for the repository by whatever path, for these commands only, and for their owner's eyes only", async () => {
    const [place, elsewhere] = [await newPlace(), await newPlace()];
    const config = await configOf(SETUP);
    expect(await isTrusted(place, config)).toBe(false);
    await approve(place, config, new Date());
    const link = join(base, "link");
    await symlink(place.repository, link);
    expect(await isTrusted(place, config)).toBe(true);
    expect(await isTrusted({ ...place, repository: link }, config)).toBe(true);
    expect(await isTrusted({ ...place, repository: elsewhere.repository }, config)).toBe(false);
    expect(await isTrusted(place, await configOf("worktrees: {setup: [npm ci, make, curl evil]}"))).toBe(false);
    expect((await stat(place.file)).mode & 0o777).toBe(0o600);
  });

  test("of several repositories and versions stand side by side, each once", async () => {
    const [place, other] = [await newPlace(), await newPlace()];
    const both = { ...other, file: place.file };
    const [first, second] = [await configOf(SETUP), await configOf("worktrees: {setup: [make]}")];
    for (const config of [first, second, first]) await approve(place, config, new Date());
    await approve(both, first, new Date());
    expect(await isTrusted(place, first)).toBe(true);
    expect(await isTrusted(place, second)).toBe(true);
    expect(await isTrusted(both, second)).toBe(false);
    const written: { approvals: unknown[] } = JSON.parse(await readFile(place.file, "utf8"));
    expect(written.approvals).toHaveLength(3);
  });

  test("are not needed where nothing would run", async () => {
    expect(await isTrusted(await newPlace(), await configOf("worktrees: {setup: []}"))).toBe(true);
  });

  test.each(["{", "[]", "{}", '{"version":2,"approvals":[]}', '{"version":1,"approvals":[{"repository":"/"}]}'])(
    "that cannot be read count for nothing: %s",
    async (text) => {
      const place = await newPlace();
      await mkdir(dirname(place.file), { recursive: true });
      await writeFile(place.file, text);
      await expect(isTrusted(place, await configOf(SETUP))).rejects.toMatchObject({ exit: EXIT.config });
      expect(await readFile(place.file, "utf8")).toBe(text);
    },
  );
});

test("the file lies outside every repository; a relative XDG_STATE_HOME is ignored", () => {
  expect(trustFile({}, "/home/u")).toBe("/home/u/.local/state/pgrove/trust.json");
  expect(trustFile({ XDG_STATE_HOME: "/s" }, "/home/u")).toBe("/s/pgrove/trust.json");
  expect(trustFile({ XDG_STATE_HOME: "s" }, "/home/u")).toBe("/home/u/.local/state/pgrove/trust.json");
});
