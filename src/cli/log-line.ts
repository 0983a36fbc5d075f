/** A line of the story as a JSON object, for journald and whatever else collects logs. */
import { showColors, visibleJson } from "../sys/visible-text.ts";
import type { StoryType } from "./story.ts";

/** What is known of a line beside its words. */
export interface LogFacts {
  type: StoryType;
  /** Among them `time`, in ISO 8601 UTC, and `run`, as `history` names it: the one that was begun last. */
  fields: Readonly<Record<string, unknown>>;
  /** Takes the secrets out of a text. */
  redacted(text: string): string;
}

/** `{"level", "message", "time", "run", …}`; the level is debug, info, warn or error. */
export function formatLogLine(text: string, { type, fields, redacted }: LogFacts): string {
  const message = Bun.stripANSI(showColors(text)).trim();
  const withoutSecrets = (_: string, value: unknown) => (typeof value === "string" ? redacted(value) : value);
  return visibleJson(JSON.stringify({ level: type, message, ...fields }, withoutSecrets));
}
