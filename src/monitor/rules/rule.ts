/** The rules of `check`: those that pgrove has by itself, and what pgrove.yaml says of them. */
import { type Condition, parseCondition } from "../../config/condition.ts";
import type { Config } from "../../config/config-schema.ts";
import type { Severity } from "../../config/schema-checks.ts";
import { didYouMean } from "../../config/suggest.ts";
import { configError, usageError } from "../../errors.ts";

export interface Rule {
  name: string;
  condition: Condition;
  severity: Severity;
  /** Undefined where the finding is said in pgrove's own words. */
  message: string | undefined;
  /** How long the condition has to hold before the rule fires. */
  forMs: number;
}

const usual = (name: string, severity: Severity, written: string): Rule => ({
  ...{ name, severity, condition: parseCondition(written), message: undefined, forMs: 0 },
});

/** What is looked at without a word in pgrove.yaml. A database that nobody dumps is told of, and is no fault by itself. */
export function usualRules(): Rule[] {
  return [
    usual("unreachable", "critical", "database_unreachable"),
    usual("no_dump", "info", "dumps == 0"),
    usual("dump_age", "warning", "last_dump_age > 7d and dumps > 0"),
    usual("dump_proof", "warning", "last_proved_dump_age > 30d and proved_dumps > 0"),
    usual("dump_failed", "critical", "last_dump_failed"),
    usual("dump_size", "warning", "dump_size_deviation > 50%"),
    usual("migrations_pending", "warning", "pending_migrations > 0"),
    usual("migrations_in_doubt", "critical", "migrations_in_doubt > 0"),
    usual("long_transaction", "warning", "longest_transaction > 1h"),
    usual("idle_in_transaction", "warning", "longest_idle_in_transaction > 10m"),
    usual("invalid_indexes", "warning", "invalid_indexes > 0"),
    usual("sequences", "warning", "sequences_used > 80%"),
    usual("dead_rows", "warning", "dead_rows_share > 30%"),
    usual("slow_statements", "info", "slowest_statement > 1s"),
    usual("connections", "warning", "connections_used > 80%"),
    usual("wraparound", "critical", "transaction_ids_used > 50%"),
    usual("slots", "warning", "slots_retained_wal > 1GB"),
    usual("server_disk", "warning", "server_disk_free < 1GB"),
    usual("store_disk", "warning", "store_disk_free < 1GB"),
    usual("seeding", "warning", "seeding_error_rate > 10%"),
    usual("orphans", "info", "orphans > 0"),
  ];
}

/** The rules that count. Throws (exit 3) for one of pgrove.yaml's own that has no condition. */
export function readRules(checks: Config["checks"]): Rule[] {
  const known = usualRules();
  const changed = known.flatMap((rule) => change(rule, checks[rule.name]));
  const own = Object.entries(checks).filter(([name]) => !known.some((rule) => rule.name === name));
  return [...changed, ...own.flatMap(([name, written]) => change(newRule(name, written, known), written))];
}

type Written = Config["checks"][string];

function newRule(name: string, { condition }: Written, known: readonly Rule[]): Rule {
  if (condition !== undefined) return { name, condition, severity: "warning", message: undefined, forMs: 0 };
  const nearest = didYouMean(
    name,
    known.map((rule) => rule.name),
  );
  throw configError(
    `checks.${name} has no condition, and pgrove has no rule of that name`,
    nearest === undefined ? `give it one: checks: {${name}: {condition: "dumps == 0"}}` : `did you mean ${nearest}?`,
  );
}

function change(rule: Rule, written: Written | undefined): Rule[] {
  if (written === undefined) return [rule];
  if (written.enabled === false) return [];
  return [
    {
      name: rule.name,
      condition: written.condition ?? rule.condition,
      severity: written.severity ?? rule.severity,
      message: written.message ?? rule.message,
      forMs: written.for ?? rule.forMs,
    },
  ];
}

/** Those of the names; all of them without any. Throws (exit 2) at a name that none has. */
export function chooseRules(rules: readonly Rule[], names: readonly string[]): Rule[] {
  const known = rules.map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    const nearest = didYouMean(name, known);
    throw usageError(
      `there is no rule ${name}`,
      nearest === undefined ? `rules: ${known.join(", ")}` : `did you mean ${nearest}?`,
    );
  }
  return names.length === 0 ? [...rules] : rules.filter(({ name }) => names.includes(name));
}
