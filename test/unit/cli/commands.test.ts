import { describe, expect, test } from "bun:test";
import { isGroup, type LazyCommand, listCommands, type Named, requireCommand } from "../../../src/cli/command-tree.ts";
import { COMMON_OPTIONS } from "../../../src/cli/common-options.ts";
import { type CompletionSources, findCandidates } from "../../../src/cli/complete.ts";
import { isTarget, optionsOf, wordsOf } from "../../../src/cli/grammar.ts";
import { renderCommandHelp, renderOverview } from "../../../src/cli/help.ts";
import { CHAPTERS, root } from "../../../src/cli/root.ts";
import { createPaint } from "../../../src/cli/terminal.ts";

const entries = listCommands(root).flatMap(commandsOf);

function commandsOf({ name, entry }: Named): Named<LazyCommand>[] {
  if (!isGroup(entry)) return [{ name, entry }];
  const own = entry.own === undefined ? [] : [{ name, entry: entry.own }];
  return [...own, ...listCommands(entry).flatMap((each) => commandsOf({ ...each, name: `${name} ${each.name}` }))];
}

describe.each(entries)("$name", ({ name, entry }) => {
  test("its declaration is whole and clashes with nothing", async () => {
    const { args } = await entry();
    const own = optionsOf(args);
    const names = [...COMMON_OPTIONS, ...own].map((option) => option.name);
    const shorts = [...COMMON_OPTIONS, ...own].flatMap(({ short }) => (short === undefined ? [] : [short]));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(shorts).size).toBe(shorts.length);
    for (const { about, short, name: option, spec } of own) {
      expect(option).toMatch(/^[a-z][a-z-]+$/);
      if (spec.type !== "boolean") expect(option).not.toStartWith("no-"); // citty would take it for a flag put off
      expect(about).not.toBe("");
      if (short !== undefined) expect(short).toMatch(/^[a-zA-Z]$/);
    }
    const words = wordsOf(args).map(({ spec }) => spec);
    expect(words.slice(0, -1).filter(({ rest }) => rest)).toEqual([]);
    const firstFree = words.findIndex(({ required }) => required === false);
    if (firstFree >= 0) for (const { required } of words.slice(firstFree)) expect(required).toBe(false);
    expect(Object.values(args).filter(isTarget).length).toBeLessThanOrEqual(1);
  });

  test("its help has a usage line, every option, and examples that begin with its name or use it", async () => {
    const command = await entry();
    const help = renderCommandHelp(name, command, createPaint(false));
    expect(help).toContain(`usage: pgrove ${name}`);
    for (const option of optionsOf(command.args)) expect(help).toContain(`--${option.name}`);
    expect(command.meta.examples.length).toBeGreaterThan(0);
    for (const { line } of command.meta.examples) expect(line).toContain(`pgrove ${name.split(" ")[0]}`);
    for (const line of help.split("\n")) expect(line).toBe(line.trimEnd());
  });
});

test("the overview names every command", () => {
  const text = renderOverview(root, CHAPTERS, createPaint(false));
  for (const { name, entry } of listCommands(root)) {
    expect(text).toMatch(new RegExp(`^  ${name} +${entry.meta.description}`, "m"));
  }
});

test.each(["toString", "__proto__", "constructor", "hasOwnProperty", "", "DUMP"])("%j is no command", (word) => {
  expect(() => requireCommand(root, word, "pgrove")).toThrow("there is no command");
});

describe("completion", () => {
  const sources: CompletionSources = {
    target: async () => ["main", "@staging", "@production"],
    dump: async () => ["main-20260115-143022.dump"],
    repository: async () => ["onyx"],
    shell: async () => ["bash", "zsh", "fish"],
  };
  const complete = async (...words: string[]) => (await findCandidates(root, words, sources)).map(({ word }) => word);

  test.each([
    [["re"], ["reset", "remove", "restart", "restore", "rewind", "repos"]],
    [["-C", ""], ["onyx"]],
    [["-C", "onyx", "hist"], ["history"]],
    [
      ["dumps", ""],
      ["list", "show", "verify", "prune", "pin", "unpin", "adopt", "remove", "push", "pull"],
    ],
    [
      ["status", ""],
      ["main", "@staging", "@production"],
    ],
    [
      ["status", "@"],
      ["@staging", "@production"],
    ],
    [["status", "main", ""], []],
    [["status", "-t", "m"], ["main"]],
    [["status", "--target=@s"], ["--target=@staging"]],
    [
      ["sql", "--format", ""],
      ["table", "csv", "json"],
    ],
    [["sql", "--form"], ["--format"]],
    [["restore", "main-"], ["main-20260115-143022.dump"]],
    [["restore", "--latest", "m"], ["main"]],
    [["repos", "remove", ""], ["onyx"]],
    [["completions", "f"], ["fish"]],
    [["nonsense", ""], []],
    [["shell", "--", ""], []],
    [["__com"], []],
  ])("%j", async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });
});
