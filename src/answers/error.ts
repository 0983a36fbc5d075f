/** What every command says on stderr when it fails under --json, and what the API answers. */
import * as v from "valibot";
import { answerOf, maybeText } from "./parts.ts";

const failure = v.object({ code: v.string(), message: v.string(), hint: maybeText });

export const errorAnswer = answerOf({ error: failure });

export type FailureDocument = v.InferOutput<typeof failure>;

export type ErrorDocument = v.InferOutput<typeof errorAnswer>;
