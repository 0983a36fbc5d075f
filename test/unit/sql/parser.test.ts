import { describe, expect, test } from "bun:test";
import { loadParser, SqlSyntaxError } from "../../../src/sql/parser.ts";

const parser = await loadParser();

function textsOf(script: string): string[] {
  return parser.parse(script).map(({ start, end }) => script.slice(start, end));
}

describe("statements", () => {
  test("each is cut out exactly, comments before it left out, whatever is quoted in it", () => {
    expect(textsOf("-- what\n/* a /* b */ */select 'é;', 1;\n\ndo $x$ begin null; end $x$ ;select 2")).toEqual([
      "select 'é;', 1",
      "do $x$ begin null; end $x$ ",
      "select 2",
    ]);
  });

  test("characters beyond 16 bits, CRLF and a comment at the end move nothing", () => {
    expect(textsOf("select '😀';\r\nselect 'ü' -- end\r\n")).toEqual(["select '😀'", "select 'ü' -- end"]);
  });

  test("an empty script has none", () => {
    expect(textsOf(" \n")).toEqual([]);
    expect(textsOf("-- nothing")).toEqual([]);
  });

  test("the tree is PostgreSQL's", () => {
    expect(parser.parse("drop table a, b")[0]?.node).toMatchObject({ DropStmt: { removeType: "OBJECT_TABLE" } });
  });
});

test("a mistake is found at its place, counted in JavaScript's units", () => {
  const script = "select '😀é';\nselct 1";
  const mistake = () => parser.parse(script);
  expect(mistake).toThrow(SqlSyntaxError);
  try {
    mistake();
  } catch (error) {
    expect(error instanceof SqlSyntaxError && script.slice(error.position)).toBe("selct 1");
  }
});

test("bodies in PL/pgSQL", () => {
  expect(JSON.stringify(parser.parsePlpgsql("do $$ begin drop table a; end $$"))).toContain("drop table a");
  expect(parser.parsePlpgsql("do $$ begin nonsense nonsense end $$")).toBeUndefined();
});
