import { expect, test } from "bun:test";
import { escapeTemplate, renderTemplate } from "../../../src/config/text-template.ts";

const VALUES = { url: "postgres://h/{x}$&", "port.web": "3001", empty: "" };

test.each([
  ["{url}", "postgres://h/{x}$&"], // a value is never read again
  ["http://h:{port.web}/", "http://h:3001/"],
  ["[{empty}]", "[]"],
  ["{{url}}", "{url}"],
  ["{{{port.web}}}", "{3001}"],
  [`{"a": 1}`, `{"a": 1}`],
  ["{} { url }", "{} { url }"],
  ["$" + "{HOME}", "$" + "{HOME}"],
])("%s becomes %s", (text, expected) => {
  expect(renderTemplate(text, VALUES)).toBe(expected);
});

test("an unknown placeholder is a mistake that says where, and what was meant", () => {
  expect(() => renderTemplate("{urll}", VALUES, "env.set.DATABASE_URL")).toThrow(
    expect.objectContaining({
      exit: 3,
      message: "env.set.DATABASE_URL has {urll}, which stands for nothing here",
      hint: "did you mean {url}?",
    }),
  );
  expect(() => renderTemplate("{qqqqqq}", VALUES)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("{url}, {port.web}, {empty}") }),
  );
});

test.each(["{toString}", "{constructor}", "{__proto__}"])("%s is not found on every object", (text) => {
  expect(() => renderTemplate(text, VALUES)).toThrow("stands for nothing");
});

test.each(["{url}", "a{b}c", "{{", "}", "{{{"])("%s survives once it is escaped", (text) => {
  expect(renderTemplate(escapeTemplate(text), VALUES)).toBe(text);
});
