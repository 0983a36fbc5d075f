import { describe, expect, test } from "bun:test";
import { splitListSetting } from "../../../src/postgres/list-setting.ts";
import { newRunId } from "../../../src/sys/run-id.ts";
import {
  createStatement,
  type DatabaseProperties,
  type DatabaseShape,
  markPreviousStatement,
  previousName,
  propertyStatements,
  whileEndingSessions,
} from "../../../src/unit/swap.ts";

test.each([
  ['"$user", public', ["$user", "public"]],
  ["public", ["public"]],
  ['"Odd ""Schema""; x, y",app', ['Odd "Schema"; x, y', "app"]],
  ['""', [""]],
  ["", []],
  ['"a", "b" , c', ["a", "b", "c"]],
  ["ünï, 日本", ["ünï", "日本"]],
])("the list %p is %p", (value, parts) => expect(splitListSetting(value)).toEqual(parts));

describe("propertyStatements", () => {
  const usual: DatabaseProperties = {
    ...{
      owner: "o",
      comment: null,
      connectionLimit: -1,
      isTemplate: false,
      isInvalid: false,
      settings: [],
      lostSettings: [],
      grants: null,
    },
  };
  const after = (properties: Partial<DatabaseProperties>) => propertyStatements('d"; x', { ...usual, ...properties });

  test("owner, limit, template and comment are always said, also when they are the usual ones", () => {
    expect(after({})).toEqual([
      'alter database "d""; x" owner to "o"',
      'alter database "d""; x" connection limit -1',
      'alter database "d""; x" is_template false',
      'comment on database "d""; x" is null',
    ]);
    expect(after({ comment: "it's \\ so" })).toContain(`comment on database "d""; x" is  E'it''s \\\\ so'`);
  });

  test("settings of the database and of roles in it, lists part by part", () => {
    const settings = [
      { role: null, name: "search_path", value: '"$user", "A b"' },
      { role: 'r"', name: "my.Setting", value: "a, 'b'" },
      { role: null, name: "temp_tablespaces", value: "" },
      { role: null, name: "DateStyle", value: "ISO, DMY" },
    ];
    expect(after({ settings }).slice(4)).toEqual([
      `alter database "d""; x" set "search_path" to '$user', 'A b'`,
      `alter role "r""" in database "d""; x" set "my"."Setting" to 'a, ''b'''`,
      `alter database "d""; x" set "temp_tablespaces" to ''`,
      `alter database "d""; x" set "DateStyle" to 'ISO, DMY'`,
    ]);
  });

  test("grants replace the default ones; none is not the same as the default", () => {
    const revoke = 'revoke all on database "d""; x" from public, "o"';
    expect(after({ grants: [] }).slice(4)).toEqual([revoke]);
    const grants = [
      { grantee: null, privilege: "CONNECT", grantable: false },
      { grantee: "r", privilege: "CREATE", grantable: true },
    ];
    expect(after({ grants }).slice(4)).toEqual([
      revoke,
      'grant CONNECT on database "d""; x" to public',
      'grant CREATE on database "d""; x" to "r" with grant option',
    ]);
  });
});

describe("createStatement", () => {
  const usual: DatabaseShape = {
    ...{ owner: "o", encoding: "UTF8", collate: "C", ctype: "en_US.utf8", provider: "c", locale: null, icuRules: null },
    tablespace: "pg_default",
  };
  const base = `create database "d" template template0 owner "o" encoding 'UTF8' lc_collate 'C' lc_ctype 'en_US.utf8'`;
  test.each<[string, Partial<DatabaseShape>, string]>([
    ["libc", {}, ""],
    ["a tablespace", { tablespace: 'fast "x"' }, ' tablespace "fast ""x"""'],
    ["ICU", { provider: "i", locale: "de-u-x" }, " locale_provider icu icu_locale 'de-u-x'"],
    [
      "ICU with rules",
      { provider: "i", locale: "de", icuRules: "&a < 'b'" },
      " locale_provider icu icu_locale 'de' icu_rules '&a < ''b'''",
    ],
    ["builtin", { provider: "b", locale: "C.UTF-8" }, " locale_provider builtin builtin_locale 'C.UTF-8'"],
  ])("%s", (_name, shape, more) => expect(createStatement("d", { ...usual, ...shape })).toBe(base + more));
});

test("the kept database has a name of its own, and is marked as pgrove's", () => {
  expect(previousName("onyx")).toBe("onyx_before_restore");
  const long = "x".repeat(60);
  const names = [previousName(`${long}aaa`), previousName(`${long}bbb`)];
  expect(new Set(names).size).toBe(2);
  for (const name of names) {
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(name).toEndWith("_before_restore");
  }
  expect(markPreviousStatement('a"b')).toMatch(/^comment on database "a""b" is 'pgrove: .+'$/);
});

test("a second session that cannot be had is no error of what it should have helped", async () => {
  const asked = Promise.withResolvers<void>();
  const second = () => {
    asked.resolve();
    return Promise.reject(new Error("too many connections"));
  };
  const swap = { occupied: ["d"], run: newRunId(new Date()) };
  const body = async () => {
    await asked.promise;
    await Bun.sleep(0); // an unhandled rejection would show itself here
    return "swapped";
  };
  expect(await whileEndingSessions(second, swap, body)).toBe("swapped");
  const failing = whileEndingSessions(second, swap, () => Promise.reject(new Error("the body's own")));
  await expect(failing).rejects.toThrow("the body's own");
});
