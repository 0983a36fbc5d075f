/** What was measured, what was claimed, and the table of both. */
import { formatMs, type Timing } from "./measure.ts";

/** A claim and what became of it. Times in ms, memory and files in bytes. */
export interface Row {
  what: string;
  /** What is measured against what, for the JSON. */
  subject?: Timing;
  against?: Timing;
  /** The number that the claim is about. */
  value: number;
  shown: string;
  /** Left out: for information only. */
  claim?: { text: string; met: boolean };
}

/** "At least so many times as fast": how often the subject fits into the other's time. */
export function timesAsFast(what: string, subject: Timing, against: Timing, atLeast?: number): Row {
  const value = against.medianMs / subject.medianMs;
  const row: Row = { what, subject, against, value, shown: `${value.toFixed(2)}× as fast` };
  return atLeast === undefined ? row : { ...row, claim: { text: `≥ ${atLeast}×`, met: value >= atLeast } };
}

/** "At most so many times the time". */
export function timesAsLong(what: string, subject: Timing, against: Timing, atMost?: number): Row {
  const value = subject.medianMs / against.medianMs;
  const row: Row = { what, subject, against, value, shown: `${value.toFixed(2)}× the time` };
  return atMost === undefined ? row : { ...row, claim: { text: `≤ ${atMost}×`, met: value <= atMost } };
}

/** The sum of two timings, as if one had followed the other. */
export function addTimings(a: Timing, b: Timing): Timing {
  const runs = a.runs.map((ms, index) => ms + (b.runs[index] ?? b.medianMs));
  return { runs, minMs: a.minMs + b.minMs, medianMs: a.medianMs + b.medianMs };
}

/** The rows as a table for people. */
export function renderRows(rows: readonly Row[]): string {
  const cells = rows.map(({ what, subject, against, shown, claim }) => [
    what,
    subject === undefined ? "" : formatTiming(subject),
    against === undefined ? "" : formatTiming(against),
    shown,
    claim?.text ?? "",
    claim === undefined ? "" : claim.met ? "met" : "NOT met",
  ]);
  const table = [["", "pgrove: median (min)", "against: median (min)", "measured", "claim", ""], ...cells];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((line) => Bun.stringWidth(line[column] ?? "")))) ?? [];
  const pad = (text: string, column: number) => text + " ".repeat((widths[column] ?? 0) - Bun.stringWidth(text));
  return table.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

function formatTiming({ medianMs, minMs }: Timing): string {
  return `${formatMs(medianMs)} (${formatMs(minMs)})`;
}

/** "43.1 MB". */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1)} MB`;
}
