/** What is kept of dumps here. */
import { isEmptyRule, type KeepRule, USUAL_KEEP } from "../config/schema-keep.ts";
import { configError } from "../errors.ts";

/**
 * The rule: BACKUP_RETENTION_DAYS of the environment is its `within`, of the one that pgrove.yaml gives or alone; without both it is
 * the usual one. Throws (exit 3) for days that are no number of 1 or more, and for a rule that keeps nothing.
 */
export function chooseKeepRule(
  configured: KeepRule | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): KeepRule {
  const written = environment.BACKUP_RETENTION_DAYS?.trim();
  if (written === undefined || written === "") return requireRule(configured ?? USUAL_KEEP);
  if (!/^[1-9]\d{0,5}$/.test(written)) {
    throw configError(
      `BACKUP_RETENTION_DAYS=${written} is not a whole number of days, 1 or more`,
      "BACKUP_RETENTION_DAYS=30 keeps the dumps of thirty days; dumps.keep in pgrove.yaml says more",
    );
  }
  return { ...configured, within: { years: 0, months: 0, days: Number(written), hours: 0 } };
}

function requireRule(rule: KeepRule): KeepRule {
  if (!isEmptyRule(rule)) return rule;
  throw configError("dumps.keep keeps nothing", "give it a rule: dumps: {keep: {last: 3, daily: 7}}");
}
