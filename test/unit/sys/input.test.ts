import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWholeFile } from "../../../src/sys/input.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-input-"));
});

afterAll(() => rm(folder, { recursive: true }));

const SIZE = 3_000_000;

test("a file is read to its end, also one that grows meanwhile, and one of which nobody knows the length", async () => {
  const path = join(folder, "whole");
  await writeFile(path, Buffer.alloc(SIZE, "x"));
  let bytes = 0;
  for await (const chunk of readWholeFile(path)) {
    if (bytes === 0) await writeFile(path, "more", { flag: "a" });
    bytes += chunk.length;
  }
  expect(bytes).toBe(SIZE + 4);
  let version = "";
  for await (const chunk of readWholeFile("/proc/version")) version += new TextDecoder().decode(chunk);
  expect(version).toStartWith("Linux");
});

test("a file that is cut off meanwhile is an error, not an early end", async () => {
  const path = join(folder, "cut");
  await writeFile(path, Buffer.alloc(SIZE, "x"));
  let bytes = 0;
  const reading = (async () => {
    for await (const chunk of readWholeFile(path)) {
      if (bytes === 0) await truncate(path, 10);
      bytes += chunk.length;
    }
  })();
  await expect(reading).rejects.toThrow("shorter");
  expect(bytes).toBeLessThan(SIZE);
});

test("what is no file says so", async () => {
  const reading = async (path: string) => {
    for await (const _ of readWholeFile(path));
  };
  await expect(reading(folder)).rejects.toMatchObject({ code: "EISDIR" });
  await expect(reading(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
});
