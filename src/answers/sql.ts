/** What `sql --json` answers. */
import * as v from "valibot";
import { answerOf, maybeNumber } from "./parts.ts";

export const sqlAnswer = answerOf({
  results: v.array(
    v.object({
      command: v.string(),
      count: maybeNumber,
      rows: v.array(v.record(v.string(), v.unknown())),
    }),
  ),
});
