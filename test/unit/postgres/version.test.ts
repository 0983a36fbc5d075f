import { expect, test } from "bun:test";
import { formatVersion, parseVersion, versionOfNumber } from "../../../src/postgres/version.ts";

test.each([
  ["17.2 (Debian 17.2-1)", { major: 17, minor: 2 }],
  ["pg_dump (PostgreSQL) 15.18", { major: 15, minor: 18 }],
  ["18beta1", { major: 18, minor: 0 }],
  ["none", undefined],
])("%p is %j", (text, version) => {
  expect(parseVersion(text)).toEqual(version);
});

test("server_version_num", () => {
  expect(versionOfNumber(170_002)).toEqual({ major: 17, minor: 2 });
  expect(formatVersion(versionOfNumber(150_018))).toBe("15.18");
});
