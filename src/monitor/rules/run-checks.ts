/** Looks at targets by rules: measures what the rules ask for, and says which of them fire. Nothing of a database is changed. */
import { measuresOf } from "../../config/condition.ts";
import { MEASURES } from "../../config/measures.ts";
import type { TargetMigrations } from "../../migrate/worktree-migrations.ts";
import type { Target } from "../../resolve/target.ts";
import { type Measurement, readFigures, type WatchTools } from "../figures/read-figures.ts";
import { evaluate, type Verdict } from "./evaluate.ts";
import type { CheckFindings, RuleResult } from "./findings.ts";
import { type CheckMemory, forgetOtherRules, memoryKey, withMemory } from "./memory.ts";
import type { Rule } from "./rule.ts";
import { formatFigure, hintFor, sayFinding } from "./words.ts";

/**
 * Every rule at every target, as it stands now. Since when a condition holds is remembered in the state folder, of the rules
 * that there are: `all`, of which `rules` may be a choice.
 */
export async function runChecks(
  subjects: readonly TargetMigrations[],
  rules: readonly Rule[],
  tools: WatchTools,
  all: readonly Rule[] = rules,
): Promise<CheckFindings> {
  const wanted = new Set(rules.flatMap(({ condition }) => measuresOf(condition)));
  const measured = await readFigures(subjects, wanted, tools);
  return await withMemory(tools.stateDir, async (memory) => {
    forgetOtherRules(memory, new Set(all.map(({ name }) => name)));
    return { results: rules.flatMap((rule) => judgeRule(rule, measured, memory, tools.now)) };
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
  const key = memoryKey(rule.name, target.name);
  const base = {
    ...{ rule: rule.name, target: target.name, severity: rule.severity, kind: MEASURES[measure].kind, limit },
    hint: hintFor(measure, typedName(target)),
  };
  if (!("figure" in verdict)) {
    // What cannot be asked now may hold all the same: since when it did is not forgotten.
    const { state, why } = verdict;
    return { ...base, state, value: undefined, subject: undefined, since: undefined, message: why };
  }
  const { value, subject } = verdict.figure;
  const said = { rule: rule.name, target: target.name, measure, value, limit, subject };
  if (verdict.state === "not") {
    delete memory.since[key];
    const message = `${measure} is ${formatFigure(measure, value)}`;
    return { ...base, value, subject, message, state: "ok", since: undefined };
  }
  const words = { ...base, value, subject, message: sayFinding(said, rule.message) };
  memory.since[key] ??= now.toISOString();
  const since = new Date(memory.since[key]);
  const isLong = now.getTime() - since.getTime() >= rule.forMs;
  return { ...words, since, state: isLong ? "fires" : "waits" };
}

/** How a target is typed; a URL may hold a password, and whoever has typed it knows it. */
function typedName({ name, environment, worktree, server }: Target): string {
  if (environment !== undefined) return `@${environment}`;
  return server.kind === "url" && worktree === undefined && name !== "main" ? "URL" : name;
}
