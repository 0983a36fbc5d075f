/** How the API asks its own program: what is known of an answer, a plan, and why there is none. */
import * as v from "valibot";
import type { AnswerCache } from "./answer-cache.ts";
import { HttpError, statusOf } from "./failures.ts";
import { DRY_RUN } from "./job-words.ts";
import { type Ended, isDone, type OwnProgram } from "./own-program.ts";

/** Who is asked. */
export interface Asking {
  program: OwnProgram;
  cache: AnswerCache;
  /** Aborted when the server ends. */
  ending: AbortSignal;
}

interface Expected {
  answer: v.GenericSchema<unknown, { version: 1 }>;
  /** An answer counts although the command says that the server does not run. */
  anyExit?: true;
}

/** Asks, or takes what is known. Throws what the command has failed with, and where its answer is not what it should be. */
export async function askProgram(asking: Asking, words: readonly string[], { answer, anyExit }: Expected) {
  return await asking.cache.answer(JSON.stringify(words), async () => {
    const ended = await asking.program(words, asking.ending);
    const { document } = ended;
    if (document === undefined || !(isDone(ended) || anyExit)) throw failureOfRun(ended);
    if (!v.is(answer, document)) throw new HttpError(500, "bug", "the answer has not the form that it should have");
    return document;
  });
}

/** What a command has failed with. */
export function failureOfRun(ended: Ended): HttpError {
  const failure = ended.failure ?? { code: "failed", message: "pgrove failed, and did not say why", hint: null };
  return new HttpError(statusOf(ended.exitCode, failure), failure.code, failure.message, failure.hint);
}

/** The plan of a command line. */
export async function askPlan(asking: Asking, words: readonly string[]): Promise<Record<string, unknown>> {
  const isAsked = words.includes(DRY_RUN);
  const ended = await asking.cache.inTurn(() => asking.program(isAsked ? words : [...words, DRY_RUN], asking.ending));
  if (!isDone(ended)) throw failureOfRun(ended);
  return ended.document ?? { version: 1 };
}
