/** Every generator that a factory file can name. */
import * as v from "valibot";
import type { GeneratorUse } from "./by-type.ts";
import { CHOICES } from "./choices.ts";
import { COMPOSED } from "./composed.ts";
import { COMPUTED } from "./computed.ts";
import { defineFakerMethod, FAKER, FAKER_METHOD } from "./faker.ts";
import { IDS } from "./ids.ts";
import { INTERNET } from "./internet.ts";
import { NUMBERS } from "./numbers.ts";
import { PEOPLE } from "./people.ts";
import { PLACES } from "./places.ts";
import { PROSE } from "./prose.ts";
import { REGEX } from "./regex.ts";
import { SECRETS } from "./secrets.ts";
import type { GeneratorDefinition } from "./site.ts";
import { SPECIAL } from "./special.ts";
import { TIMES } from "./times.ts";

const ALL: ReadonlyMap<string, GeneratorDefinition> = new Map(
  [
    PEOPLE,
    PLACES,
    INTERNET,
    SECRETS,
    PROSE,
    NUMBERS,
    CHOICES,
    TIMES,
    IDS,
    [REGEX],
    COMPUTED,
    COMPOSED,
    SPECIAL,
    [FAKER],
  ]
    .flat()
    .map((definition) => [definition.name, definition]),
);

/** The generator of that name; a dotted name is one of faker's methods, which only its compilation looks up. */
export function findGenerator(name: string): GeneratorDefinition | undefined {
  return ALL.get(name) ?? (FAKER_METHOD.test(name) ? defineFakerMethod(name) : undefined);
}

/** All of them, by subject. */
export function listGenerators(): readonly GeneratorDefinition[] {
  return [...ALL.values()];
}

/**
 * A generator as it stands in a file inside another one's options: its name, one key with its options or what they are
 * short for, or a number or truth value that stands for itself. A text says what is wrong instead.
 */
export function readGeneratorUse(written: unknown): GeneratorUse | string {
  if (typeof written === "number" || typeof written === "boolean")
    return { name: "constant", options: { value: written } };
  const [name, value] = typeof written === "string" ? [written, {}] : (soleEntry(written) ?? []);
  if (name === undefined) return "a generator is its name, or one key with its options";
  const definition = findGenerator(name);
  if (definition === undefined) return `there is no generator ${JSON.stringify(name)}`;
  const { shorthand, options } = definition;
  const forms = [value, ...(shorthand === undefined ? [] : [{ [shorthand]: value }])];
  for (const form of forms) if (isOptions(form) && v.is(options, form)) return { name, options: form };
  const [issue] = v.safeParse(options, forms.at(-1)).issues ?? [];
  return `the options of ${name} are wrong: ${issue?.message ?? "they are not understood"}`;
}

function soleEntry(written: unknown): [string, unknown] | undefined {
  const [first, ...others] = isOptions(written) ? Object.entries(written) : [];
  return others.length === 0 ? first : undefined;
}

function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
