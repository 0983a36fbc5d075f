import { describe, expect, test } from "bun:test";
import {
  afterTelling,
  type Change,
  commandVariables,
  findChanges,
  webhookBody,
} from "../../../src/monitor/notify/changes.ts";
import type { RuleResult, RuleState } from "../../../src/monitor/rules/findings.ts";
import { memoryKey } from "../../../src/monitor/rules/memory.ts";

const SECRET = "hunter2-of-the-house";
const sender = { project: "shop", now: new Date(0), secrets: [SECRET] };

const result = (rule: string, state: RuleState, more: Partial<RuleResult> = {}): RuleResult => ({
  key: memoryKey(rule, "main"),
  ...{ rule, state, target: "main", severity: "warning", kind: "count", value: 1, limit: 0, subject: undefined },
  ...{ since: undefined, message: `${rule} of main`, hint: "pgrove dump main" },
  ...more,
});

describe("what somebody is told of", () => {
  test("only what has changed for them; what is unknown has not, and what is well again is told once", () => {
    const told: string[] = [];
    const step = (states: Record<string, RuleState>) => {
      const results = Object.entries(states).map(([rule, state]) => result(rule, state));
      const changes = findChanges({ results, gone: [] }, told);
      told.splice(0, told.length, ...afterTelling(told, changes));
      return changes.map(({ change, result: { rule } }) => `${change} ${rule}`);
    };
    expect(step({ a: "fires", b: "ok", c: "waits" })).toEqual(["fires a"]);
    expect(step({ a: "fires", b: "fires" })).toEqual(["fires b"]);
    expect(step({ a: "unknown", b: "fires" })).toEqual([]);
    expect(step({ b: "none" })).toEqual(["resolved b"]); // a was not looked at
    expect(step({ a: "ok", b: "ok" })).toEqual(["resolved a"]);
    expect(step({ a: "ok", b: "ok" })).toEqual([]);
  });

  test("of a target that is gone once that it holds no more, whatever it was told of others", () => {
    const gone = [result("a", "none", { key: memoryKey("a", "worktree 1 feature"), target: "feature" })];
    const told = [memoryKey("a", "worktree 1 feature"), memoryKey("a", "main")];
    const changes = findChanges({ results: [result("a", "fires")], gone }, told);
    expect(changes).toMatchObject([{ change: "resolved", result: { target: "feature" } }]);
    expect(afterTelling(told, changes)).toEqual([memoryKey("a", "main")]);
  });

  test("the worst comes first", () => {
    const results = [result("mild", "fires", { severity: "info" }), result("bad", "fires", { severity: "critical" })];
    expect(findChanges({ results, gone: [] }, []).map((each) => each.result.rule)).toEqual(["bad", "mild"]);
  });
});

describe("a webhook's body", () => {
  const hostile = result("r", "fires", { message: `<!channel> & @everyone ${SECRET} "x"`, value: Infinity });
  const changes: Change[] = [{ change: "fires", result: hostile }];

  test("json: keys as the command's, what has never been as null", () => {
    const { project, at, changes: told } = JSON.parse(webhookBody("json", changes, sender));
    expect([project, at]).toEqual(["shop", new Date(0).toISOString()]);
    expect(told).toMatchObject([{ change: "fires", rule: "r", value: null, limit: 0, unit: "count" }]);
  });

  test("slack: what would call or link is text", () => {
    const { text } = JSON.parse(webhookBody("slack", changes, sender));
    expect(text).toContain("&lt;!channel&gt; &amp; @everyone");
    expect(text).not.toMatch(/[<>]/);
  });

  test.each(["slack", "discord"] as const)("%s: all of it is a block of code, which no name ends", (format) => {
    const names = ["```", "`````", "](https://evil.example) ``", "`"].map((message) =>
      result("r", "fires", { message }),
    );
    const body = JSON.parse(
      webhookBody(
        format,
        names.map((each) => ({ change: "fires", result: each })),
        sender,
      ),
    );
    const text: string = body.text ?? body.content;
    expect(text.split("```").map((part) => part.length > 0)).toEqual([false, true, false]);
    expect(text).toContain("https://evil.example");
  });

  test("discord: nobody is called; what there is no room for is counted, and no character is halved", () => {
    const many = Array.from({ length: 100 }, () => changes).flat();
    const body = JSON.parse(webhookBody("discord", many, sender));
    expect(body.allowed_mentions).toEqual({ parse: [] });
    const told = body.content.match(/^warning: /gm).length;
    expect(body.content).toContain(`… and ${100 - told} more`);
    expect([body.content.length <= 2000, body.content.length > 1800]).toEqual([true, true]);
    for (const length of [1900, 1901]) {
      const long = result("r", "fires", { message: `${"x".repeat(length)}${"🦊".repeat(500)}` });
      const { content } = JSON.parse(webhookBody("discord", [{ change: "fires", result: long }], sender));
      expect([[...content].length, content.isWellFormed(), content.endsWith("…\n```")]).toEqual([2000, true, true]);
    }
  });

  test.each(["json", "slack", "discord"] as const)(
    "%s: no secret is in it, however its signs are written",
    (format) => {
      expect(webhookBody(format, changes, sender)).not.toContain(SECRET);
      const quoted = { ...sender, secrets: ['pass"word\\'] };
      const told = result("r", "fires", { message: 'login with pass"word\\ failed' });
      expect(webhookBody(format, [{ change: "fires", result: told }], quoted)).not.toContain("word");
    },
  );
});

test("a command's variables are no longer than a process may have them, and whole JSON; the worst is in them", () => {
  const many = Array.from({ length: 3000 }, (_, at): Change => {
    return { change: "fires", result: result(`rule_${at}`, "fires", { message: "é".repeat(100) }) };
  });
  const { PGROVE_FINDINGS = "", PGROVE_TEXT = "" } = commandVariables(many, sender);
  const env = { PATH: process.env.PATH ?? "", PGROVE_FINDINGS, PGROVE_TEXT };
  const counted = Bun.spawnSync(["sh", "-c", 'printf "%s" "$PGROVE_FINDINGS"'], { env }).stdout.toString();
  const { changes, left_out } = JSON.parse(counted);
  expect(changes.length + left_out).toBe(3000);
  expect(changes[0].rule).toBe("rule_0");
  expect(PGROVE_TEXT).toMatch(/… and \d+ more/);
  expect(JSON.parse(commandVariables(many.slice(0, 2), sender).PGROVE_FINDINGS ?? "")).not.toHaveProperty("left_out");
});
