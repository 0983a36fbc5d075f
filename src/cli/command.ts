/**
 * What a command is: a citty command. What citty makes of a line is not used, since it takes whatever is typed: `run` gets
 * what our own parsing found, and the context.
 */
import {
  type ArgsDef,
  type CommandDef,
  type CommandMeta,
  defineCommand as defineCittyCommand,
  runCommand as runCittyCommand,
} from "citty";
import { EXIT } from "../errors.ts";
import type { Args } from "./args.ts";
import type { Context } from "./context.ts";
import type { ArgSpecs, Grammar, NothingElse } from "./grammar.ts";

export interface Example {
  line: string;
  about: string;
}

/** A command's words beyond its name and the one line about it, which root.ts has. */
export interface Words extends CommandMeta {
  /** A paragraph, no more. */
  details?: string;
  examples: readonly Example[];
}

export interface Command extends CommandDef, Grammar {
  meta: Words;
  args: ArgSpecs;
}

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

/** A command that is loaded when it is needed, and known by name and in one line before. */
export interface LazyCommand {
  (): Promise<Command>;
  meta: CommandMeta & { description: string };
}

/** Commands that begin with the same word. */
export interface CommandGroup extends CommandDef {
  meta: CommandMeta & { description: string };
  subCommands: Commands;
}

/** Commands by name. */
export interface Commands {
  readonly [name: string]: LazyCommand | CommandGroup;
}

type Meta = string | (CommandMeta & { description: string });

/** A command of another file, which is imported when the command is needed: its only one, or the one of that name. */
export function lazy(meta: Meta, load: () => Promise<{ command: Command }>): LazyCommand;
export function lazy<Name extends string>(
  meta: Meta,
  load: () => Promise<Readonly<Record<Name, Command>>>,
  name: Name,
): LazyCommand;
export function lazy(
  meta: Meta,
  load: () => Promise<Readonly<Record<string, Command>>>,
  name = "command",
): LazyCommand {
  const known = metaOf(meta);
  const command = async () => {
    const loaded = (await load())[name];
    if (loaded === undefined) throw new Error(`the file has no ${name}`);
    return { ...loaded, meta: { ...loaded.meta, ...known } };
  };
  return Object.assign(command, { meta: known });
}

/** Commands that begin with the same word, in the order in which help shows them. */
export function group(words: Meta, subCommands: Commands): CommandGroup {
  const meta = metaOf(words);
  return { ...defineCittyCommand({ meta, subCommands }), meta, subCommands };
}

function metaOf(meta: Meta) {
  return typeof meta === "string" ? { description: meta } : meta;
}
