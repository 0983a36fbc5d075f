/** What `check` answers, for people. */
import type { Severity } from "../../config/schema-checks.ts";
import { type CheckFindings, findingsOf, type RuleResult } from "../../monitor/rules/findings.ts";
import { plural } from "../format.ts";
import type { Paint, Style } from "../terminal.ts";

const STYLES: Readonly<Record<Severity, Style>> = { info: "dim", warning: "yellow", critical: "red" };

/** What fires, the worst first, each with its rule and the next command; and what could not be asked. */
export function renderCheck(found: CheckFindings, paint: Paint): string {
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
  const causes = new Map<string, string[]>();
  for (const { message, rule } of unknown) causes.set(message, [...(causes.get(message) ?? []), rule]);
  return [...causes]
    .map(([why, rules]) => `unknown   ${plural(rules.length, "rule")} (${rules.join(", ")}): ${why}`)
    .join("\n");
}

function summarize({ results }: CheckFindings): string {
  const count = results.filter(({ state }) => state === "fires").length;
  const looked = plural(results.filter(({ state }) => state !== "unknown" && state !== "none").length, "rule");
  return count === 0 ? `all is well, by ${looked}` : `${plural(count, "finding")}, by ${looked}`;
}
