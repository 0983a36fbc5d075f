import { describe, expect, test } from "bun:test";
import { defineArgs, optionsOf } from "../../../src/cli/grammar.ts";
import { findCommandWord, parseCommand, scanCommonFlags } from "../../../src/cli/parse.ts";
import { PgroveError } from "../../../src/errors.ts";

const TARGET = defineArgs({
  target: { type: "positional", required: false, target: true, description: "a target" },
});
const OPTIONS = defineArgs({
  output: { type: "string", alias: "o", valueHint: "FILE", description: "a file" },
  format: { type: "enum", valueHint: "FORMAT", options: ["custom", "sql"], description: "a format" },
  jobs: { type: "string", alias: "j", valueHint: "N", number: { min: 1, max: 64 }, description: "a number" },
  table: { type: "string", valueHint: "TABLE", repeatable: true, description: "tables" },
  latest: { type: "string", valueHint: "SOURCE", optionalValue: true, description: "the newest" },
  force: { type: "boolean", alias: "f", description: "a flag" },
  owner: { type: "boolean", default: true, negativeDescription: "leave owners out" },
});
const grammar = { args: { ...TARGET, ...OPTIONS } };

const read = (...argv: string[]) => parseCommand(argv, grammar);
const parse = (...argv: string[]) => read(...argv).args;

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
    expect(parse(...argv).output).toBe("a.dump");
  });

  test("a value may be empty, a dash, a number below zero, or look like SQL's comment", () => {
    expect(parse("--output=").output).toBe("");
    expect(parse("-o", "-").output).toBe("-");
    expect(parse("-o", "-1").output).toBe("-1");
    expect(parse("-o", "-- a comment").output).toBe("-- a comment");
    expect(parse("--output=--force").output).toBe("--force");
  });

  test("clustered flags, flags twice, numbers", () => {
    const { args, flags } = read("-qfy", "--force", "-j", "4");
    expect([flags.quiet, args.force, flags.yes, flags.json]).toEqual([true, true, true, false]);
    expect(args.jobs).toBe(4);
    expect(parse().jobs).toBeUndefined();
  });

  test("what is on by default can only be put off", () => {
    expect(parse().owner).toBe(true);
    expect(parse("--no-owner").owner).toBe(false);
    expect(read("--no-color").flags.color).toBe(false);
    for (const argv of [["--owner"], ["--color"], ["--no-force"], ["--no-no-owner"]]) {
      expect(mistake(() => parse(...argv)).message).toBe(`there is no option ${argv[0]} here`);
    }
    expect(mistake(() => parse("--no-owne")).hint).toBe("did you mean --no-owner?");
    expect(mistake(() => parse("--no-owner=false")).message).toBe("--no-owner takes no value");
  });

  test("a repeatable option keeps its order", () => {
    expect(parse("--table", "a", "--table=b", "--table", "a").table).toEqual(["a", "b", "a"]);
  });

  test("an option whose value may be left out takes the word behind it", () => {
    expect(parse("--latest").latest).toBe(true);
    expect(parse().latest).toBeUndefined();
    expect(parse("--latest", "main").latest).toBe("main");
    expect(parse("--latest=main").latest).toBe("main");
    expect(parse("--latest=").latest).toBe("");
    expect(parse("--latest", "--force").latest).toBe(true);
    expect(parse("--latest", "main", "staging").target).toBe("staging");
  });

  test("the target is the argument, or --target, or both when they agree", () => {
    expect(parse("main").target).toBe("main");
    expect(parse("-t", "@staging").target).toBe("@staging");
    expect(parse("main", "--target=main").target).toBe("main");
    expect(parse().target).toBeUndefined();
  });

  test("an option can be the target, too", () => {
    const to = { args: defineArgs({ to: { type: "string", valueHint: "TARGET", target: true, description: "" } }) };
    for (const argv of [
      ["--to", "a"],
      ["-t", "a"],
    ]) {
      expect(parseCommand(argv, to).args).toMatchObject({ target: "a", to: "a" });
    }
    expect(mistake(() => parseCommand(["-t", "a", "--to", "b"], to)).message).toContain("two targets");
  });

  test("behind -- everything is a word, also one with a dash", () => {
    expect(parse("--", "-name").target).toBe("-name");
    const after = parseCommand(["main", "--", "-c", "select 1"], { ...grammar, after: "psql's" }).args;
    expect([after.target, after.after]).toEqual(["main", ["-c", "select 1"]]);
  });

  test("an argument that takes the rest", () => {
    const rest = { args: defineArgs({ name: { type: "positional", required: false, rest: true, description: "" } }) };
    expect(parseCommand(["a", "-y", "b"], rest).args.name).toEqual(["a", "b"]);
    expect(parseCommand(["a", "-y", "b"], rest).words).toEqual(["a", "b"]);
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
    const needs = { args: defineArgs({ name: { type: "positional", description: "the name" } }) };
    expect(mistake(() => parseCommand([], needs)).message).toBe("NAME is missing: the name");
  });

  test("a target where there can be none, and words behind -- that nobody takes", () => {
    const none = { args: {} };
    expect(mistake(() => parseCommand(["-t", "main"], none)).message).toContain("takes no target");
    expect(mistake(() => parseCommand(["--", "x"], none)).message).toContain("nothing may follow --");
  });

  test("asking for what was not declared is a type error", () => {
    // @ts-expect-error there is no such option
    expect(parse().outptu).toBeUndefined();
    // @ts-expect-error nor such a word
    expect(parse().dump).toBeUndefined();
    // @ts-expect-error nor such a choice
    expect(parse().format === "tar").toBe(false);
    const values: [string | undefined, number | undefined, readonly string[], boolean, "custom" | "sql" | undefined] = [
      ...([parse().output, parse().jobs, parse().table, parse().force, parse().format] as const),
    ];
    expect(values).toEqual([undefined, undefined, [], false, undefined]);
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
  expect([...scanCommonFlags(["-oquery.dump"], optionsOf(OPTIONS))]).toEqual([]);
  expect([...scanCommonFlags(["--", "--json"])]).toEqual([]);
});

describe("an argument that may be below zero", () => {
  const count = defineArgs({ count: { type: "positional", required: false, negative: true, description: "how many" } });
  const counting = { args: { ...count, ...OPTIONS } };

  test.each([
    [["-1"], "-1"],
    [["-12", "--force"], "-12"],
    [["-f", "-3"], "-3"],
    [["2"], "2"],
    [["--", "-1"], "-1"],
  ])("%j is a number", (argv, number) => {
    expect(parseCommand(argv, counting).args.count).toBe(number);
  });

  test("elsewhere it is an option that is not there", () => {
    expect(mistake(() => parse("-1")).message).toContain("no option -1");
    expect(mistake(() => parseCommand(["-1", "-2"], counting)).message).toContain("one argument too many");
    expect(mistake(() => parseCommand(["-1x"], counting)).message).toContain("no option -1");
  });
});
