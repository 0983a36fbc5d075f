/** Parts of the forms that JSON of a file must have before it is believed: it may be damaged, or a stranger's. */
import * as v from "valibot";

export const finite = v.pipe(v.number(), v.finite());
export const whole = v.pipe(v.number(), v.safeInteger());
/** A point in time, as JSON has it. */
export const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);
