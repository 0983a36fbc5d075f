import type { Target } from "../resolve/target.ts";

/** One thing that the doctor looked at. */
export interface Check {
  name: string;
  /** "skipped" where it is not needed here. */
  state: "ok" | "problem" | "skipped";
  /** What was found, in a few words. */
  found: string;
  /** The command to type, or what to change. */
  fix?: string;
  /** What `doctor --fix` does about it, once it is agreed to. */
  mends?: readonly Mend[];
}

/** One thing that can be mended. */
export interface Mend {
  /** What will be done, as a sentence. */
  what: string;
  /** Whose consent it takes, where it is something in a server; left out, it is something of this machine. */
  target?: Target;
  run(): Promise<void>;
}
