/** What the API says of targets, seeds and remotes, which no one command answers. */
import * as v from "valibot";
import { answerOf, maybeText } from "./parts.ts";

const target = v.object({
  name: v.string(),
  kind: v.picklist(["main", "worktree", "environment"]),
  protected: v.boolean(),
});

export const targetsAnswer = answerOf({ project: v.string(), targets: v.array(target) });
export type TargetDocument = v.InferOutput<typeof target>;

const scenario = v.object({
  name: v.string(),
  about: maybeText,
  parameters: v.pipe(v.record(v.string(), v.number()), v.description("what each is when nothing is given")),
  entities: v.array(v.string()),
});

export const scenariosAnswer = answerOf({ entities: v.array(v.string()), scenarios: v.array(scenario) });
export type ScenarioDocument = v.InferOutput<typeof scenario>;

export const remotesAnswer = answerOf({ remotes: v.array(v.string()) });
