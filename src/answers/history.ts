/** What `history --json` answers: the journal. */
import * as v from "valibot";
import { answerOf, maybeNumber, maybeText } from "./parts.ts";

const episode = v.object({
  run: v.string(),
  at: v.string(),
  operation: v.string(),
  target: v.string(),
  database: v.string(),
  by: v.string(),
  host: v.string(),
  pid: v.number(),
  result: v.pipe(maybeText, v.description("done, failed, interrupted; null while it runs, and when it was killed")),
  error: maybeText,
  duration_ms: maybeNumber,
  details: v.nullable(v.record(v.string(), v.unknown())),
});

export const historyAnswer = answerOf({ history: v.array(episode) });

export type EpisodeDocument = v.InferOutput<typeof episode>;
