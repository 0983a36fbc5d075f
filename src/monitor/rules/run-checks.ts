/** Looks at targets by rules: measures what the rules ask for, and says which of them fire. Nothing of a database is changed. */
import { measuresOf } from "../../config/condition.ts";
import { MEASURES, type MeasureScope } from "../../config/measures.ts";
import type { TargetMigrations } from "../../migrate/worktree-migrations.ts";
import type { Target } from "../../resolve/target.ts";
import { visibleOnOneLine } from "../../sys/visible-text.ts";
import { type Measurement, readFigures, type WatchTools } from "../figures/read-figures.ts";
import { evaluate, type Verdict } from "./evaluate.ts";
import type { CheckFindings, RuleResult } from "./findings.ts";
import {
  adoptOldKey,
  type CheckMemory,
  keepOnly,
  listRemembered,
  memoryKey,
  readMemoryKey,
  withMemory,
} from "./memory.ts";
import type { Rule } from "./rule.ts";
import { findGoneTarget, identityOf, type KnownTargets } from "./target-identity.ts";
import { formatFigure, hintFor, sayFinding } from "./words.ts";

/** What there is besides what is looked at. */
export interface Surroundings {
  /** The rules that there are, where those that are looked at are a choice of them. */
  all?: readonly Rule[];
  known?: KnownTargets;
}

/**
 * Every rule at every target, as it stands now. Since when a condition holds is remembered in the state folder, of the rules
 * and targets that there are.
 */
export async function runChecks(
  subjects: readonly TargetMigrations[],
  rules: readonly Rule[],
  tools: WatchTools,
  { all = rules, known = { worktrees: undefined, environments: undefined } }: Surroundings = {},
): Promise<CheckFindings> {
  const wanted = new Set(rules.flatMap(({ condition }) => measuresOf(condition)));
  const measured = await readFigures(subjects, wanted, tools);
  return await withMemory(tools.stateDir, async (memory) => {
    const names = new Set(all.map(({ name }) => name));
    keepOnly(memory, ({ rule }) => names.has(rule));
    const results = rules.flatMap((rule) => judgeRule(rule, measured, memory, tools.now));
    const looked = new Set(results.map(({ key }) => key));
    const gone = findGone(memory, all, known).filter(({ key }) => !looked.has(key));
    for (const { key } of gone) delete memory.since[key];
    return { results, gone };
  });
}

/** What was told of them is forgotten once it was told that it holds no more. */
function findGone(memory: CheckMemory, all: readonly Rule[], known: KnownTargets): RuleResult[] {
  return listRemembered(memory).flatMap((key): RuleResult[] => {
    const { rule: name, identity = "" } = readMemoryKey(key);
    const target = findGoneTarget(identity, known);
    const rule = all.find((each) => each.name === name);
    const comparison = rule?.condition.anyOf[0]?.[0];
    if (target === undefined || rule === undefined || comparison === undefined) return [];
    const { kind } = MEASURES[comparison.measure];
    return [
      {
        ...{ rule: name, target: target.name, key, severity: rule.severity, state: "none", kind },
        ...{ limit: comparison.limit, value: undefined, subject: undefined, since: undefined },
        ...{ message: target.why, hint: "pgrove check --all" },
      },
    ];
  });
}

/** A rule of what belongs to a server or to all speaks once, at the target where that was measured. */
function judgeRule(rule: Rule, measured: readonly Measurement[], memory: CheckMemory, now: Date): RuleResult[] {
  const measures = measuresOf(rule.condition);
  return measured
    .filter(({ figures }) => measures.some((measure) => figures.has(measure)))
    .map(({ subject, figures }) => judge(rule, subject.target, evaluate(rule.condition, figures), { memory, now }));
}

function judge(
  rule: Rule,
  target: Target,
  verdict: Verdict,
  { memory, now }: { memory: CheckMemory; now: Date },
): RuleResult {
  const { measure, limit } = verdict.comparison;
  const key = memoryKey(rule.name, identityOf(target, scopeOf(rule)));
  adoptOldKey(memory, rule.name, target.name, key);
  const base = {
    ...{ rule: rule.name, target: target.name, key, severity: rule.severity, kind: MEASURES[measure].kind, limit },
    hint: visibleOnOneLine(
      hintFor(measure, typedName(target), "figure" in verdict ? verdict.figure.subject : undefined),
    ),
  };
  if (!("figure" in verdict)) {
    // What cannot be asked now may hold all the same: since when it did is not forgotten.
    const { state, why } = verdict;
    const message = visibleOnOneLine(why);
    return { ...base, state, value: undefined, subject: undefined, since: undefined, message };
  }
  const { value, subject } = verdict.figure;
  const said = { rule: rule.name, target: target.name, measure, value, limit, subject };
  if (verdict.state === "not") {
    delete memory.since[key];
    const message = `${measure} is ${formatFigure(measure, value)}`;
    return { ...base, value, subject, message, state: "ok", since: undefined };
  }
  const words = { ...base, value, subject, message: visibleOnOneLine(sayFinding(said, rule.message)) };
  memory.since[key] ??= now.toISOString();
  const since = new Date(memory.since[key]);
  const isLong = now.getTime() - since.getTime() >= rule.forMs;
  return { ...words, since, state: isLong ? "fires" : "waits" };
}

/** The narrowest of what its measures are of. */
function scopeOf({ condition }: Rule): MeasureScope {
  const scopes = measuresOf(condition).map((measure) => MEASURES[measure].scope);
  return (["target", "server"] as const).find((scope) => scopes.includes(scope)) ?? "repository";
}

/** How a target is typed; a URL may hold a password, and whoever has typed it knows it. */
function typedName({ name, environment, worktree, server }: Target): string {
  if (environment !== undefined) return `@${environment}`;
  return server.kind === "url" && worktree === undefined && name !== "main" ? "URL" : name;
}
