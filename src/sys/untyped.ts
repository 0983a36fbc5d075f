/** Parts of values that nobody has typed: JSON of other programs, errors, schemas of a library. */

/** The part of that name; undefined where there is none. */
export function objectAt(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** The same where it is text. */
export function stringAt(value: unknown, key: string): string | undefined {
  const found = objectAt(value, key);
  return typeof found === "string" ? found : undefined;
}
