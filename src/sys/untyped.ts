/** Parts of values that nobody has typed: JSON of other programs, errors, schemas of a library. */

/** What a JSON text says; undefined where it is none: it may be damaged, half-written, or no text at all. */
export function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The part of that name; undefined where there is none. */
export function objectAt(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** The same where it is text. */
export function stringAt(value: unknown, key: string): string | undefined {
  const found = objectAt(value, key);
  return typeof found === "string" ? found : undefined;
}
