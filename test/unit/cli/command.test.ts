/** What is declared is a command of citty, and citty runs it; what citty would make of a line stays out of it. */
import { describe, expect, test } from "bun:test";
import { renderUsage } from "citty";
import { defineCommand, runCommand } from "../../../src/cli/command.ts";
import { group, lazy, listCommands, requireCommand } from "../../../src/cli/command-tree.ts";
import { createContext } from "../../../src/cli/context.ts";
import { defineArgs } from "../../../src/cli/grammar.ts";
import { createOutput } from "../../../src/cli/output.ts";
import { parseCommand } from "../../../src/cli/parse.ts";
import { root } from "../../../src/cli/root.ts";
import { createPaint } from "../../../src/cli/terminal.ts";

const seen: unknown[] = [];
const output = createOutput({ json: false, quiet: false, verbose: false, paint: createPaint(false) });
const context = createContext({ version: "0.0.0", argv: [], flags: parseCommand([], { args: {} }).flags, output });

const load = defineCommand({
  meta: { details: "Loads it.", examples: [] },
  args: {
    version: { type: "positional", negative: true, description: "a version" },
    "dry-run": { type: "boolean", description: "change nothing" },
    owner: { type: "boolean", default: true, negativeDescription: "no owners" },
    table: { type: "string", valueHint: "T", repeatable: true, description: "tables" },
    format: { type: "enum", valueHint: "F", options: ["csv", "json"], description: "a format" },
  },
  async run({ args }) {
    // @ts-expect-error a misspelt option
    seen.push(args.dryRunn);
    // @ts-expect-error an option by what is typed
    seen.push(args["no-owner"]);
    const { version, dryRun, owner, table, format } = args;
    const typed: [string, boolean, boolean, readonly string[], "csv" | "json" | undefined] = [
      ...([version, dryRun, owner, table, format] as const),
    ];
    seen.push(typed);
    return 6;
  },
});

async function run(...argv: string[]): Promise<number> {
  seen.length = 0;
  const { args, words } = parseCommand(argv, load);
  return await runCommand(load, words, { args, root, context });
}

describe("a command", () => {
  test("runs by citty with what our parsing found, and its result is the exit code", async () => {
    expect(await run("-1", "--no-owner", "--table=a", "--table", "b", "--dry-run")).toBe(6);
    expect(seen).toEqual([undefined, undefined, ["-1", true, false, ["a", "b"], undefined]]);
  });

  test("says in its declaration what citty needs to know of it", () => {
    expect(load.args.version).toMatchObject({ type: "positional" });
    expect(load.args.owner).toMatchObject({ type: "boolean", default: true, negativeDescription: "no owners" });
    expect(load.meta).toEqual({ details: "Loads it.", examples: [] });
  });
});

test("what no argument of its kind has is a type error", () => {
  // @ts-expect-error misspelt
  defineArgs({ table: { type: "string", valueHint: "T", repeatble: true, description: "tables" } });
  // @ts-expect-error a flag has no value
  defineArgs({ force: { type: "boolean", valueHint: "F", description: "all the same" } });
  const args = { force: { type: "boolean", description: "all the same", shrt: "f" } } as const;
  // @ts-expect-error misspelt
  expect(defineCommand({ meta: { examples: [] }, args, run: async () => 0 }).args).toEqual(args);
});

describe("the tree", () => {
  test("a lazy command is known in one line before it is loaded, and has that line afterwards", async () => {
    let loaded = 0;
    const known = lazy({ description: "loads", alias: "l" }, async () => ({ load, other: ++loaded }), "load");
    const tree = group("all", {
      load: known,
      hidden: lazy({ description: "", hidden: true }, async () => ({ command: load })),
    });
    expect(listCommands(tree).map(({ name, entry }) => [name, entry.meta.description])).toEqual([["load", "loads"]]);
    expect(requireCommand(tree, "l", "pgrove").name).toBe("load");
    expect(requireCommand(tree, "hidden", "pgrove").name).toBe("hidden");
    expect(() => requireCommand(tree, "lod", "pgrove")).toThrow("there is no command pgrove lod");
    expect(loaded).toBe(0);
    expect((await known()).meta).toEqual({ details: "Loads it.", examples: [], description: "loads", alias: "l" });
    expect(loaded).toBe(1);
  });

  test("is citty's: its own help shows every command that people see", async () => {
    const usage = Bun.stripANSI(await renderUsage(root));
    for (const { name, entry } of listCommands(root)) {
      expect(usage).toMatch(
        new RegExp(`^ +${[name, entry.meta.alias ?? []].flat().join(", ")} +${entry.meta.description} *$`, "m"),
      );
    }
    expect(usage).not.toContain("__complete");
  });
});
