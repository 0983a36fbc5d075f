/**
 * Where a worktree's unit lives: on main's server (`shared-home.ts`), or on a server of its own, which comes and goes with the
 * worktree (`own-home.ts`). Whoever works with homes does not ask which.
 */
import type { WorktreeRow } from "../repo/registry.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Belongings } from "./belongings.ts";

export interface Home {
  /** Its server comes with an empty database, which may be replaced unasked. */
  readonly comesWithDatabase: boolean;
  /** Finds the worktree's data by the marks that they carry, there or not. */
  locate(locating: Locating): Promise<Located>;
  /** The database whose encoding and locale a new one gets. */
  findModel(openMain: () => Promise<LiveTarget>): Promise<string>;
  /** Marks data that were made in a database which was there before. */
  settle(live: LiveTarget, repository: string): Promise<void>;
  /** Brings what the server is started by up to date with the worktree's checkout. */
  renew(): Promise<void>;
  /** Throws (exit 2) when the database cannot stay without what goes. */
  requireSeparable(): void;
  /**
   * Takes away what the worktree has, or puts it aside, or only looks whether that can be done. Throws (exit 5), before
   * anything is taken, when something of it cannot be, or is not what was shown.
   */
  takeAway(destruction: Destruction, extent: Extent): Promise<void>;
}

/** A worktree's data, there or not. */
export interface Located {
  /** As the server has it: a name may have been taken, or be known from the marks alone. */
  row: WorktreeRow;
  live: LiveTarget;
  exists: boolean;
}

/** What is asked for on the way. */
export interface Locating {
  /** The repository's identity. */
  repository: string;
  openMain: () => Promise<LiveTarget>;
  /** Start the worktree's own server when it does not run. */
  start: boolean;
}

/** Whose belongings, and how much of them. */
export interface Destruction {
  /** The repository's identity. */
  repository: string;
  /** The database or schema stays with all that was saved of it, and is the user's from then on. */
  keepDatabase: boolean;
  /** What was shown to whoever agreed: what has come since then was agreed to by nobody. */
  shown: Belongings;
}

/** Only looks whether it can be done, and whether nobody works with it; drops it; or puts it aside. */
export type Extent = "check" | "check-unused" | "destroy" | "park";
