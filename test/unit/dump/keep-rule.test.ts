import { expect, test } from "bun:test";
import { formatCalendarSpan, parseCalendarSpan } from "../../../src/config/calendar-span.ts";
import { USUAL_KEEP } from "../../../src/config/schema-keep.ts";
import { chooseKeepRule } from "../../../src/dump/keep-rule.ts";
import { EXIT } from "../../../src/errors.ts";

const days = (count: number) => ({ years: 0, months: 0, days: count, hours: 0 });

test("spans of the calendar", () => {
  expect(parseCalendarSpan("48h")).toEqual({ ...days(0), hours: 48 });
  expect(parseCalendarSpan("1y6m2w3d4h")).toEqual({ years: 1, months: 6, days: 17, hours: 4 });
  expect(["", "7", "d", "7x", "1d1y", "-1d", "1.5d"].map(parseCalendarSpan)).toEqual(Array(7).fill(undefined));
  expect(formatCalendarSpan({ years: 1, months: 6, days: 17, hours: 4 })).toBe("1y6m17d4h");
});

test("BACKUP_RETENTION_DAYS is the rule, or its `within`", () => {
  expect(chooseKeepRule(undefined, {})).toEqual(USUAL_KEEP);
  expect(chooseKeepRule({ daily: 7 }, {})).toEqual({ daily: 7 });
  expect(chooseKeepRule(undefined, { BACKUP_RETENTION_DAYS: "30" })).toEqual({ within: days(30) });
  expect(chooseKeepRule({ daily: 7, within: days(2) }, { BACKUP_RETENTION_DAYS: " 90 " })).toEqual({
    ...{ daily: 7, within: days(90) },
  });
  for (const written of ["0", "-1", "7d", "1.5", "all"]) {
    expect(() => chooseKeepRule(undefined, { BACKUP_RETENTION_DAYS: written })).toThrow(
      expect.objectContaining({ exit: EXIT.config }),
    );
  }
});

test("a rule that keeps nothing is refused", () => {
  expect(() => chooseKeepRule({ last: 0 }, {})).toThrow("keeps nothing");
});
