import { expect, test } from "bun:test";
import { roleBody, roleWords } from "../../../page/role-map.ts";
import { readRoleMap } from "../../../src/cli/role-map.ts";

test("of roles only those count that were filled in", () => {
  expect(roleBody({ owner: "me", other: "" })).toEqual({ role_map: { owner: "me" } });
  expect([roleBody({ other: "" }), roleWords({ other: "" })]).toEqual([{}, []]);
});

test("the command line reads the roles back, whatever they are called", () => {
  const names = ["owner", "My Role", 'a"b', "a=b", "it's", "$HOME", "ünï"];
  const pairs = names.map((name, at) => [name, names.at(at - 1) ?? ""] as const);
  const typed = roleWords(Object.fromEntries(pairs)).join(" ");
  const { stdout } = Bun.spawnSync(["sh", "-c", `printf '%s\\n' ${typed}`]);
  const given = stdout
    .toString()
    .split("\n")
    .filter((word) => word !== "--role-map" && word !== "");
  expect([...(readRoleMap(given) ?? [])]).toEqual(pairs.map(([from, to]) => [from, to]));
});
