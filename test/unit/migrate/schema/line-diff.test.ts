import { describe, expect, test } from "bun:test";
import { type DiffLine, diffLines, formatDiff } from "../../../../src/migrate/schema/line-diff.ts";

const side = (lines: readonly DiffLine[], without: DiffLine["kind"]) =>
  lines.filter(({ kind }) => kind !== without).map(({ text }) => text);

/** Repeatable pseudo-random numbers. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    yield state >> 8;
  }
}

describe("diffLines", () => {
  test("holds every line of both texts in order, whatever they are", () => {
    const random = numbers(7);
    const next = (below: number) => Number(random.next().value) % below;
    for (let round = 0; round < 300; round++) {
      const text = () => Array.from({ length: next(12) }, () => "abcd"[next(4)] ?? "");
      const [before, after] = [text(), text()];
      const lines = diffLines(before.join("\n"), after.join("\n"));
      const split = (part: string[]) => (part.length === 0 || part.join("\n") === "" ? [] : part);
      expect(side(lines, "added")).toEqual(split(before));
      expect(side(lines, "removed")).toEqual(split(after));
    }
  });

  test("changes no more than it must", () => {
    const changed = diffLines("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc").filter(({ kind }) => kind !== "same");
    expect(changed).toHaveLength(5); // the example of Myers' paper
  });

  test("texts that have nothing in common, each of many lines, are two blocks", () => {
    const text = (word: string) => Array.from({ length: 3000 }, (_, line) => `${word} ${line}`).join("\n");
    const lines = diffLines(text("a"), text("b"));
    expect(lines).toHaveLength(6000);
    expect(lines[2999]).toEqual({ kind: "removed", text: "a 2999" });
  });
});

describe("formatDiff", () => {
  const numbered = (skip: number[], add: Record<number, string> = {}) =>
    Array.from({ length: 20 }, (_, line) => line)
      .filter((line) => !skip.includes(line))
      .map((line) => add[line] ?? `line ${line}`)
      .join("\n");

  test("shows what changed with its surroundings", () => {
    const lines = diffLines(numbered([]), numbered([3], { 15: "another" }));
    expect(formatDiff(lines, { around: 1, most: 80 }).split("\n")).toEqual([
      "  line 2",
      "- line 3",
      "  line 4",
      "  …",
      "  line 14",
      "- line 15",
      "+ another",
      "  line 16",
    ]);
  });

  test("is empty when nothing differs, and counts what it leaves out", () => {
    expect(formatDiff(diffLines("a\nb", "a\nb"), { around: 3, most: 80 })).toBe("");
    const shown = formatDiff(diffLines("", numbered([])), { around: 0, most: 5 });
    expect(shown.split("\n").slice(4)).toEqual(["+ line 4", "… and 15 lines more"]);
  });
});
