/** One thing that the doctor looked at. */
export interface Check {
  name: string;
  /** "skipped" where it is not needed here. */
  state: "ok" | "problem" | "skipped";
  /** What was found, in a few words. */
  found: string;
  /** The command to type, or what to change. */
  fix?: string;
}
