import { configError } from "../errors.ts";
import { didYouMean } from "./suggest.ts";

/** `{{`, `}}` or `{name}`; the braces of a `${NAME}` are somebody else's, and so is `{"a": 1}`. */
const PLACEHOLDER = /\{\{|\}\}|(?<!\$)\{([A-Za-z_][A-Za-z0-9_.-]*)\}/g;

/**
 * Text with `{name}` replaced by its value; `{{` and `}}` stand for single braces. A name without a value is a
 * mistake (exit 3). `what` says where the text stands, for the message: "env.set.DATABASE_URL".
 */
export function renderTemplate(text: string, values: Readonly<Record<string, string>>, what = "the template"): string {
  return text.replace(PLACEHOLDER, (whole, name: string | undefined) => {
    if (name === undefined) return whole.slice(1);
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    throw unknownPlaceholder(name, Object.keys(values), what);
  });
}

/** The names that stand in it. */
export function placeholdersOf(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** Text that renderTemplate gives back as it was. */
export function escapeTemplate(text: string): string {
  return text.replace(/[{}]/g, "$&$&");
}

function unknownPlaceholder(name: string, known: string[], what: string): Error {
  const nearest = didYouMean(name, known);
  const names = known.map((each) => `{${each}}`).join(", ") || "none";
  return configError(
    `${what} has {${name}}, which stands for nothing here`,
    nearest === undefined
      ? `known here: ${names}; write {{${name}}} for the text itself`
      : `did you mean {${nearest}}?`,
  );
}
