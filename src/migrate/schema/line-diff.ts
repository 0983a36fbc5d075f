/** How two texts differ, line by line, by the shortest edit script. */
import { diffArrays } from "diff";

export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
}

/** Beyond so many changed lines the texts are shown as one block removed and one added: nobody reads more. */
const MOST_EDITS = 2000;

/** Every line of both texts, in order. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [splitLines(before), splitLines(after)];
  const parts = diffArrays(a, b, { maxEditLength: MOST_EDITS });
  if (parts === undefined) return [...mark("removed", a), ...mark("added", b)];
  return parts.flatMap(({ added, removed, value }) => mark(added ? "added" : removed ? "removed" : "same", value));
}

function splitLines(text: string): string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function mark(kind: DiffLine["kind"], lines: readonly string[]): DiffLine[] {
  return lines.map((text) => ({ kind, text }));
}

export interface DiffOptions {
  /** Unchanged lines that are shown around each change. */
  around: number;
  /** The most lines that are shown; what is left out is counted. */
  most: number;
}

/** The changed lines with `-` and `+`, some unchanged ones around them, "…" for what lies between; "" when equal. */
export function formatDiff(lines: readonly DiffLine[], { around, most }: DiffOptions): string {
  const near = new Set<number>();
  lines.forEach(({ kind }, place) => {
    if (kind !== "same") for (let each = place - around; each <= place + around; each++) near.add(each);
  });
  const shown: string[] = [];
  let last = -1;
  lines.forEach(({ kind, text }, place) => {
    if (!near.has(place)) return;
    if (last >= 0 && place > last + 1) shown.push("  …");
    shown.push(`${{ same: " ", removed: "-", added: "+" }[kind]} ${text}`.trimEnd());
    last = place;
  });
  const more = shown.length - most;
  return (more > 1 ? [...shown.slice(0, most), `… and ${more} lines more`] : shown).join("\n");
}
