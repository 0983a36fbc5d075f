/** How two texts differ, line by line, by the shortest edit script (Myers, "An O(ND) Difference Algorithm", 1986). */

export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
}

/** Beyond so many changed lines the texts are shown as one block removed and one added: nobody reads more. */
const MOST_EDITS = 2000;

/** Every line of both texts, in order. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [splitLines(before), splitLines(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return [
    ...mark("same", a.slice(0, start)),
    ...diffMiddle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...mark("same", a.slice(a.length - end)),
  ];
}

function splitLines(text: string): string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function mark(kind: DiffLine["kind"], lines: readonly string[]): DiffLine[] {
  return lines.map((text) => ({ kind, text }));
}

function diffMiddle(a: readonly string[], b: readonly string[]): DiffLine[] {
  const trace = findPath(a, b);
  return trace === undefined ? [...mark("removed", a), ...mark("added", b)] : walkBack(a, b, trace);
}

/** How far each diagonal comes with a number of edits, from diagonal -edits - 1 to edits + 1. */
type Reach = Int32Array;

/** The reach with 0, 1, 2… edits, until the end of both texts is reached; undefined when that takes too many. */
function findPath(a: readonly string[], b: readonly string[]): Reach[] | undefined {
  const most = Math.min(MOST_EDITS, a.length + b.length);
  const center = most + 1;
  const reach = new Int32Array(2 * most + 3).fill(-1);
  reach[center + 1] = 0;
  const trace: Reach[] = [];
  for (let edits = 0; edits <= most; edits++) {
    const known = reach.slice(center - edits - 1, center + edits + 2);
    trace.push(known);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = stepInto(known, diagonal, edits).x;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      reach[center + diagonal] = x;
      if (x >= a.length && x - diagonal >= b.length) return trace;
    }
  }
  return undefined;
}

/** The better last edit on the way into a diagonal: from which one it comes, and how far that leads. */
function stepInto(known: Reach, diagonal: number, edits: number): { from: number; fromX: number; x: number } {
  const at = (each: number) => known[each + edits + 1] ?? -1;
  const adds = diagonal === -edits || (diagonal !== edits && at(diagonal - 1) < at(diagonal + 1));
  const from = adds ? diagonal + 1 : diagonal - 1;
  return { from, fromX: at(from), x: adds ? at(from) : at(from) + 1 };
}

function walkBack(a: readonly string[], b: readonly string[], trace: readonly Reach[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (const [edits, known] of [...trace.entries()].reverse()) {
    const { from, fromX } = stepInto(known, x - y, edits);
    const fromY = fromX - from;
    for (; x > fromX && y > fromY; x--, y--) lines.push({ kind: "same", text: a[x - 1] ?? "" });
    if (edits === 0) break;
    lines.push(x === fromX ? { kind: "added", text: b[y - 1] ?? "" } : { kind: "removed", text: a[x - 1] ?? "" });
    [x, y] = [fromX, fromY];
  }
  return lines.reverse();
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
