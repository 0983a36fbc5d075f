/** What follows a dump that has succeeded. */
import * as v from "valibot";

const ping = v.pipe(
  v.string(),
  v.regex(/^(?:https?:\/\/\S+)?$/, "must be an http or https URL"),
  v.description(
    "A URL that is asked for after each dump into the store, for services that raise an alarm when they hear nothing; best taken from a variable.",
  ),
);

export const afterSuccess = v.pipe(
  v.strictObject({ ping: v.optional(ping) }),
  v.description("What follows a dump that has succeeded."),
);
