/** What pgrove keeps of a repository, damaged or written by a stranger: never a crash, never more than it says. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { PgroveError } from "../../../src/errors.ts";
import { readRegistry, registryFile, type WorktreeRow } from "../../../src/repo/registry.ts";
import { approve, readTrust, trustFile } from "../../../src/repo/trust.ts";
import { mutatedJsonText } from "../../support/mutated.ts";
import { trials } from "../../support/property.ts";

const base = mkdtempSync(join(tmpdir(), "pgrove-state-"));
afterAll(() => rmSync(base, { recursive: true }));

const by = { machine: "laptop-1a2b3c4d", user: "ann", uid: 1000 };
const gone = { since: "2026-01-01T00:00:00.000Z", forMs: 5, seenAt: "2026-01-02T00:00:00.000Z", boot: "b", upMs: 7 };
const row: WorktreeRow = {
  ...{
    id: "1a2b",
    name: "w",
    path: "/w/w",
    seen: { gitName: "w", parent: "p", by },
    gone,
    branch: "feature/w",
    index: 1,
  },
  ...{ isolation: "schema", database: "onyx", schema: "onyx_w", role: { name: "onyx_w", password: "x" }, project: "p" },
  ...{ ports: { web: 3001 }, data: { kind: "dump", dump: "d", configured: true }, state: "ready", setup: "done" },
  createdAt: "2026-01-01",
};
const registry = {
  version: 1,
  worktrees: [row],
  parked: [{ row, by, lasting: gone, containers: ["c"], volumes: ["v"] }],
};

/** Whether a value is of the sample's form: the same kinds of values under the names that the sample has. */
function isLike(value: unknown, sample: unknown): boolean {
  if (typeof sample !== "object" || sample === null) return typeof value === typeof sample;
  if (typeof value !== "object" || value === null || Array.isArray(value) !== Array.isArray(sample)) return false;
  if (Array.isArray(sample)) return (value as unknown[]).every((each) => isLike(each, sample[0]));
  return Object.entries(value).every(
    ([name, part]) => !Object.hasOwn(sample, name) || isLike(part, Reflect.get(sample, name)),
  );
}

test("a registry is whole, with rows of the right form, or it is damaged", async () => {
  const file = registryFile(base);
  const property = fc.asyncProperty(mutatedJsonText(registry), async (text) => {
    writeFileSync(file, text);
    const read = await readRegistry(base).catch((error: unknown) => error);
    if (read instanceof PgroveError) return read.exit === 5; // of a newer version
    const { state, rows, parked } = read as Awaited<ReturnType<typeof readRegistry>>;
    if (state === "damaged") return rows.length === 0 && parked.length === 0;
    for (const each of [...rows, ...parked.map((one) => one.row)]) {
      for (const needed of [
        "id",
        "name",
        "path",
        "index",
        "isolation",
        "database",
        "ports",
        "data",
        "state",
        "setup",
      ]) {
        if (!(needed in each)) return false;
      }
    }
    return isLike(rows, [row]) && isLike(parked, registry.parked);
  });
  await fc.assert(property, trials(300, 30_000));
});

test("approvals are of what was approved, or there are none that can be read", async () => {
  const repository = join(base, ".git");
  mkdirSync(repository);
  const place = { file: trustFile({}, join(base, "home")), repository };
  const approved = { key: "worktrees.setup", text: "npm ci" } as const;
  const commit = "0123456789012345678901234567890123456789";
  await approve(place, { items: [approved], commit }, new Date());
  const whole: unknown = JSON.parse(readFileSync(place.file, "utf8"));
  mkdirSync(dirname(place.file), { recursive: true });
  const property = fc.asyncProperty(mutatedJsonText(whole), async (text) => {
    writeFileSync(place.file, text);
    const trusted = await readTrust(place).catch((error: unknown) => error);
    if (trusted instanceof PgroveError) return trusted.exit === 3;
    const { has } = trusted as Awaited<ReturnType<typeof readTrust>>;
    return !has({ ...approved, text: "make" }) && !has({ key: "worktrees.teardown", text: approved.text });
  });
  await fc.assert(property, trials(300, 30_000));
});

test("the sample is what a registry holds", async () => {
  writeFileSync(registryFile(base), JSON.stringify(registry));
  expect(await readRegistry(base)).toMatchObject({ state: "whole", rows: [row], parked: registry.parked });
});
