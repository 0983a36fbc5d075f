/** All rules of the lint, and what their names may be written as. */
import type { LintLevel } from "../../config/schema-migrations.ts";
import { didYouMean } from "../../config/suggest.ts";
import type { Rule } from "./rule.ts";
import { CLIENT_RULES } from "./rules-clients.ts";
import { COLUMN_RULES } from "./rules-columns.ts";
import { CONSTRAINT_RULES } from "./rules-constraints.ts";
import { LOCK_RULES } from "./rules-locks.ts";
import { NAME_RULES } from "./rules-names.ts";
import { ROLLBACK_RULES } from "./rules-rollback.ts";
import { SCRIPT_RULES } from "./rules-script.ts";
import { TYPE_RULES } from "./rules-types.ts";

/** The rules that judge one statement after the other. */
export const STATEMENT_RULES: readonly Rule[] = [
  ...SCRIPT_RULES,
  ...LOCK_RULES,
  ...COLUMN_RULES,
  ...CONSTRAINT_RULES,
  ...CLIENT_RULES,
  ...TYPE_RULES,
  ...NAME_RULES,
  ...ROLLBACK_RULES,
];

/** A rule's name, its level unless the configuration says otherwise, and what it finds. */
export interface RuleSummary {
  name: string;
  level: LintLevel;
  about: string;
}

/** The rules that look at a script's text. */
const TEXT_RULES: readonly RuleSummary[] = [
  { name: "syntax-error", level: "error", about: "what PostgreSQL's grammar does not accept" },
  { name: "identifier-too-long", level: "error", about: "a name of more than 63 bytes: PostgreSQL cuts it silently" },
  { name: "unknown-rule", level: "warning", about: "a comment that names a rule which is not there" },
];

/** What `migrate check` finds beside the SQL: found elsewhere, and named here so that settings and comments may name it. */
const CHECK_RULES: readonly RuleSummary[] = [
  { name: "empty-migration", level: "warning", about: "a script that holds no SQL" },
  { name: "sections", level: "warning", about: "a file of dbmate's without a section that takes it back" },
  { name: "text_order", level: "warning", about: "files that dbmate runs in another order, by their names as text" },
  { name: "wrong_name", level: "warning", about: "a file among the migrations that is not run" },
  { name: "number_taken", level: "error", about: "a number that the base branch has given to another migration" },
  { name: "behind_base", level: "error", about: "a migration that would come before the base branch's newest" },
  {
    name: "history_changed",
    level: "error",
    about: "a migration of the base branch that was changed, renamed or deleted",
  },
  { name: "round-trip", level: "error", about: "what up, down and up again do not bring back" },
  { name: "schema-file", level: "error", about: "a schema file that is not what the migrations make" },
];

/** Every rule. */
export const RULES: readonly RuleSummary[] = [...TEXT_RULES, ...STATEMENT_RULES, ...CHECK_RULES];

/** Names that squawk has, or had, for what has another name or several here, and our own from before. */
const ALIASES: ReadonlyMap<string, readonly string[]> = new Map([
  ["empty", ["empty-migration"]],
  ["prefer-big-int", ["prefer-bigint-over-int", "prefer-bigint-over-smallint"]],
  ["prefer-repack", ["ban-vacuum-full", "ban-cluster"]],
  ["require-concurrent-detach-partition", ["require-concurrent-partition-detach"]],
  ["require-lock-timeout", ["require-timeout-settings"]],
  ["require-statement-timeout", ["require-timeout-settings"]],
]);

const KNOWN = new Set(RULES.map(({ name }) => name));

/** The rules that a written name stands for; undefined of a name that is not known. */
export function findRuleNames(written: string): readonly string[] | undefined {
  return KNOWN.has(written) ? [written] : ALIASES.get(written);
}

/** The rule that was most likely meant. */
export function suggestRule(written: string): string | undefined {
  return didYouMean(written, [...KNOWN, ...ALIASES.keys()]);
}
