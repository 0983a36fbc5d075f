/** What was typed, as a command's `run` gets it: by the names of its declaration, typed as they are declared. */
import { usageError } from "../errors.ts";
import { type ArgSpec, type ArgSpecs, type Grammar, isTarget, mayLackValue, optionOf } from "./grammar.ts";

/** A value as it is declared. */
type ValueOf<Spec> = Spec extends { type: "boolean" }
  ? boolean
  : Spec extends { repeatable: true } | { rest: true }
    ? readonly string[]
    : Spec extends { number: object }
      ? number | undefined
      : Spec extends { optionalValue: true }
        ? string | true | undefined
        : Spec extends { type: "enum"; options: readonly (infer Choice)[] }
          ? Choice | undefined
          : Spec extends { type: "positional"; required: false }
            ? string | undefined
            : Spec extends { type: "positional" }
              ? string
              : string | undefined;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

interface Always {
  /** The target: the argument, `--target`, or the option that means the same. */
  readonly target: string | undefined;
  /** What follows `--`. */
  readonly after: readonly string[];
}

/** The values of arguments: `--dry-run` is `dryRun`. What is not declared is a type error. */
export type Values<Specs extends ArgSpecs> = {
  readonly [Key in keyof Specs & string as CamelCase<Key>]: ValueOf<Specs[Key]>;
};

export type Args<Specs extends ArgSpecs = ArgSpecs> = Values<Specs> & Always;

/** A command line that was found to be right. */
export interface Line {
  /** The values of options, by their long form; `true` where there is none. */
  values: ReadonlyMap<string, readonly (string | true)[]>;
  /** The words of each positional argument. */
  words: ReadonlyMap<string, readonly string[]>;
  after: readonly string[];
}

/** The values of a command's own arguments. Throws (exit 2) when two targets are given, or one too many. */
export function argsOf<Specs extends ArgSpecs>(line: Line, grammar: Grammar<Specs>): Args<Specs> {
  const own = Object.entries(grammar.args).filter(([, spec]) => isTarget(spec));
  const target = onlyTarget(
    textsOf(line, "target")[0],
    own.map(([key, spec]) => (spec.type === "positional" ? line.words.get(key)?.[0] : textsOf(line, key)[0])),
    grammar.takesTarget === true || own.length > 0,
  );
  const same = Object.fromEntries(own.map(([key]) => [key, target]));
  return { ...valuesOf(line, grammar.args), ...same, target, after: line.after };
}

/** The values of those arguments; the types say what `readValue` does. */
export function valuesOf<Specs extends ArgSpecs>(line: Line, specs: Specs): Values<Specs> {
  const values = Object.entries(specs).map(([key, spec]) => [camelCase(key), readValue(line, key, spec)] as const);
  return Object.fromEntries<unknown>(values) as Values<Specs>;
}

function readValue(line: Line, key: string, spec: ArgSpec): unknown {
  if (spec.type === "positional") {
    const words = line.words.get(key) ?? [];
    return spec.rest ? words : words[0];
  }
  const { name } = optionOf(key, spec);
  const isGiven = line.values.has(name);
  if (spec.type === "boolean") return "default" in spec ? !isGiven : isGiven;
  const texts = textsOf(line, name);
  if (spec.type === "enum") return texts[0];
  if (spec.repeatable) return texts;
  if (spec.number !== undefined) return texts[0] === undefined ? undefined : Number(texts[0]);
  return texts[0] ?? (isGiven && mayLackValue(spec) ? true : undefined);
}

function textsOf({ values }: Line, name: string): string[] {
  return (values.get(name) ?? []).filter((value) => value !== true);
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function onlyTarget(common: string | undefined, own: (string | undefined)[], takesOne: boolean): string | undefined {
  if (common !== undefined && !takesOne) throw usageError("this command takes no target", "leave out --target");
  const given = [common, ...own].filter((text) => text !== undefined);
  const different = given.find((text) => text !== given[0]);
  if (different !== undefined) throw usageError(`two targets are given: ${different} and ${given[0]}`);
  return given[0];
}
