import { expect, test } from "bun:test";
import { blankQuoted } from "../../../src/sql/blank-quoted.ts";

test.each([
  ["a 'b''c' d", "a ~~~~~~ d"],
  ["a -- b'c\nd", "a ~~~~~~\nd"],
  ["a /* b /* c */ d */ e", "a ~~~~~~~~~~~~~~~~~ e"],
  ['a "b""c" d', "a ~~~~~~ d"],
  ["a $$b 'c$$ d", "a ~~~~~~~~ d"],
  ["a $x$ $$ $x$ d", "a ~~~~~~~~~~ d"],
  ["E'a\\'b' c", "E~~~~~~ c"],
  ["'a\\' b", "~~~~ b"],
  ["name'a\\' b", "name~~~~ b"],
  ["a$b$c d$b$", "a$b$c d$b$"],
  ["$1 $2", "$1 $2"],
  ["é'ü\r\n'x", "é~~\r\n~x"],
  ["a 'open", "a ~~~~~"],
  ["a /* open", "a ~~~~~~~"],
  ["a $$ open", "a ~~~~~~~"],
  ["", ""],
])("%p", (sql, blanked) => {
  expect(blankQuoted(sql)).toBe(blanked.replaceAll("~", " "));
});
