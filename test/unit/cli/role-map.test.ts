import { expect, test } from "bun:test";
import { readRoleMap } from "../../../src/cli/role-map.ts";

test("who takes whose place, with names that need quotes", () => {
  expect(readRoleMap([])).toBeUndefined();
  const given = ["prod=me", '"My Role"=app', "Other Role=App", '"a=b"="c""d"'];
  expect([...(readRoleMap(given) ?? [])]).toEqual([
    ["prod", "me"],
    ["My Role", "app"],
    ["Other Role", "App"],
    ["a=b", 'c"d'],
  ]);
});

test("what is no mapping, or one of two for a role, is refused", () => {
  for (const given of [["a"], ["=b"], ["a="], ["a=b=c"], ['"a=b'], ["a=b", "a=c"]]) {
    expect(() => readRoleMap(given)).toThrow(expect.objectContaining({ exit: 2 }));
  }
});
