import { expect, test } from "bun:test";
import { dropStaleMark, hookMark, isMarked } from "../../../src/sys/hook-mark.ts";

/** The mark of a hook that has ended. */
async function staleMark(): Promise<Record<string, string>> {
  const child = Bun.spawn(["true"]);
  await child.exited;
  const mark = await hookMark();
  return Object.fromEntries(Object.keys(mark).map((name) => [name, `${child.pid} long ago`]));
}

test("what a hook starts is marked, and nothing else", async () => {
  expect(isMarked(await hookMark())).toBe(true);
  expect(isMarked({})).toBe(false);
  expect(isMarked(Object.fromEntries(Object.keys(await hookMark()).map((name) => [name, ""])))).toBe(false);
});

test("while the hook runs, a terminal that a step has opened is marked, too", async () => {
  const environment = { ...(await hookMark()), HOME: "/" };
  await dropStaleMark(environment, true);
  expect(isMarked(environment)).toBe(true);
});

test("when it has ended, whoever types is not, and what it left behind is", async () => {
  const typed = { ...(await staleMark()), HOME: "/" };
  await dropStaleMark(typed, true);
  expect(typed as Record<string, string>).toEqual({ HOME: "/" });
  const left = await staleMark();
  await dropStaleMark(left, false);
  expect(isMarked(left)).toBe(true);
});

test("another process of the same number is not the hook, nor is what is no mark", async () => {
  for (const text of [`${process.pid} another-birth`, "1", "x y", `-${process.pid} `, " "]) {
    const [name = ""] = Object.keys(await hookMark());
    const environment = { [name]: text };
    await dropStaleMark(environment, true);
    expect({ text, marked: isMarked(environment) }).toEqual({ text, marked: false });
  }
});
