/** What could stand at the end of an unfinished command line. */
import type { CommandDefinition } from "./command.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import type { OptionSpec } from "./grammar.ts";
import { type CommandEntry, type CommandGroup, listCommands } from "./root.ts";

export interface Candidate {
  word: string;
  about: string;
}

/** Where names come from that are not in the declarations. Each may fail: completion then stays silent. */
export interface CompletionSources {
  targets(): Promise<string[]>;
  dumps(): Promise<string[]>;
  repos(): Promise<string[]>;
}

/** The candidates for the last of the words, the others being finished. Words behind the name `pgrove`. */
export async function findCandidates(words: readonly string[], sources: CompletionSources): Promise<Candidate[]> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  if (before.includes("--")) return [];
  const place = await locate(before);
  const candidates = await listFor(place, before, current, sources);
  return candidates.filter(({ word }) => word.startsWith(current));
}

/** How far the finished words lead. */
interface Place {
  names: readonly (CommandEntry | CommandGroup)[];
  command: CommandDefinition | undefined;
  options: readonly OptionSpec[];
  /** Finished words that are neither options nor their values, behind the command's name. */
  arguments: number;
  commandName: string | undefined;
}

async function locate(before: readonly string[]): Promise<Place> {
  let names: Place["names"] = listCommands();
  let command: CommandDefinition | undefined;
  let commandName: string | undefined;
  let count = 0;
  for (let index = 0; index < before.length; index++) {
    const word = before[index] ?? "";
    const options = [...COMMON_OPTIONS, ...(command?.options ?? [])];
    if (word.startsWith("-") && word !== "-") {
      if (optionThatWaits(word, options) !== undefined) index++;
    } else if (command !== undefined) count++;
    else {
      const found = names.find(({ name, aliases }) => name === word || aliases?.includes(word));
      if (found === undefined) return { names: [], command: undefined, options: [], arguments: 0, commandName };
      commandName = commandName === undefined ? found.name : `${commandName} ${found.name}`;
      if ("commands" in found) names = found.commands;
      else command = (await found.load()).command;
    }
  }
  return { names, command, options: [...COMMON_OPTIONS, ...(command?.options ?? [])], arguments: count, commandName };
}

/** The option that takes the next word as its value. */
function optionThatWaits(word: string | undefined, options: readonly OptionSpec[]): OptionSpec | undefined {
  return options.find(
    ({ name, short, value }) => value !== undefined && (word === `--${name}` || word === `-${short}`),
  );
}

async function listFor(
  place: Place,
  before: readonly string[],
  current: string,
  sources: CompletionSources,
): Promise<Candidate[]> {
  const waiting = optionThatWaits(before.at(-1), place.options);
  if (waiting !== undefined) return await valuesOf(waiting, sources);
  const inline = /^--([\w-]+)=/.exec(current);
  if (inline !== null) {
    const option = place.options.find(({ name, value }) => name === inline[1] && value !== undefined);
    const values = option === undefined ? [] : await valuesOf(option, sources);
    return values.map(({ word, about }) => ({ word: inline[0] + word, about }));
  }
  if (current.startsWith("-")) return place.options.map(({ name, about }) => ({ word: `--${name}`, about }));
  if (place.command === undefined) return place.names.map(({ name, summary }) => ({ word: name, about: summary }));
  const { positionals } = place.command;
  const spec = positionals[place.arguments] ?? (positionals.at(-1)?.rest ? positionals.at(-1) : undefined);
  if (spec === undefined) return [];
  if (spec.target || spec.name === "SOURCE" || spec.name === "WORKTREE")
    return labelled(await sources.targets(), "target");
  if (spec.name === "DUMP") return labelled(await sources.dumps(), "dump");
  if (spec.name === "SHELL") return labelled(["bash", "zsh", "fish"], "shell");
  return place.commandName === "repos remove" ? labelled(await sources.repos(), "repository") : [];
}

async function valuesOf(option: OptionSpec, sources: CompletionSources): Promise<Candidate[]> {
  if (option.choices !== undefined) return labelled(option.choices, option.about);
  if (option.name === "repo") return labelled(await sources.repos(), "repository");
  const target = option.target || option.name === "target" || option.value === "SOURCE";
  return target ? labelled(await sources.targets(), "target") : [];
}

function labelled(words: readonly string[], about: string): Candidate[] {
  return words.map((word) => ({ word, about }));
}
