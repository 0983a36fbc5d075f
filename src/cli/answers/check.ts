/** What `check` answers, for people. */
import type { Severity } from "../../config/schema-checks.ts";
import { type CheckFindings, findingsOf, type RuleResult } from "../../monitor/rules/findings.ts";
import { plural } from "../format.ts";
import type { Paint, Style } from "../terminal.ts";

/** Each once: several targets are looked at by the same rules. */
function namesOf(results: readonly RuleResult[], key: "rule" | "target"): string[] {
  return [...new Set(results.map((each) => each[key]))];
}

const STYLES: Readonly<Record<Severity, Style>> = { info: "dim", warning: "yellow", critical: "red" };

/** What fires, the worst first, each with its rule and the next command; and what could not be asked. */
export function renderCheck(found: Pick<CheckFindings, "results">, paint: Paint): string {
  const fires = findingsOf(found);
  const unknown = found.results.filter(({ state }) => state === "unknown");
  const waits = found.results.filter(({ state }) => state === "waits");
  return [
    ...fires.map((each) => `${linesOf(each, paint)}`),
    ...waits.map((each) => `${paint("dim", "waits   ")}  ${each.message}  [${each.rule}]`),
    ...(unknown.length === 0 ? [] : [describeUnknown(unknown)]),
    summarize(found),
  ].join("\n");
}

function linesOf({ severity, message, rule, hint }: RuleResult, paint: Paint): string {
  return `${paint(STYLES[severity], severity.padEnd(8))}  ${message}  [${rule}]\n${" ".repeat(10)}next: ${hint}`;
}

/** Most of them have one cause, such as a server that is down. */
function describeUnknown(unknown: readonly RuleResult[]): string {
  return Object.entries(Object.groupBy(unknown, ({ message }) => message))
    .map(([why, of = []]) => [why, namesOf(of, "rule")] as const)
    .map(([why, rules]) => `unknown   ${plural(rules.length, "rule")} (${rules.join(", ")}): ${why}`)
    .join("\n");
}

function summarize({ results }: Pick<CheckFindings, "results">): string {
  const count = results.filter(({ state }) => state === "fires").length;
  const asked = results.filter(({ state }) => state !== "unknown" && state !== "none");
  const targets = namesOf(asked, "target").length;
  const looked = `${plural(namesOf(asked, "rule").length, "rule")}${targets > 1 ? ` at ${plural(targets, "target")}` : ""}`;
  return count === 0 ? `all is well, by ${looked}` : `${plural(count, "finding")}, by ${looked}`;
}
