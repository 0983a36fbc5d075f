import { describe, expect, test } from "bun:test";
import { COMMON_OPTIONS } from "../../../src/cli/common-options.ts";
import { type CompletionSources, findCandidates } from "../../../src/cli/complete.ts";
import { renderCommandHelp, renderOverview } from "../../../src/cli/help.ts";
import { type CommandEntry, listCommands, requireCommand } from "../../../src/cli/root.ts";
import { createPaint } from "../../../src/cli/terminal.ts";

interface NamedEntry {
  name: string;
  entry: CommandEntry;
}

const entries: NamedEntry[] = listCommands().flatMap((found) =>
  "commands" in found
    ? found.commands.map((entry) => ({ name: `${found.name} ${entry.name}`, entry }))
    : [{ name: found.name, entry: found }],
);

describe.each(entries)("$name", ({ name, entry }) => {
  test("its declaration is whole and clashes with nothing", async () => {
    const { command } = await entry.load();
    const own = command.options;
    const names = [...COMMON_OPTIONS, ...own].map((option) => option.name);
    const shorts = [...COMMON_OPTIONS, ...own].flatMap(({ short }) => (short === undefined ? [] : [short]));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(shorts).size).toBe(shorts.length);
    for (const { about, short } of own) {
      expect(about).not.toBe("");
      if (short !== undefined) expect(short).toMatch(/^[a-zA-Z]$/);
    }
    expect(command.positionals.filter(({ rest }) => rest).length).toBeLessThanOrEqual(1);
    expect([...command.positionals, ...own].filter(({ target }) => target).length).toBeLessThanOrEqual(1);
  });

  test("its help has a usage line, every option, and examples that begin with its name or use it", async () => {
    const { command } = await entry.load();
    const help = renderCommandHelp(name, entry.summary, command, createPaint(false));
    expect(help).toContain(`usage: pgrove ${name}`);
    for (const option of command.options) expect(help).toContain(`--${option.name}`);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { line } of command.examples) expect(line).toContain(`pgrove ${name.split(" ")[0]}`);
    for (const line of help.split("\n")) expect(line).toBe(line.trimEnd());
  });
});

test("the overview names every command", () => {
  const text = renderOverview(createPaint(false));
  for (const { name, summary } of listCommands()) expect(text).toMatch(new RegExp(`^  ${name} +${summary}`, "m"));
});

test.each(["toString", "__proto__", "constructor", "hasOwnProperty", "", "DUMP"])("%j is no command", (word) => {
  expect(() => requireCommand(word)).toThrow("there is no command");
});

describe("completion", () => {
  const sources: CompletionSources = {
    targets: async () => ["main", "@staging", "@production"],
    dumps: async () => ["main-20260115-143022.dump"],
    repos: async () => ["onyx"],
  };
  const complete = async (...words: string[]) => (await findCandidates(words, sources)).map(({ word }) => word);

  test.each([
    [["re"], ["reset", "remove", "restart", "restore", "rewind", "repos"]],
    [["-C", ""], ["onyx"]],
    [["-C", "onyx", "hist"], ["history"]],
    [
      ["dumps", ""],
      ["list", "show", "verify", "remove"],
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
