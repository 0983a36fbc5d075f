/** What is run, and who is told what of it. */
import type { Env } from "./child-environment.ts";

export const ENGINES = ["docker", "podman"] as const;
/** A container engine. */
export type EngineName = (typeof ENGINES)[number];

/** A program to run, as data: computed purely, run elsewhere. */
export interface Command {
  file: string;
  args: readonly string[];
  /** Added to pgrove's own environment, from which git's and libpq's variables have been taken out. */
  env: Env;
  /** Never shown, wherever they turn up in argv or output. */
  secrets: readonly string[];
  cwd?: string;
  /** The program runs elsewhere (in a container): signals to the child do not reach it. */
  remote?: boolean;
  /**
   * What the program is fed in place of the rest when its input ends early, so that it does nothing with what it has of
   * something unfinished. It is then fed whole lines only.
   */
  takeBack?: string;
  /** The child prints `<proof> <exit code>` on stderr when the program inside has ended; without it, it was cut off. */
  proof?: string;
}

export interface Streams {
  /** Told the process's number once it has started. */
  started?: (pid: number) => void;
  input?: AsyncIterable<Uint8Array>;
  /** Awaited for each piece of stdout: this is the back pressure. */
  output?: (chunk: Uint8Array) => void | Promise<void>;
  /** Each line of stderr as it comes, without secrets. */
  line?: (line: string) => void;
  /** The same as it was said: to be read, never to be shown. A password may be part of a table's name. */
  rawLine?: (line: string) => void;
  /** What is left of a line of stderr, as it was said, when whoever waits for a word has taken it; undefined: nothing. */
  sift?: (line: string) => string | undefined;
}
