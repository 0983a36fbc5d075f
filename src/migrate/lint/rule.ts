/** What a lint rule is, and what it is given to judge a statement by. */
import type { LintLevel } from "../../config/schema-migrations.ts";
import type { Node } from "../../sql/parser.ts";
import type { Direction } from "../migration.ts";
import type { ChangeFacts } from "./facts.ts";
import type { PastFacts } from "./past.ts";
import type { ScriptState } from "./script-state.ts";

/** Something that a rule objects to. */
export interface Breach {
  message: string;
  /** What to do instead. */
  hint?: string;
  /** Where, as the parser counts: bytes from the beginning of the parsed text. Left out: where the statement begins. */
  location?: number | undefined;
}

/** What is known where a statement stands. */
export interface Around {
  direction: Direction;
  /** What the same change has made up to here; of a down: all that its ups made. */
  facts: ChangeFacts;
  /** What was made before the statement, by earlier migrations and by this change. */
  past: PastFacts;
  /** Where the script is: in a transaction, with which settings. */
  state: ScriptState;
  /** Whether the statement stands in a body of a DO block or a function. */
  body: "do" | "function" | undefined;
}

export interface Rule {
  name: string;
  level: LintLevel;
  /** What it finds, in a few words. */
  about: string;
  /** Whether it judges down scripts, too. */
  down?: boolean;
  /** Whether it judges the bodies of functions, too: they are only stored now, and run later. */
  functions?: boolean;
  check(node: Node, around: Around): Iterable<Breach>;
}
