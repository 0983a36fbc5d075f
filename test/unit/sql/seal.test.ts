import { describe, expect, test } from "bun:test";
import { exactSql, requireExact } from "../../../src/sql/exact.ts";
import { sealScript } from "../../../src/sql/seal.ts";

describe("a sealed script", () => {
  test("obeys the commands that were read, on lines of their own, and no other one", () => {
    const sql =
      "select 'ä\\x' as a;\n\\set a 1\ncopy t from stdin;\n\\N\n\\.\n-- \\echo no\n$$ \\echo no $$;\nselect 1 \\gexec\n\\x";
    const sealed = sealScript(sql, "K");
    expect(sealed.sql.split("\n")).toEqual([
      ...["select 'ä\\x' as a;", "", "\\unrestrict K", "\\set a 1 \\restrict K", "copy t from stdin;", "\\N", "\\."],
      ...["-- \\echo no", "$$ \\echo no $$;", "select 1 ", "\\unrestrict K", "\\gexec \\restrict K"],
      ...["", "\\unrestrict K", "\\x \\restrict K"],
    ]);
    expect([1, 4, 5, 8, 9, 10, 12, 15].map(sealed.lineOf)).toEqual([1, 2, 3, 6, 7, 8, 8, 9]);
  });

  test("has no restriction of its own", () => {
    expect(sealScript("\\restrict a\nselect 1;\n\\unrestrict a\n", "K").sql).toBe("\nselect 1;\n\n");
  });
});

describe("the exact reading", () => {
  const refuse = (what: string) => new Error(what);
  const read = (sql: string) => () => requireExact(sql, refuse);

  test.each([
    ["select 'a\\', ';\n\\! ls\n--';", /backslash before a quote/],
    ["select E'é\\' \\! ls';", /half of a letter/],
    ["create function f() returns int begin atomic select 1; end;", /BEGIN ATOMIC/],
    ["select $あA$ $あB$ \\! ls\n$あA$;", /half of a letter/],
    ["select :DBNAME;", /:DBNAME stands for/],
    ["select a:::DBNAME;", /:DBNAME stands for/],
    ["select 1 where a = :LAST_ERROR_MESSAGE;", /:LAST_ERROR_MESSAGE stands for/],
    ["\\set a :USER\nselect :a;", /takes over/],
  ])("%s", (sql, why) => {
    expect(read(sql)).toThrow(why);
  });

  test.each([
    "select 'C:\\x', E'a\\'b', 'é', :'DBNAME', ':USER', a::USER, a[1:n];",
    "\\set a 1\nselect :a;\ncopy t from stdin;\né\\'\n\\.\n",
  ])("passes what is the same for every psql: %s", (sql) => {
    expect(read(sql)).not.toThrow();
  });

  test("hands nothing on behind what is refused", async () => {
    async function* source() {
      yield Buffer.from("select 1;\n");
      yield Buffer.from("select 'a\\");
      yield Buffer.from("', ';\n\\! ls\n--';\n");
    }
    const passed: string[] = [];
    const reading = (async () => {
      for await (const piece of exactSql(source(), refuse)) passed.push(Buffer.from(piece).toString());
    })();
    await expect(reading).rejects.toThrow("backslash before a quote");
    expect(passed.join("")).not.toContain("!");
  });
});
