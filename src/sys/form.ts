/** Parts of the forms that JSON of a file must have before it is believed: it may be damaged, or a stranger's. */
import * as v from "valibot";

export const finite = v.pipe(v.number(), v.finite());
export const whole = v.pipe(v.number(), v.safeInteger());
/** A point in time, as JSON has it. */
export const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);

/** Values by name. A list is none, though it has its places for names. */
export function byName<Value extends v.GenericSchema>(value: Value) {
  return v.pipe(
    v.custom<Record<string, v.InferInput<Value>>>((found) => !Array.isArray(found)),
    v.record(v.string(), value),
  );
}
