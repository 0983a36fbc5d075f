import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { AnswerCache } from "../../../src/serve/answer-cache.ts";

let folder: string;
let nowMs: number;
let asked: number;
let cache: AnswerCache;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-cache-"));
  [nowMs, asked] = [0, 0];
  cache = new AnswerCache({ watched: async () => [join(folder, "journal")], nowMs: () => nowMs });
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const ask = () => cache.answer("list", async () => ++asked);

describe("an answer", () => {
  test("is given again while nothing has changed", async () => {
    await ask();
    nowMs = 1_000;
    expect(await ask()).toEqual({ value: 1, ageMs: 1_000 });
  });

  test("is not kept where all that are kept are too much together", async () => {
    const large = (key: string) => cache.answer(key, async () => String(++asked).padEnd(20 * 1024 * 1024));
    await large("one");
    await large("one");
    expect(asked).toBe(1);
    await large("two");
    await large("two");
    expect(asked).toBe(2);
    await large("one");
    expect(asked).toBe(3);
  });

  test("is asked anew as soon as a file has changed, whatever its age", async () => {
    await ask();
    await writeFile(join(folder, "journal"), "a line");
    expect((await ask()).value).toBe(2);
    await writeFile(join(folder, "journal"), "another line");
    expect((await ask()).value).toBe(3);
  });

  test("of a moment ago is given, and asked anew behind it; one of long ago is not given", async () => {
    await ask();
    nowMs = 3_000;
    expect((await ask()).value).toBe(1);
    expect(asked).toBe(2);
    await setImmediate(); // its answer is there, and kept
    nowMs = 90_000;
    expect((await ask()).value).toBe(3);
  });

  test("is waited for by all who ask for the same at once", async () => {
    const values = await Promise.all(Array.from({ length: 50 }, async () => (await ask()).value));
    expect(new Set(values)).toEqual(new Set([1]));
  });

  test("that failed is not kept", async () => {
    const failing = cache.answer("list", () => Promise.reject(new Error("down")));
    expect(failing).rejects.toThrow("down");
    await failing.catch(() => undefined);
    expect((await ask()).value).toBe(1);
  });
});

test("not more than four questions run at a time, and all are answered", async () => {
  let [running, most] = [0, 0];
  const slow = async () => {
    most = Math.max(most, ++running);
    await setImmediate(); // by then all of them have been asked: nothing is looked at that would take time
    return running--;
  };
  const unwatched = new AnswerCache({ watched: async () => [], nowMs: () => nowMs });
  await Promise.all(Array.from({ length: 30 }, (_, at) => unwatched.answer(String(at), slow)));
  expect([most, running]).toEqual([4, 0]);
});
