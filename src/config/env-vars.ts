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
