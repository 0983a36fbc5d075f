/** Values as people read them. */

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 45.3 MB, by thousands, as the command line has it. */
export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return "–";
  let [value, unit] = [size, 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString("en-US");
}

const STEPS: readonly [number, string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

/** 3 h ago. */
export function age(time: string | null | undefined): string {
  if (time === null || time === undefined) return "never";
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  const step = STEPS.find(([size]) => seconds >= size);
  return step === undefined ? "just now" : `${Math.floor(seconds / step[0])} ${step[1]} ago`;
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  const seconds = ms / 1000;
  const step = STEPS.find(([size]) => seconds >= size);
  if (step !== undefined) return `${Math.floor(seconds / step[0])} ${step[1]}`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${seconds.toFixed(1)} s`;
}

/** A name or value of others, with what would not be seen, or would turn its neighbours round, written out. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

/** The same of a text of several lines, which stay. */
export function visibleLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => visible(line.replaceAll("\t", "    ")))
    .join("\n");
}

/** 1 dump, 2 dumps. */
export function plural(many: number, noun: string): string {
  return `${count(many)} ${noun}${many === 1 ? "" : "s"}`;
}

/** A word of a command line. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A path of the API with names in it. */
export function pathOf(parts: TemplateStringsArray, ...names: string[]): string {
  return parts.map((part, at) => part + (at < names.length ? encodeURIComponent(names[at] ?? "") : "")).join("");
}
