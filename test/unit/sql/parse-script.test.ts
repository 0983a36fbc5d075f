import { expect, test } from "bun:test";
import { parseScript } from "../../../src/sql/parse-script.ts";
import { loadParser, type ParsedStatement, SqlSyntaxError } from "../../../src/sql/parser.ts";

const parser = await loadParser();

const SCRIPT = [
  "create table a (b text);",
  "insert into a values ('one; 😀 two');",
  "-- not; an end",
  "do $$ begin null; null; end $$;",
  "create function f() returns int begin atomic select 1; select 2; select 3; end;",
  "create rule r as on insert to a do also (select 1; select 2);",
  "select 1",
].join("\n");

/** The parts that do not depend on where the parser has begun. */
const placesOf = (statements: readonly ParsedStatement[]) =>
  statements.map(({ node, start, end }) => [Object.keys(node), SCRIPT.slice(start, end)]);

test.each([1, 5, 40, 100, 1_000])("in pieces of %d it finds what the parser finds in the whole", (pieceLength) => {
  const found = parseScript(parser, SCRIPT, pieceLength);
  expect(placesOf(found)).toEqual(placesOf(parser.parse(SCRIPT)));
});

test("the locations in a node count from the base", () => {
  const found = parseScript(parser, `${SCRIPT};\ncreate table é (wanted int);`, 1).at(-1);
  const [, location] = /"colname":"wanted".*?"location":(\d+)\}\}\]/.exec(JSON.stringify(found?.node)) ?? [];
  const bytes = Buffer.from(`${SCRIPT};\ncreate table é (wanted int);`.slice(found?.base));
  expect(bytes.subarray(Number(location)).toString()).toStartWith("wanted int");
});

test.each([1, 30, 10_000])("a mistake has its place in the whole, in pieces of %d", (pieceLength) => {
  const script = `${SCRIPT};\nselct 1;\nselect 2;\n`;
  try {
    parseScript(parser, script, pieceLength);
    expect.unreachable();
  } catch (error) {
    expect(error instanceof SqlSyntaxError && script.slice(error.position)).toStartWith("selct 1;");
  }
});

test("what never ends is a mistake at the end", () => {
  expect(() => parseScript(parser, `${SCRIPT};\ncreate function g() returns int begin atomic select 1;`, 1)).toThrow(
    SqlSyntaxError,
  );
});
