/** Numbers for people. Under --json they stay numbers. */
import { formatCount } from "../sys/amounts.ts";

export { formatBytes, formatCount, formatDuration, plural } from "../sys/amounts.ts";

const AGES: readonly (readonly [number, string])[] = [
  [86_400 * 365, "year"],
  [86_400 * 30, "month"],
  [86_400 * 7, "week"],
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

/** How long ago, in words: "3 hours ago". What lies in the future (two clocks apart) is "just now". */
export function formatAge(then: Date, now: Date): string {
  const seconds = Math.floor((now.getTime() - then.getTime()) / 1000);
  for (const [size, unit] of AGES) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${formatCount(count)} ${unit}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

/** Text with its lines broken between words, at most `columns` wide; line breaks that it has stay. */
export function wrapText(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => {
      const lines: string[] = [];
      for (const word of line.split(" ")) {
        const last = lines.at(-1);
        if (last === undefined || Bun.stringWidth(`${last} ${word}`) > columns) lines.push(word);
        else lines[lines.length - 1] = `${last} ${word}`;
      }
      return lines.join("\n");
    })
    .join("\n");
}

/** Whole milliseconds, as documents have them. */
export function wholeMs(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
