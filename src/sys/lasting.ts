/** How long something has lasted, as it was seen again and again. A clock may jump: it is not believed alone. */
import type { Moment } from "./machine.ts";

/** What is written down of it. */
export interface Lasting {
  /** When it was seen first, by the clock. */
  since: string;
  /** For how long, for certain. */
  forMs: number;
  /** When it was seen last. */
  seenAt: string;
  boot: string;
  upMs: number;
}

/** How much of the time before the machine's start counts from one look to the next: there only the clock tells of it. */
const MOST_UNSEEN_MS = 24 * 3_600_000;

/**
 * What is to be written down when it is seen, for the first time or once more. What counts of the time in between is no
 * more than the clock says, and no more than the machine has run, but for a day.
 */
export function lastingAt(before: Lasting | undefined, { now, boot, upMs }: Moment): Lasting {
  const seenAt = now.toISOString();
  if (before === undefined) return { since: seenAt, forMs: 0, seenAt, boot, upMs };
  const byClock = now.getTime() - Date.parse(before.seenAt);
  const ranOn = boot !== "" && boot === before.boot;
  const most = ranOn ? upMs - before.upMs : MOST_UNSEEN_MS + (boot === "" ? 0 : upMs);
  const passed = Math.max(0, Math.min(byClock, most));
  return { since: before.since, forMs: before.forMs + passed, seenAt, boot, upMs };
}
