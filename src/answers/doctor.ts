/** What `doctor --json` answers. */
import * as v from "valibot";
import { answerOf, maybeText } from "./parts.ts";

const check = v.object({
  name: v.string(),
  state: v.picklist(["ok", "problem", "skipped"]),
  found: v.string(),
  fix: maybeText,
});

export const doctorAnswer = answerOf({ checks: v.array(check) });

export type DoctorCheckDocument = v.InferOutput<typeof check>;
