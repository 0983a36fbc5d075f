/** Environment variables, and those that stand for a flag. Those that stand for a key of pgrove.yaml are read beside the key. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether DB_DEBUG asks for what --verbose asks for: 1, true, yes or on. */
export function wantsDebug(environment: Environment): boolean {
  return /^(1|true|yes|on)$/i.test(environment.DB_DEBUG?.trim() ?? "");
}

/** Whether PGROVE_LOG asks for the story as JSON, a line each: for journald and whatever else collects logs. */
export function wantsJsonLog(environment: Environment): boolean {
  return environment.PGROVE_LOG?.trim().toLowerCase() === "json";
}

/** What to say of a PGROVE_LOG that means nothing; undefined where it is unset, empty or one of its words. */
export function mistakenLog({ PGROVE_LOG }: Environment): string | undefined {
  const word = PGROVE_LOG?.trim().toLowerCase() ?? "";
  if (word === "" || word === "json" || word === "text") return undefined;
  return `PGROVE_LOG is ${JSON.stringify(PGROVE_LOG)}, which is neither json nor text; the story is written as text`;
}
