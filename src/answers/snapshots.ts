/** What `snapshots list --json` answers. */
import * as v from "valibot";
import { answerOf } from "./parts.ts";

const snapshot = v.object({
  name: v.string(),
  database: v.string(),
  of: v.string(),
  taken_at: v.string(),
  size_bytes: v.number(),
});

export const snapshotsAnswer = answerOf({ snapshots: v.array(snapshot) });

export type SnapshotDocument = v.InferOutput<typeof snapshot>;
