/** What the JSON of a file has to be before it is believed: the file may be damaged, another version's, or a stranger's. */
export type Form = (value: unknown) => boolean;

export const isText: Form = (value) => typeof value === "string";
export const isFlag: Form = (value) => typeof value === "boolean";
export const isNumber: Form = (value) => typeof value === "number" && Number.isFinite(value);
export const isWhole: Form = (value) => Number.isSafeInteger(value);
/** A point in time as text. */
export const isTime: Form = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));

export const isOneOf =
  (...values: readonly unknown[]): Form =>
  (value) =>
    values.includes(value);

/** What may be left out. */
export const maybe =
  (form: Form): Form =>
  (value) =>
    value === undefined || form(value);

export const orNull =
  (form: Form): Form =>
  (value) =>
    value === null || form(value);

export const isListOf =
  (form: Form): Form =>
  (value) =>
    Array.isArray(value) && value.every(form);

/** Names with a value of that form each. */
export const isMapOf =
  (form: Form): Form =>
  (value) =>
    isObject(value) && Object.values(value).every(form);

/** An object with these fields, each of its form; it may have further ones. A form is asked for every field of the type. */
export function isFormOf<T>(fields: { readonly [K in keyof T]-?: Form }): (value: unknown) => value is T {
  const forms: [string, Form][] = Object.entries(fields);
  return (value): value is T => isObject(value) && forms.every(([name, form]) => form(Reflect.get(value, name)));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
