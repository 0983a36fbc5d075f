/** What one statement does, before anything is counted. */

import type { Node } from "../../sql/parser.ts";
import type { ChangeFacts } from "../lint/facts.ts";
import type { Catalog } from "./impact-catalog.ts";
import type { LockMode, Work } from "./impact-model.ts";

/** A table that a statement locks, and what it does with its rows. */
export interface Touch {
  table: string;
  lock: LockMode;
  work: Work;
}

/** Something whose amount is still to be counted. */
export type LossPlan =
  | { kind: "column"; verb: "drops" | "narrows"; table: string; column: string }
  | { kind: "rows"; verb: "drops" | "empties"; table: string }
  /** Of these two nobody can tell the amount. */
  | { kind: "some"; verb: "deletes"; table: string }
  | { kind: "other"; verb: "drops"; what: string };

export interface Effect {
  summary: string;
  touches: readonly Touch[];
  losses: readonly LossPlan[];
}

/** Tells a statement's effect; undefined of statements that are another's to tell. */
export type Describe = (node: Node, catalog: Catalog, facts: ChangeFacts) => Effect | undefined;
