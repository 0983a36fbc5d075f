import { describe, expect, test } from "bun:test";
import { findCommandWord, parseCommand, scanCommonFlags } from "../../../src/cli/args.ts";
import type { Grammar } from "../../../src/cli/grammar.ts";
import { PgroveError } from "../../../src/errors.ts";

const grammar: Grammar = {
  positionals: [{ name: "TARGET", target: true, about: "a target" }],
  options: [
    { name: "output", short: "o", value: "FILE", about: "a file" },
    { name: "format", value: "FORMAT", choices: ["custom", "sql"], about: "a format" },
    { name: "jobs", short: "j", value: "N", number: { min: 1, max: 64 }, about: "a number" },
    { name: "table", value: "TABLE", repeatable: true, about: "tables" },
    { name: "latest", value: "SOURCE", optionalValue: true, about: "the newest" },
    { name: "force", short: "f", about: "a flag" },
  ],
};

const parse = (...argv: string[]) => parseCommand(argv, grammar);

function mistake(work: () => unknown): { message: string; hint: string | undefined } {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PgroveError)) throw error;
    expect(error.exit).toBe(2);
    return { message: error.message, hint: error.hint };
  }
  throw new Error("it was accepted");
}

describe("a right line", () => {
  test.each([
    [["--output", "a.dump"]],
    [["--output=a.dump"]],
    [["-o", "a.dump"]],
    [["-oa.dump"]],
    [["-foa.dump"]],
    [["-fo", "a.dump"]],
  ])("%j gives the value", (argv) => {
    expect(parse(...argv).string("output")).toBe("a.dump");
  });

  test("a value may be empty, a dash, a number below zero, or look like SQL's comment", () => {
    expect(parse("--output=").string("output")).toBe("");
    expect(parse("-o", "-").string("output")).toBe("-");
    expect(parse("-o", "-1").string("output")).toBe("-1");
    expect(parse("-o", "-- a comment").string("output")).toBe("-- a comment");
    expect(parse("--output=--force").string("output")).toBe("--force");
  });

  test("clustered flags, flags twice, numbers", () => {
    const args = parse("-qfy", "--force", "-j", "4");
    expect([args.flag("quiet"), args.flag("force"), args.flag("yes"), args.flag("json")]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(args.number("jobs")).toBe(4);
    expect(args.number("jobs")).toBe(4);
    expect(parse().number("jobs")).toBeUndefined();
  });

  test("a repeatable option keeps its order", () => {
    expect(parse("--table", "a", "--table=b", "--table", "a").list("table")).toEqual(["a", "b", "a"]);
  });

  test("an option whose value may be left out takes the word behind it", () => {
    expect(parse("--latest").flag("latest")).toBe(true);
    expect(parse("--latest").string("latest")).toBeUndefined();
    expect(parse("--latest", "main").string("latest")).toBe("main");
    expect(parse("--latest=main").string("latest")).toBe("main");
    expect(parse("--latest", "--force").string("latest")).toBeUndefined();
    expect(parse("--latest", "main", "staging").target).toBe("staging");
  });

  test("the target is the argument, or --target, or both when they agree", () => {
    expect(parse("main").target).toBe("main");
    expect(parse("-t", "@staging").target).toBe("@staging");
    expect(parse("main", "--target=main").target).toBe("main");
    expect(parse().target).toBeUndefined();
  });

  test("an option can be the target, too", () => {
    const to: Grammar = { positionals: [], options: [{ name: "to", value: "TARGET", target: true, about: "" }] };
    expect(parseCommand(["--to", "a"], to).target).toBe("a");
    expect(parseCommand(["-t", "a"], to).target).toBe("a");
    expect(mistake(() => parseCommand(["-t", "a", "--to", "b"], to)).message).toContain("two targets");
  });

  test("behind -- everything is a word, also one with a dash", () => {
    expect(parse("--", "-name").target).toBe("-name");
    const after = parseCommand(["main", "--", "-c", "select 1"], { ...grammar, after: "psql's" });
    expect([after.target, after.after]).toEqual(["main", ["-c", "select 1"]]);
  });

  test("an argument that takes the rest", () => {
    const rest: Grammar = { positionals: [{ name: "NAME", rest: true, about: "" }], options: [] };
    expect(parseCommand(["a", "-y", "b"], rest).rest("NAME")).toEqual(["a", "b"]);
  });
});

describe("a wrong line", () => {
  test.each([
    [["--outptu", "x"], "there is no option --outptu here", "did you mean --output?"],
    [["--__proto__"], "there is no option --__proto__ here", undefined],
    [["--toString"], "there is no option --toString here", undefined],
    [["-x"], "there is no option -x here", undefined],
    [["-fx"], "there is no option -x here", undefined],
    [["--output"], "--output needs a value", undefined],
    [["--output", "--force"], "--force looks like an option", "--output=--force"],
    [["--force=yes"], "--force takes no value", undefined],
    [["--format", "sqll"], '--format takes custom, sql; not "sqll"', "did you mean sql?"],
    [["--jobs", "many"], "--jobs takes a whole number from 1 to 64", undefined],
    [["--jobs", "0"], "--jobs takes a whole number from 1 to 64", undefined],
    [["--jobs=1e3"], "--jobs takes a whole number", undefined],
    [["--jobs="], "--jobs takes a whole number", undefined],
    [["main", "extra"], 'one argument too many: "extra"', "it takes [TARGET]"],
    [["-o", "a", "-o", "b"], "--output is given twice: a and b", undefined],
    [["main", "-t", "other"], "two targets are given", undefined],
  ])("%j", (argv, message, hint) => {
    const said = mistake(() => parse(...argv));
    expect(said.message).toContain(message);
    if (hint !== undefined) expect(said.hint).toContain(hint);
  });

  test("an argument that is needed and missing", () => {
    const needs: Grammar = { positionals: [{ name: "NAME", required: true, about: "the name" }], options: [] };
    expect(mistake(() => parseCommand([], needs)).message).toBe("NAME is missing: the name");
  });

  test("a target where there can be none, and words behind -- that nobody takes", () => {
    const none: Grammar = { positionals: [], options: [] };
    expect(mistake(() => parseCommand(["-t", "main"], none)).message).toContain("takes no target");
    expect(mistake(() => parseCommand(["--", "x"], none)).message).toContain("nothing may follow --");
  });

  test("asking for what was not declared is a bug, not silence", () => {
    expect(() => parse().flag("undeclared")).toThrow("not declared");
    expect(() => parse().positional("UNDECLARED")).toThrow("not declared");
  });
});

describe("the command's name", () => {
  test.each([
    [["dump"], 0],
    [["-C", "onyx", "dump"], 2],
    [["--repo=onyx", "-qt", "main", "--json", "dump", "x"], 4],
    [[], undefined],
    [["--json"], undefined],
    [["--", "dump"], undefined],
  ])("%j", (argv, place) => {
    expect(findCommandWord(argv)).toBe(place);
  });

  test("an option that is not common cannot stand before it", () => {
    expect(mistake(() => findCommandWord(["--output", "x", "dump"])).message).toContain("--output");
  });
});

test("the common flags are seen on a wrong line too, and not in values or behind --", () => {
  expect([...scanCommonFlags(["--wrong", "--json", "-q"])]).toEqual(["json", "quiet"]);
  expect([...scanCommonFlags(["-oquery.dump"], grammar.options)]).toEqual([]);
  expect([...scanCommonFlags(["--", "--json"])]).toEqual([]);
});

describe("an argument that may be below zero", () => {
  const counting: Grammar = { ...grammar, positionals: [{ name: "COUNT", negative: true, about: "how many" }] };

  test.each([
    [["-1"], "-1"],
    [["-12", "--force"], "-12"],
    [["-f", "-3"], "-3"],
    [["2"], "2"],
    [["--", "-1"], "-1"],
  ])("%j is a number", (argv, count) => {
    expect(parseCommand(argv, counting).positional("COUNT")).toBe(count);
  });

  test("elsewhere it is an option that is not there", () => {
    expect(mistake(() => parse("-1")).message).toContain("no option -1");
    expect(mistake(() => parseCommand(["-1", "-2"], counting)).message).toContain("one argument too many");
    expect(mistake(() => parseCommand(["-1x"], counting)).message).toContain("no option -1");
  });
});
