/** Progress for people: one line redrawn on a terminal, elsewhere a line now and then. */
import type { ProgressEvent } from "../sys/operation.ts";
import { visibleOnOneLine } from "../sys/visible-text.ts";
import { formatBytes, formatCount, formatDuration, plural } from "./format.ts";
import type { Output } from "./output.ts";

const REDRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 5000;
const BAR_CELLS = 20;
/** The rate is that of the last seconds, not of the whole: it is to say how things go now. */
const RATE_WINDOW_MS = 3000;

export interface ProgressOptions {
  /** Whether a line may be redrawn. */
  redraw: boolean;
  columns(): number;
  nowMs(): number;
}

/** Takes an operation's progress events; they may come as fast as they like. */
export function createProgress(
  output: Pick<Output, "note" | "live">,
  options: ProgressOptions,
): (event: ProgressEvent) => void {
  let phase = "";
  let beganMs = 0;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let subject: string | undefined;
  let samples: Sample[] = [];

  return (event) => {
    const now = options.nowMs();
    if (event.phase !== phase) {
      phase = event.phase;
      beganMs = now;
      samples = [];
      subject = undefined;
      drawnMs = options.redraw ? Number.NEGATIVE_INFINITY : now;
    }
    if (event.rows !== undefined && event.subject !== subject) samples = []; // each table's rows count from 0
    subject = event.subject ?? subject;
    const amount = event.rows ?? event.bytes;
    if (amount !== undefined) samples = recent([...samples, { atMs: now, amount }], now);
    if (now - drawnMs < (options.redraw ? REDRAW_EVERY_MS : LINE_EVERY_MS)) return;
    drawnMs = now;
    const parts = describe({ ...event, ...(subject === undefined ? {} : { subject }) }, rateOf(samples), now - beganMs);
    if (options.redraw) output.live(fit(parts, options.columns()));
    else output.note(parts.join("  "));
  };
}

/** How much was done by then: bytes or rows. */
interface Sample {
  atMs: number;
  amount: number;
}

function recent(samples: Sample[], now: number) {
  const first = samples.findIndex(({ atMs }) => now - atMs <= RATE_WINDOW_MS);
  // Many events in a millisecond tell no more than the last of them.
  const kept = samples.slice(Math.max(first - 1, 0));
  const [previous, last] = kept.slice(-2);
  const same = kept.length > 2 && previous !== undefined && last !== undefined && last.atMs - previous.atMs < 20;
  return same ? [...kept.slice(0, -2), last] : kept;
}

function rateOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < 200) return undefined;
  return ((last.amount - first.amount) * 1000) / (last.atMs - first.atMs);
}

function describe(event: ProgressEvent, rate: number | undefined, elapsedMs: number): string[] {
  if (event.rows !== undefined) return describeRows(event, event.rows, rate);
  const parts = [event.phase];
  const { bytes, totalBytes } = event;
  if (bytes !== undefined && totalBytes !== undefined && totalBytes > 0) {
    const share = Math.min(bytes / totalBytes, 1);
    parts.push(`${drawBar(share)} ${String(Math.floor(share * 100)).padStart(3)}%`);
    parts.push(`${formatBytes(bytes)} of ${formatBytes(totalBytes)}`);
  } else if (bytes !== undefined) parts.push(formatBytes(bytes));
  if (rate !== undefined) parts.push(`${formatBytes(Math.max(0, Math.round(rate)))}/s`);
  else if (elapsedMs >= 1000) parts.push(formatDuration(elapsedMs));
  if (event.subject !== undefined) parts.push(visibleOnOneLine(event.subject));
  return parts;
}

function describeRows({ phase, subject, totalRows = 0 }: ProgressEvent, rows: number, rate = 0): string[] {
  const parts = [phase];
  if (subject !== undefined) parts.push(visibleOnOneLine(subject));
  if (totalRows > 0) {
    const share = Math.min(rows / totalRows, 1);
    parts.push(`${drawBar(share)} ${String(Math.floor(share * 100)).padStart(3)}%`);
    parts.push(`${formatCount(rows)} of ${plural(totalRows, "row")}`);
  } else parts.push(plural(rows, "row"));
  if (rate > 0) parts.push(`${formatCount(rate)} rows/s`);
  if (rate > 0 && totalRows > rows) parts.push(`${formatDuration(((totalRows - rows) * 1000) / rate)} left`);
  return parts;
}

function drawBar(share: number): string {
  const full = Math.round(share * BAR_CELLS);
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
}

/** A line that wraps cannot be redrawn: what does not fit is cut. */
function fit(parts: readonly string[], columns: number): string {
  let line = "";
  for (const character of parts.join("  ")) {
    if (Bun.stringWidth(line + character) > Math.max(columns - 1, 10)) break;
    line += character;
  }
  return line;
}
