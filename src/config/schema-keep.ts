/** What says how long dumps and snapshots stay. */
import * as v from "valibot";
import { CALENDAR_SPAN, type CalendarSpan, isNoSpan, parseCalendarSpan } from "./calendar-span.ts";
import { count } from "./schema-parts.ts";

/** The counts of a rule, from the shortest time to the longest. */
export const KEEP_COUNTS = ["last", "hourly", "daily", "weekly", "monthly", "yearly"] as const;

/** What is kept, as `restic forget` means it: whatever one of the rules keeps is kept. */
export type KeepRule = { [Name in (typeof KEEP_COUNTS)[number]]?: number | undefined } & {
  within?: CalendarSpan | undefined;
  /** A copy at a remote counts: what stays only because it is the newest that was proved may go where the remote has it. */
  remote?: boolean | undefined;
};

/** What is kept of each database's dumps where pgrove.yaml does not say it. */
export const USUAL_KEEP: KeepRule = { last: 3, daily: 7, weekly: 4, monthly: 12 };

/** Whether it keeps nothing at all. */
export function isEmptyRule({ within, remote: _, ...counts }: KeepRule): boolean {
  return Object.values(counts).every((each) => !each) && (within === undefined || isNoSpan(within));
}

const within = v.pipe(
  v.string(),
  v.regex(CALENDAR_SPAN, "must be a span such as 48h, 7d, 6m or 1y6m (m is a month)"),
  v.description(
    "Whatever is so much younger than the newest, such as 48h, 7d, 6m (months) or 1y. BACKUP_RETENTION_DAYS.",
  ),
  v.transform((written) => parseCalendarSpan(written) as CalendarSpan),
);

const RULE = {
  last: v.optional(count("The newest ones.")),
  hourly: v.optional(count("The newest of each hour, for so many hours that have one.")),
  daily: v.optional(count("The newest of each day, for so many days that have one.")),
  weekly: v.optional(count("The newest of each ISO week, for so many weeks that have one.")),
  monthly: v.optional(count("The newest of each month, for so many months that have one.")),
  yearly: v.optional(count("The newest of each year, for so many years that have one.")),
  within: v.optional(within),
};

const keepsSomething = v.rawCheck<KeepRule>(({ dataset, addIssue }) => {
  if (dataset.typed && isEmptyRule(dataset.value))
    addIssue({ message: "keeps nothing: give it a rule, such as last: 3" });
});

/** A rule as pgrove.yaml has it; one that keeps nothing is a mistake. */
export const keepRule = (description: string) =>
  v.pipe(v.strictObject(RULE), v.description(description), keepsSomething);

/** The same for dumps, which a remote may have, too. */
export const dumpsKeepRule = (description: string) =>
  v.pipe(
    v.strictObject({
      ...RULE,
      remote: v.optional(
        v.pipe(
          v.boolean(),
          v.description("Whether a copy at a remote counts: the newest proved one may go here where a remote has it."),
        ),
      ),
    }),
    v.description(description),
    keepsSomething,
  );
