/**
 * What is isolated and replaced as a whole: a database, or a schema with its role. One contract, two implementations
 * (`database-unit.ts`, `schema-unit.ts`); whoever works with units does not ask which.
 *
 * Every replacement goes the same way: `find` what stands there and have it agreed to, `create` the new one beside it, `swap`.
 */

import type { Claim } from "../postgres/claims.ts";
import type { Session } from "../postgres/occupants.ts";
import type { Sql } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";
import type { ParkNote, Renaming } from "./parking.ts";
import type { Found, Standing } from "./standing.ts";
import type { DatabaseProperties, DatabaseShape } from "./swap.ts";

export interface Unit {
  readonly live: LiveTarget;
  /** For people. */
  readonly noun: "database" | "schema";
  /** What it is called in marks, claims and messages: `shop`, `shop/feature`. */
  readonly label: string;
  readonly place: Place;
  /** PostgreSQL itself can copy it, and disconnects whoever works in it for that; else it is streamed, and nobody is. */
  readonly isWhole: boolean;
  /** What is put there keeps its owners; else all of it belongs to the worktree's role. */
  readonly keepsOwners: boolean;
  claims(mode: Claim["mode"]): readonly Claim[];
  /** Whether the other one is this one, or lies in it. */
  includes(other: Unit): boolean;

  /** What stands there, and would be lost; undefined where there is nothing. */
  find(work: Work): Promise<Loss | undefined>;
  /** Throws (exit 5), naming what is in the way, when what stands there may not be replaced. */
  requireReplaceable(work: Work): Promise<void>;
  /** How a database is made in which it is built; undefined where nothing is there to go by. */
  findShape(work: Work): Promise<DatabaseShape | undefined>;
  /** Builds what is to take its place. It goes when the operation ends without a swap. */
  create(work: Work, fill: Fill): Promise<Built>;
  /** Builds a copy of another one, or of the part of it that fits. */
  createCopy(work: Work, source: LiveTarget, request: CopyFill): Promise<Built>;
  /** Builds an empty one. */
  createEmpty(work: Work, request: EmptyFill): Promise<Built>;
  /**
   * Puts what was built in the place of what stands there. Throws and leaves that as it was when it cannot be done, and
   * (exit 5) when it is not what was agreed to.
   */
  swap(work: Work, built: Built, request: SwapRequest): Promise<Replaced>;

  /** Throws (exit 5) when it cannot be saved. */
  requireSavable(work: Work): Promise<void>;
  /** Who would be disconnected for a moment when it is saved. */
  listInTheWay(work: Work): Promise<Session[]>;
  /** Saves it as a database of the run's, which goes at the end unless it is renamed. */
  save(work: Work, whenBusy: AskWhenBusy): Promise<Saved>;

  /** What a worktree owns here, found by its marks; main's database is never among it. */
  findOwned(work: Work, worktree: string, main: string): Promise<Owned>;
  /** Gives parked ones their names back, all or none. Throws (exit 5) when one is another than was looked at. */
  bringBack(work: Work, renamings: readonly Renaming[]): Promise<void>;
}

/** Where a unit is. */
export interface Place {
  database: string;
  schema?: string;
}

/** What a restore, copy, reset or rewind replaces. */
export interface Loss extends Place {
  noun: Unit["noun"];
  /** The unit's. */
  label: string;
  sizeBytes: number;
  sessions: Session[];
  /** Whose loss is agreed to; undefined where only the name is there. */
  standing: Standing | undefined;
  /** Why it is not the worktree's whose name it has, in words; undefined where it is. */
  stranger?: string | undefined;
  /** A copy or restore keeps it under another name until the next one. */
  kept: boolean;
  /** What was kept the last time under the name that it is kept under now, and goes for it. */
  older?: KeptState;
}

/** A replaced or saved state that goes. */
export interface KeptState {
  database: string;
  sizeBytes: number;
  standing: Standing;
}

/** Makes and fills the run's scratch database. */
export type Fill = () => Promise<Filled>;

export interface Filled {
  /** The scratch database, analyzed. */
  database: string;
  /** Which of its schemas is meant where only one is wanted, by preference; its only one where it has none of these. */
  wanted: readonly string[];
  /** What that schema's tables must have; left out, what they have there. */
  rows?: RowCounts;
}

/** How many rows each table of a schema has, by its name; undefined where policies keep them from the login. */
export type RowCounts = ReadonlyMap<string, number | undefined>;

/** What to do about the sessions of a source: end them for that second, wait until they have left, or stream. */
export type WhenBusy = "disconnect" | "wait" | "stream";
export type AskWhenBusy = (sessions: Session[]) => Promise<WhenBusy>;

export type CopyStrategy = "auto" | "template" | "stream";

export interface CopyFill {
  strategy: CopyStrategy;
  /** No rows. */
  schemaOnly: boolean;
  /** The search_path to stream it with; left out, none. */
  searchPath?: string | undefined;
  /** The source is on the unit's server. */
  oneServer: boolean;
  whenBusy: AskWhenBusy;
  /** The schemas of a source that is a whole database, by preference, where one is wanted. */
  wanted: readonly string[];
}

export interface EmptyFill {
  /** The database whose encoding and locale a new one gets. */
  like: () => Promise<string>;
}

/** What waits to take a unit's place. */
export interface Built {
  /** The scratch database, or the schema that waits in the target's. */
  name: string;
  strategy: "template" | "stream";
  /** What a new database is given of its source. */
  properties?: DatabaseProperties;
}

/** How what is replaced is kept. */
export interface Keeping {
  /** The name of the database that it is kept as. */
  name: string;
  /** The statements that make a database of that name a kept one, run in the transaction that names it. */
  seal: (database: string) => readonly string[];
  /** The databases of older ones, which are dropped for it. Throws when the name is somebody else's. */
  findOlder: (sql: Sql) => Promise<string[]>;
}

export interface SwapRequest {
  /** What was agreed to be replaced; undefined where there was nothing. */
  agreed: Standing | undefined;
  /** The older kept state that was agreed to go; undefined where there was none. */
  older?: Standing | undefined;
  /** Services that use it, stopped around the swap. */
  services: readonly string[];
  /** How what is replaced is kept; left out, as the unit does by itself. */
  keeping?: Keeping;
  /** Where the unit would keep it by itself: drop it at once. */
  discardPrevious: boolean;
  /** The comment of one that did not exist before, or that takes a stranger's place; left out, a worktree's mark. */
  comment?: string | undefined;
}

export interface Replaced {
  /** The database that what was replaced is kept as, with all that was written to it until then. */
  previous?: string;
  sizeBytes: number;
  servicesRestarted: number;
  /** For the journal. */
  details: Record<string, unknown>;
}

export interface Saved {
  database: string;
  strategy: "template" | "stream";
}

/** What a worktree owns, with all that was saved of it. */
export interface Owned {
  /** The names of its databases, with those that were saved of it or replaced. */
  databases: readonly string[];
  /** Of these, the ones that are marked as its own. */
  own: readonly string[];
  /** All of it, for comparison with what was shown. */
  found: readonly Found[];
  /** Throws (exit 5) when something of it cannot be dropped. */
  requireDroppable(): Promise<void>;
  /** Throws (exit 5) when the marks cannot be taken off. */
  requireReleasable(): Promise<void>;
  /** Takes the marks off: it is the user's from then on. */
  release(): Promise<void>;
  /** Throws (exit 5), naming who, while somebody works with it. */
  requireUnused(): Promise<void>;
  /** Puts aside what is in its place, all or nothing. */
  park(note: ParkNote): Promise<void>;
  /** Drops it, one after the other: by the mark of the last the rest is found again. */
  drops: readonly (() => Promise<void>)[];
}
