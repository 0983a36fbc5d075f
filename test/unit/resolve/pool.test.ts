import { expect, test } from "bun:test";
import { capJobs, poolOf } from "../../../src/resolve/pool.ts";
import type { Target } from "../../../src/resolve/target.ts";

test("the first source that has a variable counts, and an empty one has none", () => {
  expect(poolOf(undefined, { DB_MAX_CONNS: "", DB_MIN_CONNS: "1" }, { DB_MAX_CONNS: "5", DB_MIN_CONNS: "2" })).toEqual({
    pool: { DB_MAX_CONNS: "5", DB_MIN_CONNS: "1" },
    maxConnections: 5,
  });
  expect(poolOf(undefined, {}, { DB_MAX_LIFETIME: "30m" })).toEqual({ pool: { DB_MAX_LIFETIME: "30m" } });
  expect(poolOf(undefined, {})).toEqual({});
  for (const wrong of ["0", "-1", "many", "1.5"]) {
    expect(() => poolOf(undefined, { DB_MAX_CONNS: wrong })).toThrow(expect.objectContaining({ exit: 3 }));
  }
});

test("jobs stay within it, beside what pgrove and the program need themselves", () => {
  const notes: string[] = [];
  const jobs = (asked: number, maxConnections?: number, besides = 1) => {
    const target = { ...(maxConnections === undefined ? {} : { maxConnections }) } as Target;
    return capJobs(asked, { target, besides, note: (text) => notes.push(text) });
  };
  expect([jobs(8), jobs(8, 5), jobs(8, 5, 0), jobs(2, 20), jobs(8, 1)]).toEqual([8, 3, 4, 2, 1]);
  expect(notes).toHaveLength(3);
  expect(notes[0]).toContain("DB_MAX_CONNS");
});
