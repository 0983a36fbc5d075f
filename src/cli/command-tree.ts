/** The tree of commands, as citty has it, and how one is found in it. Nothing of a command is loaded here. */
import type { CommandDef, CommandMeta } from "citty";
import { didYouMean } from "../config/suggest.ts";
import { usageError } from "../errors.ts";
import type { ArgSpecs, Grammar } from "./grammar.ts";

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

/** A command that is loaded when it is needed, and known by name and in one line before. */
export interface LazyCommand {
  (): Promise<Command>;
  meta: CommandMeta & { description: string };
}

/** Commands that begin with the same word. */
export interface CommandGroup extends CommandDef {
  meta: CommandMeta & { description: string };
  /** What the word alone does, where it does something: `serve` serves, `serve token` is about tokens. */
  own?: LazyCommand;
  subCommands: Commands;
}

/** Commands by name. */
export interface Commands {
  readonly [name: string]: LazyCommand | CommandGroup;
}

/** A part of the overview. */
export interface Chapter {
  title: string;
  commands: Commands;
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
export function group(words: Meta, subCommands: Commands, own?: LazyCommand): CommandGroup {
  const meta = metaOf(words);
  return { meta, subCommands, ...(own === undefined ? {} : { own }) };
}

function metaOf(meta: Meta) {
  return typeof meta === "string" ? { description: meta } : meta;
}

/** A command or group by its name, not by an alias. */
export interface Named<Entry = LazyCommand | CommandGroup> {
  name: string;
  entry: Entry;
}

/** Whether it has subcommands. */
export function isGroup(entry: LazyCommand | CommandGroup): entry is CommandGroup {
  return "subCommands" in entry;
}

/** The commands that people see. */
export function listCommands({ subCommands }: CommandGroup): Named[] {
  return all(subCommands).filter(({ entry }) => !entry.meta.hidden);
}

/** The one with that name or alias. */
export function findCommand({ subCommands }: CommandGroup, word: string): Named | undefined {
  return all(subCommands).find((named) => namesOf(named).includes(word));
}

/** The one with that name or alias. Throws (exit 2) when there is none, with the nearest one; `prefix` is how they all begin. */
export function requireCommand(parent: CommandGroup, word: string, prefix: string): Named {
  const found = findCommand(parent, word);
  if (found !== undefined) return found;
  const nearest = didYouMean(word, listCommands(parent).flatMap(namesOf));
  throw usageError(
    `there is no command ${prefix} ${word}`,
    nearest === undefined ? `${prefix} --help      lists the commands` : `did you mean ${prefix} ${nearest}?`,
  );
}

function all(commands: Commands): Named[] {
  return Object.entries(commands).map(([name, entry]) => ({ name, entry }));
}

function namesOf({ name, entry: { meta } }: Named): string[] {
  return [name, ...[meta.alias ?? []].flat()];
}
