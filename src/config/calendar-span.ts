/** Spans of the calendar as restic's `--keep-within` takes them: 48h, 7d, 2m15d, 1y6m. A month is `m`, and has no fixed length. */

export interface CalendarSpan {
  years: number;
  months: number;
  days: number;
  hours: number;
}

export const CALENDAR_SPAN = /^(?=\d)(?:(\d{1,4})y)?(?:(\d{1,4})m)?(?:(\d{1,5})w)?(?:(\d{1,6})d)?(?:(\d{1,7})h)?$/;

/** Undefined when the text is no such span. Weeks, which restic does not have, are seven days. */
export function parseCalendarSpan(written: string): CalendarSpan | undefined {
  const found = CALENDAR_SPAN.exec(written);
  if (found === null) return undefined;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return { years, months, days: weeks * 7 + days, hours };
}

/** Whether it spans nothing. */
export function isNoSpan({ years, months, days, hours }: CalendarSpan): boolean {
  return years + months + days + hours === 0;
}

/** As it is written: `1y6m`. */
export function formatCalendarSpan({ years, months, days, hours }: CalendarSpan): string {
  const parts: [number, string][] = [
    [years, "y"],
    [months, "m"],
    [days, "d"],
    [hours, "h"],
  ];
  return parts.map(([count, unit]) => (count === 0 ? "" : `${count}${unit}`)).join("");
}
