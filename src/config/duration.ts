/** Times as people write them: 500ms, 5s, 2m, 24h, 7d. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

export const DURATION = /^(?:0|(\d+(?:\.\d+)?)(ms|s|m|h|d|w))$/;

/** Whole milliseconds; undefined when it is no time. A bare 0 needs no unit. */
export function durationMs(written: string): number | undefined {
  const [whole, amount, unit] = DURATION.exec(written) ?? [];
  if (whole === "0") return 0;
  const factor = UNITS_MS[unit ?? ""];
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
}
