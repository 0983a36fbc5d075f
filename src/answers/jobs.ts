/** What the API says of long work. */
import * as v from "valibot";
import { answerOf, maybeText } from "./parts.ts";

const JOB_STATES = ["running", "done", "failed", "cancelled"] as const;

const job = v.object({
  id: v.string(),
  operation: v.string(),
  target: v.pipe(maybeText, v.description("null when it is about none, as the store")),
  state: v.picklist(JOB_STATES),
  command: v.pipe(v.string(), v.description("the command line that does the same")),
  by: v.pipe(v.string(), v.description("the token's id")),
  started_at: v.string(),
  ended_at: maybeText,
  run: v.pipe(maybeText, v.description("the id in the journal, once there is one")),
  progress: v.pipe(maybeText, v.description("the newest line of the story")),
  lines: v.pipe(v.array(v.string()), v.description("the last lines of the story")),
  answer: v.pipe(v.nullable(v.record(v.string(), v.unknown())), v.description("what the command answers with --json")),
  error: v.nullable(v.object({ code: v.string(), message: v.string(), hint: maybeText })),
});

export const jobAnswer = answerOf({ job });
export const jobsAnswer = answerOf({ jobs: v.array(job) });

export type JobDocument = v.InferOutput<typeof job>;
