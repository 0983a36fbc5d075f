import { expect, test } from "bun:test";
import { renderCheck } from "../../../src/cli/answers/check.ts";
import { createPaint } from "../../../src/cli/terminal.ts";
import type { RuleResult, RuleState } from "../../../src/monitor/rules/findings.ts";

test("what several targets were looked at by is counted once", () => {
  const result = (rule: string, target: string, state: RuleState): RuleResult => ({
    key: `${rule} ${target}`,
    ...{ rule, target, state, severity: "warning", kind: "count", value: 1, limit: 0, subject: undefined },
    ...{ since: undefined, message: `${state} of ${rule}`, hint: "pgrove status" },
  });
  const results = ["main", "auth"].flatMap((target) => [
    ...[result("dumps", target, "ok"), result("pending", target, "ok"), result("slots", target, "unknown")],
  ]);
  expect(renderCheck({ results }, createPaint(false)).split("\n")).toEqual([
    "unknown   1 rule (slots): unknown of slots",
    "all is well, by 2 rules at 2 targets",
  ]);
});
