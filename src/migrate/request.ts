/** What `migrate up`, `down` and `goto` are asked to do, and what they ask and tell on the way. */

import type { WhenConnected } from "../copy/snapshot.ts";
import type { Session } from "../postgres/occupants.ts";
import type { Target } from "../resolve/target.ts";
import type { WhenBusy } from "../unit/unit.ts";
import type { StepImpact } from "./impact/impact-model.ts";
import type { Direction, Step } from "./migration.ts";
import type { Backup } from "./run/backup.ts";
import type { Rehearsal } from "./run/rehearse.ts";
import type { HowFar } from "./run/target-words.ts";
import type { BackupWish } from "./settings.ts";

/** How long another run that migrates is waited for where nothing is said. */
export const USUAL_LOCK_WAIT_MS = 60_000;

export interface RunOptions {
  dryRun: boolean;
  rehearse: boolean;
  backup: BackupWish;
  allowOutOfOrder: boolean;
  /** How long to wait for another run. */
  lockWaitMs: number;
  statementTimeoutMs: number | undefined;
  /** How long to wait for a server that is not there yet. */
  waitMs: number;
}

export interface MigrateRequest {
  verb: Direction | "goto";
  /** The target as it was typed. */
  target: string | undefined;
  /** How far, as it was typed. */
  word?: string | undefined;
  /** What is for another tool's command. */
  toolWords: readonly string[];
  /** The wish, once it is known how many migrations there are. */
  wish(known: number): HowFar;
  options: RunOptions;
  /** Load the schema file first. */
  fromSchema?: boolean;
}

/** What somebody has to agree to before it is run. */
export interface Agreement {
  target: Target;
  steps: readonly Step[];
  /** What they do to the data; none where nobody would read it. */
  impacts: readonly StepImpact[];
  /** One that is gone on with would do again what it has committed. */
  repeats: boolean;
  /** It was tried on a copy before. */
  rehearsed: boolean;
}

/** Asks and tells. What asks throws where it is not agreed to. */
export interface MigrateDialogue {
  /** Whether somebody may read what the steps do to the data, although the target is not protected. */
  readonly readsImpact: boolean;
  consent(agreement: Agreement): Promise<void>;
  consentToTool(command: string, target: Target): Promise<void>;
  /** Resolves once the commands of pgrove.yaml are approved. */
  trust(): Promise<void>;
  /** Asked when the target has to be disconnected for a moment to be copied as a template. */
  whenBusy(target: Target, sessions: readonly Session[]): Promise<WhenBusy>;
  /** Asked when a snapshot would disconnect somebody for a second. */
  whenConnected(target: Target, sessions: readonly Session[]): Promise<WhenConnected | "dump">;
  /** The schema file is loaded, which holds so many migrations. */
  tellSchemaStart(file: string, count: number): void;
  tellBackup(backup: Backup): void;
  tellRehearsal(rehearsal: Rehearsal, target: Target): void;
  /** The exact command that brings a backup back; `target` is the word for it, where it has one. */
  restoreCommand(backup: Backup, target: string | undefined): string;
  /** The command as it was typed, with one more option: for hints. */
  commandWith(option: string): string;
}
