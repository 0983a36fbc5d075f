/** Finding commands by name. */
import { didYouMean } from "../config/suggest.ts";
import { usageError } from "../errors.ts";
import type { CommandGroup, Commands, LazyCommand } from "./command.ts";

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
