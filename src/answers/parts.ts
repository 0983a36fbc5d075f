/** What several answers are made of. Keys are snake_case, sizes bytes, times ISO 8601 in UTC, durations milliseconds. */
import * as v from "valibot";

export const text = v.string();
export const maybeText = v.nullable(v.string());
export const maybeNumber = v.nullable(v.number());
export const maybeFlag = v.nullable(v.boolean());

/** An answer of `--json`: the keys, beside the version of the form. Once released, keys are only added. */
export function answerOf<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.object({ version: v.literal(1), ...entries });
}

/** What a command hands to the output, which adds the version. */
export type DocumentOf<Schema extends v.GenericSchema<{ version: 1 }>> = Omit<v.InferOutput<Schema>, "version">;
