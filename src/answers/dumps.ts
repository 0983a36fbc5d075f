/** What `dumps list`, `dumps show` and `dumps prune` answer with --json. */
import * as v from "valibot";
import { answerOf, type DocumentOf, maybeText } from "./parts.ts";

const proof = v.object({
  depth: v.string(),
  at: v.string(),
  ok: v.boolean(),
  reason: maybeText,
  server_version: maybeText,
  took_ms: v.number(),
});

const dumpEntries = {
  name: v.string(),
  path: v.string(),
  source: v.string(),
  size_bytes: v.number(),
  created_at: v.string(),
  pinned: v.boolean(),
  proved: v.pipe(v.nullable(proof), v.description("the newest restore that has shown it to be whole")),
  fault: v.pipe(v.nullable(proof), v.description("what was found wrong with it since")),
  author: v.string(),
  manifest: v.nullable(v.record(v.string(), v.unknown())),
};

export const dumpAnswer = answerOf(dumpEntries);

export const dumpsAnswer = answerOf({ folder: v.string(), dumps: v.array(v.object(dumpEntries)) });

const remoteDump = v.object({ ...dumpEntries, host: v.pipe(v.string(), v.description("the machine that pushed it")) });

export const remoteDumpsAnswer = answerOf({ remote: v.string(), place: v.string(), dumps: v.array(remoteDump) });

export type RemoteDumpDocument = v.InferOutput<typeof remoteDump>;

export const pruneDumpsAnswer = answerOf({
  dry_run: v.boolean(),
  kept: v.array(v.object({ name: v.string(), source: v.string(), reasons: v.array(v.string()), doubt: maybeText })),
  removed: v.array(v.object({ name: v.string(), source: v.string(), size_bytes: v.number(), doubt: maybeText })),
  ignored: v.array(v.object({ name: v.string(), reason: v.string() })),
});

export type PruneDumpsDocument = DocumentOf<typeof pruneDumpsAnswer>;

export type DumpDocument = DocumentOf<typeof dumpAnswer>;
