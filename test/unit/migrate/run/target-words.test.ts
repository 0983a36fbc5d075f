import { describe, expect, test } from "bun:test";
import {
  findNamed,
  type HowFar,
  type Named,
  wishOfDown,
  wishOfGoto,
  wishOfUp,
} from "../../../../src/migrate/run/target-words.ts";
import { mistake } from "../../../support/migrate/mistake.ts";

const steps = (direction: "up" | "down", count: number): HowFar => ({ kind: "steps", direction, count });
const version = (word: string, direction?: "up" | "down"): HowFar => ({
  kind: "version",
  word,
  ...(direction === undefined ? {} : { direction }),
});

describe("up, with 12 migrations", () => {
  test.each<[string | undefined, HowFar]>([
    [undefined, { kind: "head" }],
    ["head", { kind: "head" }],
    ["1", steps("up", 1)],
    ["12", steps("up", 12)],
    ["13", version("13", "up")],
    ["007", version("007", "up")],
    ["20260115143022", version("20260115143022", "up")],
    ["+3", steps("up", 3)],
    ["+30", steps("up", 30)],
    ["add_users", version("add_users", "up")],
  ])("%p", (word, wish) => {
    expect(wishOfUp(word, 12)).toEqual(wish);
  });

  test.each(["0", "-1", "+0", "99999999999999999999"])("%p is refused, or a version", (word) => {
    if (word.length > 3) expect(wishOfUp(word, 12)).toEqual(version(word, "up"));
    else expect(mistake(() => wishOfUp(word, 12)).exit).toBe(2);
  });
});

describe("down, with 12 migrations", () => {
  test.each<[string | undefined, HowFar]>([
    [undefined, steps("down", 1)],
    ["2", steps("down", 2)],
    ["-2", steps("down", 2)],
    ["13", version("13", "down")],
    ["0004", version("0004", "down")],
    ["add_users", version("add_users", "down")],
  ])("%p", (word, wish) => {
    expect(wishOfDown(word, false, 12)).toEqual(wish);
  });

  test("--all", () => {
    expect(wishOfDown(undefined, true, 12)).toEqual({ kind: "nothing" });
    expect(mistake(() => wishOfDown("2", true, 12)).message).toContain("--all");
  });

  test.each(["head", "+1", "0"])("%p is refused", (word) => {
    expect(mistake(() => wishOfDown(word, false, 12)).exit).toBe(2);
  });
});

describe("goto", () => {
  test.each<[string, HowFar]>([
    ["head", version("head")],
    ["7", version("7")],
    ["+2", steps("up", 2)],
    ["-2", steps("down", 2)],
    ["add_users", version("add_users")],
  ])("%p", (word, wish) => {
    expect(wishOfGoto(word)).toEqual(wish);
  });
});

describe("a name", () => {
  const known: Named[] = [
    { version: 1n, digits: "001", name: "init" },
    { version: 2n, digits: "002", name: "add_users" },
    { version: 3n, digits: "003", name: "add_users_email" },
    { version: 4n, digits: "004", name: "add_orders" },
    { version: 20n, digits: "020", name: "" },
  ];

  test.each([
    ["2", 2n],
    ["002", 2n],
    ["00002", 2n],
    ["20", 20n],
    ["init", 1n],
    ["in", 1n],
    ["add_users", 2n],
    ["add_users_", 3n],
    ["003_add", 3n],
    ["3_add_users_email", 3n],
  ])("%p is the version %p", (word, found) => {
    expect(findNamed(word, known).version).toBe(found);
  });

  test("one that could be several is refused with the candidates", () => {
    const { exit, message } = mistake(() => findNamed("add_", known));
    expect([exit, message]).toEqual([2, "add_ could be 002 add_users, 003 add_users_email, 004 add_orders"]);
  });

  test.each(["5", "add_users_x", "003_init", ""])("%p names nothing, or more than one", (word) => {
    expect(mistake(() => findNamed(word, known)).exit).toBe(2);
  });
});
