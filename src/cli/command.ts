/**
 * What a command is: a citty command. What citty makes of a line is not used, since it takes whatever is typed: `run` gets
 * what our own parsing found, and the context.
 */
import { type ArgsDef, defineCommand as defineCittyCommand, runCommand as runCittyCommand } from "citty";
import { EXIT } from "../errors.ts";
import type { Args } from "./args.ts";
import type { Command, CommandGroup, Words } from "./command-tree.ts";
import type { Context } from "./context.ts";
import type { ArgSpecs, Grammar, NothingElse } from "./grammar.ts";

/** What a command needs to run; citty hands it on as its data. */
export interface Given<Specs extends ArgSpecs = ArgSpecs> {
  args: Args<Specs>;
  context: Context;
  /** All commands. */
  root: CommandGroup;
}

interface Definition<Specs extends ArgSpecs> extends Grammar<Specs> {
  meta: Words;
  /** Resolves with the exit code; nothing means 0. */
  run(given: Given<Specs>): Promise<number | undefined>;
}

/** Declares a command; a misspelt name of an argument in `run` is then a type error. */
export function defineCommand<const Specs extends ArgSpecs>(
  definition: Definition<Specs> & { args: NothingElse<Specs> },
): Command {
  const { run, ...words } = definition;
  return { ...defineCittyCommand<ArgsDef>({ run: ({ data }) => run(data) }), ...words };
}

/**
 * Runs it, and resolves with its exit code. Of the line citty gets the words alone, and marked as such: it insists on those
 * that are needed, and would take `-1` for an option.
 */
export async function runCommand(command: Command, words: readonly string[], given: Given): Promise<number> {
  const { result } = await runCittyCommand<ArgsDef>(command, { rawArgs: ["--", ...words], data: given });
  return typeof result === "number" ? result : EXIT.ok;
}
