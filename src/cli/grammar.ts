/** What a command line may hold: arguments as citty declares them, and what our parsing, help and completion know beyond. */

/** What completion looks up for a value; also what it calls it. */
export type Completes = "target" | "dump" | "repository" | "shell";

/**
 * `--dry-run`. With `default: true` only its opposite can be typed: `owner` is declared, `--no-owner` is the option, as
 * citty has it.
 */
export type FlagSpec =
  | { type: "boolean"; alias?: string; description: string }
  | { type: "boolean"; default: true; negativeDescription: string };

export interface ValueSpec {
  type: "string";
  /** One letter. */
  alias?: string;
  /** What the value is called in the help. */
  valueHint: string;
  /** The value may be left out, as in `--latest [SOURCE]`. */
  optionalValue?: true;
  repeatable?: true;
  /** The value is a whole number, from `min` on. */
  number?: { min: number; max?: number };
  /** `--target` means the same as this option. */
  target?: true;
  completes?: Completes;
  description: string;
}

/** An option with a value out of a few. */
export interface ChoiceSpec {
  type: "enum";
  alias?: string;
  valueHint: string;
  options: string[];
  description: string;
}

/** A word. As in citty it is needed, unless that is denied, and shown in capitals. */
export interface WordSpec {
  type: "positional";
  required?: boolean;
  /** Takes all that follow. */
  rest?: true;
  /** `--target` means the same as this argument. */
  target?: true;
  /** May be a number with a minus: `-1` is then no option. */
  negative?: true;
  completes?: Completes;
  description: string;
}

export type OptionSpec = FlagSpec | ValueSpec | ChoiceSpec;
export type ArgSpec = OptionSpec | WordSpec;

/** Arguments by name: words in the order in which they are typed. */
export type ArgSpecs = Readonly<Record<string, ArgSpec>>;

type KeyOf<Spec> = Spec extends unknown ? keyof Spec : never;

/** What no argument of that type has: a type error, where it is declared all the same. */
export type NothingElse<Specs> = {
  [Name in keyof Specs]: Specs[Name] extends { type: infer Type }
    ? { [Key in Exclude<keyof Specs[Name], KeyOf<Extract<ArgSpec, { type: Type }>>>]: never }
    : unknown;
};

/** Arguments that commands share. */
export function defineArgs<const Specs extends ArgSpecs>(specs: Specs & NothingElse<Specs>): Specs {
  return specs;
}

/** The argument that most commands have. */
export const TARGET = {
  ...{ type: "positional", required: false, target: true, completes: "target" },
  description: "default: the worktree you stand in",
} as const satisfies WordSpec;

/** `--to TARGET`, of what puts something in a target's place. */
export const REPLACED = {
  ...{ type: "string", valueHint: "TARGET", target: true, completes: "target" },
  description: "what is replaced; default: the worktree you stand in",
} as const satisfies ValueSpec;

/** `--search-path PATH`, of what is loaded. */
export const SEARCH_PATH = {
  ...{ type: "string", valueHint: "PATH" },
  description: "load it with this search_path, for functions that name tables without their schema",
} as const satisfies ValueSpec;

/** `--skip-extension X` of what restores a dump. */
export const SKIP_EXTENSION = defineArgs({
  "skip-extension": {
    type: "string",
    valueHint: "X",
    repeatable: true,
    description: "leave this extension out, as one that only a provider has",
  },
});

/** `--wait-lock TIME`, of what claims databases: told at once is who is at it, unless one wants to wait. */
export const WAIT_LOCK = {
  "wait-lock": {
    ...{ type: "string", valueHint: "TIME" },
    description: "how long to wait for another run that works on the same: 5m; default: not at all",
  },
} as const satisfies ArgSpecs;

/** The part of a command's declaration that parsing needs. */
export interface Grammar<Specs extends ArgSpecs = ArgSpecs> {
  args: Specs;
  /** `--target` is understood, though no argument of its own means the same. */
  takesTarget?: boolean;
  /** What may follow `--`, as the help shows it; left out, nothing may. */
  after?: string;
}

/** An option, and how it is typed. */
export interface Option {
  /** Long form, without the dashes. */
  name: string;
  short: string | undefined;
  about: string;
  spec: OptionSpec;
}

/** A word, and how it is shown. */
export interface Word {
  /** Its key in the declaration. */
  key: string;
  /** In capitals. */
  name: string;
  spec: WordSpec;
}

/** The options among them. */
export function optionsOf(specs: ArgSpecs): Option[] {
  return Object.entries(specs).flatMap(([key, spec]) => (spec.type === "positional" ? [] : [optionOf(key, spec)]));
}

/** How that option is typed. */
export function optionOf(key: string, spec: OptionSpec): Option {
  const short = "alias" in spec ? spec.alias : undefined;
  if ("negativeDescription" in spec) return { name: `no-${key}`, short, about: spec.negativeDescription, spec };
  return { name: key, short, about: spec.description, spec };
}

/** The words among them, in their order. */
export function wordsOf(specs: ArgSpecs): Word[] {
  return Object.entries(specs).flatMap(([key, spec]) =>
    spec.type === "positional" ? [{ key, name: key.toUpperCase(), spec }] : [],
  );
}

/** Whether an option waits for a value, and has none without. */
export function needsValue({ spec }: Option): boolean {
  return takesValue(spec) && !mayLackValue(spec);
}

/** Whether it may have a value. */
export function takesValue(spec: OptionSpec): spec is ValueSpec | ChoiceSpec {
  return spec.type !== "boolean";
}

/** Whether it may have a value, and may be without one. */
export function mayLackValue(spec: OptionSpec): boolean {
  return spec.type === "string" && spec.optionalValue === true;
}

/** Whether `--target` means the same. */
export function isTarget(spec: ArgSpec): boolean {
  return "target" in spec && spec.target === true;
}
