import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load-config.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-port-range-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function loadRange(range: string) {
  const file = join(folder, "pgrove.yaml");
  await writeFile(file, `project: onyx\nserver: {local: {}}\nworktrees: {port_range: ${range}}\n`);
  return (await loadConfig(file, { environment: {} })).config.worktrees.port_range;
}

test("worktrees.port_range says where ports are taken from", async () => {
  expect(await loadRange("{from: 4000, to: 4000}")).toEqual({ from: 4000, to: 4000 });
});

test.each([
  ["{from: 4001, to: 4000}", "worktrees.port_range must not begin after its end"],
  ["{from: 1023, to: 4000}", "worktrees.port_range.from must be a port number of 1024 to 65535"],
  ["{from: 4000, to: 65536}", "worktrees.port_range.to must be a port number of 1024 to 65535"],
  ["{from: 4000}", "worktrees.port_range"],
])("%s is a mistake", async (range, said) => {
  await expect(loadRange(range)).rejects.toMatchObject({ exit: 3 });
  await expect(loadRange(range)).rejects.toThrow(said);
});
