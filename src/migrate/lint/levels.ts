/** What the configuration makes of the rules. */
import type { LintLevel } from "../../config/schema-migrations.ts";
import { configError } from "../../errors.ts";
import type { MigrationSettings } from "../settings.ts";
import { findRuleNames, RULES, suggestRule } from "./rules.ts";

export type LintSettings = MigrationSettings["lint"];

/** Every rule's level. Throws (exit 3) when the configuration names a rule that is not there. */
export function readLevels(settings: LintSettings): ReadonlyMap<string, LintLevel> {
  return new Map([...RULES.map(({ name, level }) => [name, level] as const), ...readChosen(settings)]);
}

/** The levels of the rules that the configuration names. Throws as readLevels does. */
export function readChosen({ ignore, levels }: LintSettings): ReadonlyMap<string, LintLevel> {
  const chosen = new Map<string, LintLevel>();
  const named = [...Object.entries(levels), ...ignore.map((name) => [name, "off"] as const)];
  for (const [written, level] of named) for (const name of requireRuleNames(written)) chosen.set(name, level);
  return chosen;
}

function requireRuleNames(written: string): readonly string[] {
  const names = findRuleNames(written);
  if (names !== undefined) return names;
  const nearest = suggestRule(written);
  throw configError(
    `migrations.lint names a rule that is not there: ${written}`,
    nearest === undefined ? "docs/lint.md lists the rules" : `did you mean ${nearest}?`,
  );
}
