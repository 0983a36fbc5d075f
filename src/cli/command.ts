/** What a command is: its words as data, and what it does. */
import type { Args } from "./args.ts";
import type { Context } from "./context.ts";
import type { Grammar, OptionSpec, PositionalSpec } from "./grammar.ts";

export interface Example {
  line: string;
  about: string;
}

export interface CommandDefinition extends Grammar {
  /** What to know beyond the one line that root.ts has: a paragraph, no more. */
  details?: string;
  examples: readonly Example[];
  /** Resolves with the exit code; nothing means 0. */
  run(context: Context, args: Args): Promise<number | undefined>;
}

/** A definition whose `run` can only ask for the options and arguments that it declares. */
interface DefinitionOf<Option extends string, Positional extends string>
  extends Omit<CommandDefinition, "positionals" | "options" | "run"> {
  positionals: readonly (PositionalSpec & { name: Positional })[];
  options: readonly (OptionSpec & { name: Option })[];
  run(context: Context, args: Args<Option, Positional>): Promise<number | undefined>;
}

/** Declares a command; a misspelt option name in `run` is then a type error. */
export function defineCommand<const Option extends string = never, const Positional extends string = never>(
  definition: DefinitionOf<Option, Positional>,
): CommandDefinition {
  return definition;
}
