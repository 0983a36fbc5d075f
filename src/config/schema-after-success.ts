/** What follows a dump that has succeeded. */
import * as v from "valibot";
import { webUrl } from "./schema-parts.ts";

const ping = webUrl(
  "A URL that is asked for after each dump into the store, for services that raise an alarm when they hear nothing; best taken from a variable.",
);

export const afterSuccess = v.pipe(
  v.strictObject({ ping: v.optional(ping) }),
  v.description("What follows a dump that has succeeded."),
);
