/** What `check` answers, as data and as JSON. */
import * as v from "valibot";
import type { MeasureKind } from "../../config/measures.ts";
import { SEVERITIES, type Severity } from "../../config/schema-checks.ts";

/** ok: does not hold. waits: holds, not for long enough yet. none: means nothing here. unknown: could not be asked. */
const RULE_STATES = ["fires", "waits", "ok", "none", "unknown"] as const;
export type RuleState = (typeof RULE_STATES)[number];

/** How one rule stands at one target. */
export interface RuleResult {
  rule: string;
  target: string;
  /** How it is remembered. */
  key: string;
  severity: Severity;
  state: RuleState;
  kind: MeasureKind;
  /** ms, bytes, a share of 1, a number; of a flag 1 for yes. Undefined without a figure, infinite where something has never been. */
  value: number | undefined;
  limit: number;
  /** Of what it is the figure: a table, an index. */
  subject: string | undefined;
  /** Since when the condition holds, where it does. */
  since: Date | undefined;
  /** What it means, in a sentence. */
  message: string;
  /** The next command. */
  hint: string;
}

export interface CheckFindings {
  /** Every rule at every target, in the rules' order. */
  results: readonly RuleResult[];
  /** What is remembered of targets that are not there any more: nobody looks at them again. */
  gone: readonly RuleResult[];
}

/** Those that fire, the worst first. */
export function findingsOf({ results }: Pick<CheckFindings, "results">): RuleResult[] {
  return results.filter(({ state }) => state === "fires").sort((a, b) => rankOf(b.severity) - rankOf(a.severity));
}

/** How bad it is, from 0. */
export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** Whether one fires that is at least so bad. */
export function firesAt(findings: CheckFindings, least: Severity): boolean {
  return findingsOf(findings).some(({ severity }) => rankOf(severity) >= rankOf(least));
}

const severity = v.picklist(SEVERITIES);
const UNITS = { duration: "ms", bytes: "bytes", ratio: "ratio", count: "count", flag: "boolean" } as const;
const unit = v.picklist(Object.values(UNITS));
/** Null without a figure, and where something has never been. */
const value = v.nullable(v.number());

/** `check --json`, without its version. */
export const checkForm = v.object({
  findings: v.array(
    v.object({
      ...{ rule: v.string(), severity, target: v.string(), value, limit: v.number(), unit },
      ...{ subject: v.nullable(v.string()), since: v.nullable(v.string()), message: v.string(), hint: v.string() },
    }),
  ),
  rules: v.array(
    v.object({
      ...{
        rule: v.string(),
        severity,
        target: v.string(),
        state: v.picklist(RULE_STATES),
        value,
        limit: v.number(),
        unit,
      },
      message: v.string(),
    }),
  ),
});

export type CheckDocument = v.InferOutput<typeof checkForm>;

/** The same as a document. */
export function checkDocument(found: CheckFindings): CheckDocument {
  return {
    findings: findingsOf(found).map((each) => ({
      ...{ rule: each.rule, severity: each.severity, target: each.target, ...figuresOf(each) },
      ...{ subject: each.subject ?? null, since: each.since?.toISOString() ?? null },
      ...{ message: each.message, hint: each.hint },
    })),
    rules: found.results.map((each) => ({
      ...{ rule: each.rule, severity: each.severity, target: each.target, state: each.state, ...figuresOf(each) },
      message: each.message,
    })),
  };
}

/** Its figures, as documents have them. */
export function figuresOf({ value: measured, limit, kind }: RuleResult) {
  const isSaid = measured !== undefined && Number.isFinite(measured);
  return { value: isSaid ? measured : null, limit, unit: UNITS[kind] };
}
