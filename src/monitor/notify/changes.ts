/** What has changed since somebody was told last, and how it is written down for them. */
import type { NOTIFY_FORMATS } from "../../config/schema-checks.ts";
import { redact } from "../../sys/redact.ts";
import { type CheckFindings, figuresOf, type RuleResult, rankOf } from "../rules/findings.ts";

/** A rule has begun to fire, or has ceased to. */
export interface Change {
  change: "fires" | "resolved";
  result: RuleResult;
}

/** What has changed for somebody who was told of those. What is unknown now has not changed. */
export function findChanges({ results, gone }: CheckFindings, told: readonly string[]): Change[] {
  const changes = [...results, ...gone].flatMap((result): Change[] => {
    const wasTold = told.includes(result.key);
    if (result.state === "fires") return wasTold ? [] : [{ change: "fires", result }];
    return wasTold && result.state !== "unknown" ? [{ change: "resolved", result }] : [];
  });
  return changes.sort((a, b) => rankOf(b.result.severity) - rankOf(a.result.severity));
}

/** What they have been told of once they know of these changes. */
export function afterTelling(told: readonly string[], changes: readonly Change[]): string[] {
  const keyOf = ({ result }: Change) => result.key;
  const ended = changes.filter(({ change }) => change === "resolved").map(keyOf);
  const begun = changes.filter(({ change }) => change === "fires").map(keyOf);
  return [...new Set([...told.filter((key) => !ended.includes(key)), ...begun])].sort();
}

/** Where it comes from. */
export interface Sender {
  project: string;
  now: Date;
  /** Never to be told. */
  secrets: readonly string[];
}

/** A line for each change. */
export function changesText(changes: readonly Change[], { project, secrets }: Sender): string {
  const lines = changes.map(({ change, result: { severity, rule, target, message, hint } }) =>
    change === "fires"
      ? `${severity}: ${message} [${rule}]; next: ${hint}`
      : `resolved: ${rule} of ${target} (${message})`,
  );
  return redact([`pgrove ${project}`, ...lines].join("\n"), secrets);
}

/** The same for programs. */
export function changesJson(changes: readonly Change[], { project, now, secrets }: Sender): string {
  const document = {
    ...{ version: 1, project, at: now.toISOString() },
    changes: changes.map(({ change, result }) => ({
      ...{ change, rule: result.rule, severity: result.severity, target: result.target, ...figuresOf(result) },
      ...{ message: result.message, hint: result.hint, since: result.since?.toISOString() ?? null },
    })),
  };
  return redact(JSON.stringify(document), secrets);
}

/** Discord takes no more. */
const MOST_CHARACTERS = 2000;

/** What a webhook of that kind is posted. A name in it neither calls anybody nor becomes a link. */
export function webhookBody(
  format: (typeof NOTIFY_FORMATS)[number],
  changes: readonly Change[],
  sender: Sender,
): string {
  const text = changesText(changes, sender);
  switch (format) {
    case "json":
      return changesJson(changes, sender);
    case "slack": // the three signs that its texts escape: https://docs.slack.dev/messaging/formatting-message-text
      return JSON.stringify({ text: text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;") });
    case "discord": {
      const short = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
      return JSON.stringify({ content: short, allowed_mentions: { parse: [] } });
    }
  }
}
