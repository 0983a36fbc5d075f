import { describe, expect, test } from "bun:test";
import { goBack, isoWeekOf, openZone } from "../../../src/retention/local-time.ts";

const NONE = { years: 0, months: 0, days: 0, hours: 0 };

describe("ISO weeks", () => {
  const weekOf = (day: string) => isoWeekOf(openZone("UTC").localTime(Date.parse(`${day}T12:00:00Z`)));
  // Of the standard's own examples: a week belongs to the year that its Thursday is in.
  test.each([
    ["2005-01-01", 200453],
    ["2005-12-31", 200552],
    ["2007-01-01", 200701],
    ["2008-12-29", 200901],
    ["2010-01-03", 200953],
    ["1969-12-31", 197001],
  ])("%s is in %d", (day, week) => {
    expect(weekOf(day)).toBe(week);
  });
});

test("the day is that of the zone", () => {
  const at = Date.parse("2026-03-01T23:30:00Z");
  expect(openZone("UTC").localTime(at)).toMatchObject({ month: 3, day: 1, hour: 23 });
  expect(openZone("Asia/Kathmandu").localTime(at)).toMatchObject({ month: 3, day: 2, hour: 5 });
  expect(openZone("America/New_York").localTime(at)).toMatchObject({ month: 3, day: 1, hour: 18 });
});

test("a day back is the same time of the day, also where the clock was changed; an hour back is an hour", () => {
  const berlin = openZone("Europe/Berlin");
  const noon = Date.parse("2026-03-29T12:00:00+02:00"); // that night the clock leapt ahead
  expect(goBack(berlin, noon, { ...NONE, days: 1 })).toBe(Date.parse("2026-03-28T12:00:00+01:00"));
  expect(goBack(berlin, noon, { ...NONE, hours: 24 })).toBe(Date.parse("2026-03-28T11:00:00+01:00"));
});

test("a day that the month before does not have runs over", () => {
  const at = Date.parse("2026-10-31T10:00:00.250Z");
  expect(goBack(openZone("UTC"), at, { ...NONE, months: 1 })).toBe(Date.parse("2026-10-01T10:00:00.250Z"));
});
