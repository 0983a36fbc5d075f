/** What settings and comments make of findings that are not lint's own: about files, numbers, the round trip. */
import type { Finding, Migration } from "../migration.ts";
import { readIgnores } from "./ignores.ts";
import { type LintSettings, readChosen } from "./levels.ts";
import { findRuleNames } from "./rules.ts";

/** Those that stay, each with the level that it is to have. What keeps migrations from being run at all stays as it is. */
export function settleFindings(
  findings: readonly Finding[],
  migrations: readonly Migration[],
  settings: LintSettings,
): Finding[] {
  const chosen = readChosen(settings);
  const scripts = migrations.flatMap(({ up, down }) => [up, down].filter((script) => script !== undefined));
  const texts = Map.groupBy(scripts, ({ file }) => file);
  return findings.flatMap((finding): Finding[] => {
    const { rule, level, file } = finding;
    if (level === "error" && !SETTLED_ERRORS.has(rule)) return [finding];
    const wanted = chosen.get(rule) ?? level;
    const isMeant = (texts.get(file) ?? []).some(({ sql }) => isIgnoredIn(sql, rule));
    return wanted === "off" || isMeant ? [] : [{ ...finding, level: wanted }];
  });
}

/** Errors of the branch, with which migrations run all the same. */
const SETTLED_ERRORS = new Set(["number_taken", "behind_base", "history_changed", "round-trip", "schema-file"]);

/** A comment with the rule's name anywhere in the file: what it is about has no statement that it could stand beside. */
function isIgnoredIn(sql: string, rule: string): boolean {
  return readIgnores(sql).some(({ rules, wholeFile }) =>
    rules.length === 0 ? wholeFile : rules.some((written) => findRuleNames(written)?.includes(rule)),
  );
}
