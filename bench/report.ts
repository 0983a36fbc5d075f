/** What was measured, what it is bound by, and the table of both. */
import { formatMs, median, quantile, type Series } from "./measure.ts";

/** One figure and what became of its bound. Times in ms, memory and files in bytes. */
export interface Row {
  what: string;
  unit: "ms" | "bytes";
  /** What pgrove took and what the other took, round by round. */
  subject?: Series;
  against?: Series;
  /** The number that the bound is about: of each round, and in sum. */
  values: Series;
  value: number;
  shown: string;
  /** Between which two values half of the rounds are; empty where the number is no median of several. */
  spread: string;
  /** Left out: for information only. */
  bound?: { text: string; met: boolean };
}

interface Figure extends Omit<Row, "unit" | "value" | "shown" | "spread" | "bound"> {
  unit?: "ms" | "bytes";
  /** The rounds' median unless it says otherwise. */
  value?: number;
  format: (value: number) => string;
  /** What stands behind the number: "the time". */
  words?: string;
  bound?: Bound | undefined;
}

interface Bound {
  text: string;
  holds: (value: number) => boolean;
}

function toRow({ format, words = "", bound, ...figure }: Figure): Row {
  const { values, unit = "ms", value = median(values) } = figure;
  const isMedian = figure.value === undefined && values.length > 1;
  const spread = !isMedian ? "" : `${format(quantile(values, 0.25))} to ${format(quantile(values, 0.75))}`;
  const row: Row = { ...figure, unit, value, shown: `${format(value)} ${words}`.trim(), spread };
  return bound === undefined ? row : { ...row, bound: { text: bound.text, met: bound.holds(value) } };
}

function atLeastBound(least: number | undefined, format: (value: number) => string): Bound | undefined {
  return least === undefined ? undefined : { text: `≥ ${format(least)}`, holds: (value) => value >= least };
}

function atMostBound(most: number | undefined, format: (value: number) => string): Bound | undefined {
  return most === undefined ? undefined : { text: `≤ ${format(most)}`, holds: (value) => value <= most };
}

const formatTimes = (value: number) => `${value.toFixed(2)}×`;
const formatTimesBound = (value: number) => `${value}×`;

/** How many times as fast, round by round. */
export function timesAsFast(what: string, subject: Series, against: Series, atLeast?: number): Row {
  const bound = atLeastBound(atLeast, formatTimesBound);
  const values = divide(against, subject);
  return toRow({ what, subject, against, values, format: formatTimes, words: "as fast", bound });
}

/** How many times the other's time, round by round. */
export function timesAsLong(what: string, subject: Series, against: Series, atMost?: number): Row {
  const bound = atMostBound(atMost, formatTimesBound);
  const values = divide(subject, against);
  return toRow({ what, subject, against, values, format: formatTimes, words: "the time", bound });
}

/** How many times the other's memory, round by round. */
export function timesTheMemory(what: string, subject: Series, against: Series): Row {
  const values = divide(subject, against);
  return toRow({ what, unit: "bytes", subject, against, values, format: formatTimes, words: "the memory" });
}

/** Pair by pair: what slows both down for a while then leaves their ratio as it is. */
function divide(above: Series, below: Series): number[] {
  if (above.length !== below.length) throw new Error("only what took turns can be compared");
  return above.map((value, round) => value / (below[round] ?? Number.NaN));
}

/** A time of its own, with nothing beside it. */
export function takesAtMost(what: string, subject: Series, mostMs: number): Row {
  const bound = atMostBound(mostMs, (ms) => (ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`));
  return toRow({ what, subject, values: subject, format: formatMs, bound });
}

/** So many rows in that time. */
export function rowsPerSecond(what: string, subject: Series, rows: number, atLeast?: number): Row {
  const format = (value: number) => Math.round(value).toLocaleString("en");
  const values = subject.map((ms) => rows / (ms / 1000));
  return toRow({ what, subject, values, format, words: "rows/s", bound: atLeastBound(atLeast, format) });
}

/** Memory at its most: the largest of all rounds counts. A peak of 0 was not seen. */
export function memoryBelow(what: string, peaks: Series, most: number): Row {
  const bound = { text: `< ${most / 1e6} MB`, holds: (value: number) => value > 0 && value < most };
  return toRow({ what, unit: "bytes", values: peaks, value: Math.max(...peaks), format: formatMegabytes, bound });
}

/** Files at their most: the largest of all rounds counts, against the size of something else. */
export function filesAtMost(what: string, sizes: Series, most: number, text: string): Row {
  const bound = { text, holds: (value: number) => value <= most };
  return toRow({ what, unit: "bytes", values: sizes, value: Math.max(...sizes), format: formatMegabytes, bound });
}

const HEAD = ["", "pgrove", "against", "measured", "middle half", "bound", ""];

function toCells({ what, unit, subject, against, shown, spread, bound }: Row): string[] {
  const format = unit === "ms" ? formatMs : formatMegabytes;
  const show = (series: Series | undefined) => (series === undefined ? "" : format(median(series)));
  const verdict = bound === undefined ? "" : bound.met ? "met" : "not met";
  return [what, show(subject), show(against), shown, spread, bound?.text ?? "", verdict];
}

/** The rows as a table for a terminal. */
export function renderRows(rows: readonly Row[]): string {
  const table = [HEAD, ...rows.map(toCells)];
  const widths = HEAD.map((_, column) => Math.max(...table.map((line) => Bun.stringWidth(line[column] ?? ""))));
  const pad = (text: string, column: number) => text + " ".repeat((widths[column] ?? 0) - Bun.stringWidth(text));
  return table.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

/** The rows as the README's table. */
export function renderMarkdown(rows: readonly Row[]): string {
  const lines = [HEAD, HEAD.map(() => "---"), ...rows.map(toCells)].map((cells) => {
    const shown = cells.map((text) => (text === "not met" ? "**not met**" : text.replaceAll("|", "\\|")));
    return `| ${shown.join(" | ")} |`;
  });
  return lines.join("\n");
}

/** Names and values as a list of Markdown. */
export function renderList(entries: readonly (readonly [name: string, value: string])[]): string {
  return entries.map(([name, value]) => `- ${name}: ${value}`).join("\n");
}

/** "43.1 MB". */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1)} MB`;
}
