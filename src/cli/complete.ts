/** What could stand at the end of an unfinished command line. */
import {
  type Command,
  type CommandGroup,
  findCommand,
  isGroup,
  type LazyCommand,
  listCommands,
  type Named,
} from "./command-tree.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { type Completes, type Option, optionsOf, takesValue, type Word, wordsOf } from "./grammar.ts";

export interface Candidate {
  word: string;
  about: string;
}

/** Where names come from that are not in the declarations. Each may fail: completion then stays silent. */
export type CompletionSources = Readonly<Record<Completes, () => Promise<readonly string[]>>>;

/** The candidates for the last of the words, the others being finished. Words behind the name `pgrove`. */
export async function findCandidates(
  root: CommandGroup,
  words: readonly string[],
  sources: CompletionSources,
): Promise<Candidate[]> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  if (before.includes("--")) return [];
  const place = await locate(root, before);
  const candidates = place === undefined ? [] : await listFor(place, before, current, sources);
  return candidates.filter(({ word }) => word.startsWith(current));
}

/** How far the finished words lead. */
interface Place {
  /** What a command's name may be. */
  names: readonly Named[];
  command: Command | undefined;
  options: readonly Option[];
  /** Finished words that are neither options nor their values, behind the command's name. */
  words: number;
}

/** Undefined where a word is no command. */
async function locate(root: CommandGroup, before: readonly string[]): Promise<Place | undefined> {
  let group = root;
  let command: Command | undefined;
  let words = 0;
  let own: LazyCommand | undefined;
  const options = () => [...COMMON_OPTIONS, ...optionsOf(command?.args ?? {})];
  for (let index = 0; index < before.length; index++) {
    const word = before[index] ?? "";
    if (word.startsWith("-") && word !== "-") {
      if (optionThatWaits(word, options()) !== undefined) index++;
    } else if (command !== undefined) words++;
    else {
      const entry = findCommand(group, word)?.entry;
      if (entry === undefined || entry.meta.hidden) return undefined;
      if (isGroup(entry)) {
        group = entry;
        own = entry.own;
      } else command = await entry();
    }
  }
  const known = command === undefined && own !== undefined ? optionsOf((await own()).args) : [];
  return { names: listCommands(group), command, options: [...options(), ...known], words };
}

/** The option that takes the next word as its value. */
function optionThatWaits(word: string | undefined, options: readonly Option[]): Option | undefined {
  return options.find(({ name, short, spec }) => takesValue(spec) && (word === `--${name}` || word === `-${short}`));
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
    const option = place.options.find(({ name, spec }) => name === inline[1] && takesValue(spec));
    const values = option === undefined ? [] : await valuesOf(option, sources);
    return values.map(({ word, about }) => ({ word: inline[0] + word, about }));
  }
  if (current.startsWith("-")) return place.options.map(({ name, about }) => ({ word: `--${name}`, about }));
  if (place.command === undefined) {
    return place.names.map(({ name, entry }) => ({ word: name, about: entry.meta.description }));
  }
  return await named(wordAt(wordsOf(place.command.args), place.words)?.spec.completes, sources);
}

function wordAt(words: readonly Word[], place: number): Word | undefined {
  const last = words.at(-1);
  return words[place] ?? (last?.spec.rest ? last : undefined);
}

async function valuesOf({ about, spec }: Option, sources: CompletionSources): Promise<Candidate[]> {
  if (spec.type === "enum") return spec.options.map((word) => ({ word, about }));
  return await named(spec.type === "string" ? spec.completes : undefined, sources);
}

async function named(what: Completes | undefined, sources: CompletionSources): Promise<Candidate[]> {
  return what === undefined ? [] : (await sources[what]()).map((word) => ({ word, about: what }));
}
