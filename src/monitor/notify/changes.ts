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

/** A line for each change; `left` are those for which there was no room. */
function changesText(changes: readonly Change[], { project, secrets }: Sender, left = 0): string {
  const lines = changes.map(({ change, result: { severity, rule, target, message, hint } }) =>
    change === "fires"
      ? `${severity}: ${message} [${rule}]; next: ${hint}`
      : `resolved: ${rule} of ${target} (${message})`,
  );
  const more = left === 0 ? [] : [`… and ${left} more: pgrove check --all`];
  return redact([`pgrove ${project}`, ...lines, ...more].join("\n"), secrets);
}

/** The same for programs. A secret is taken out before JSON writes its signs in another way. */
function changesJson(changes: readonly Change[], { project, now, secrets }: Sender, left = 0): string {
  return JSON.stringify({
    ...{ version: 1, project, at: now.toISOString() },
    changes: changes.map(({ change, result }) => ({
      ...{ change, rule: result.rule, severity: result.severity, target: redact(result.target, secrets) },
      ...figuresOf(result),
      ...{ message: redact(result.message, secrets), hint: redact(result.hint, secrets) },
      since: result.since?.toISOString() ?? null,
    })),
    ...(left === 0 ? {} : { left_out: left }),
  });
}

/** As many of the changes, the worst first, as what is written of them has room for. */
function writeFitting(
  changes: readonly Change[],
  fits: (text: string) => boolean,
  write: (changes: readonly Change[], left: number) => string,
): string {
  const written = (count: number) => write(changes.slice(0, count), changes.length - count);
  let [most, tooMany] = [0, changes.length + 1];
  while (tooMany - most > 1) {
    const middle = (most + tooMany) >> 1;
    if (fits(written(middle))) most = middle;
    else tooMany = middle;
  }
  return written(most);
}

/** A variable of a process may have 128 KiB on Linux, its name included. */
const MOST_VARIABLE_BYTES = 100_000;

/** What a command finds in its environment. */
export function commandVariables(changes: readonly Change[], sender: Sender): Record<string, string> {
  const fits = (text: string) => Buffer.byteLength(text) <= MOST_VARIABLE_BYTES;
  return {
    PGROVE_FINDINGS: writeFitting(changes, fits, (some, left) => changesJson(some, sender, left)),
    PGROVE_TEXT: writeFitting(changes, fits, (some, left) => changesText(some, sender, left)),
  };
}

/** In characters, as those who take it count. */
const MOST_CHARACTERS = { slack: 40_000, discord: 2000 };
const FENCE = "```";

/**
 * As much as there is room for, in a block of code: nothing in it calls anybody, becomes a link or is formatted, and no name
 * ends it. One change alone may be too long; it is cut then.
 */
function chatText(most: number, spell: (text: string) => string, changes: readonly Change[], sender: Sender): string {
  const room = most - 2 * (FENCE.length + 1);
  const prepare = (text: string) => [...spell(text.replaceAll("``", "`\u200b`"))];
  const fits = (text: string) => prepare(text).length <= room;
  const write = (some: readonly Change[], left: number) => changesText(some, sender, left);
  const isOneTooLong = !fits(write(changes.slice(0, 1), changes.length - 1));
  const text = prepare(isOneTooLong ? write(changes.slice(0, 1), 0) : writeFitting(changes, fits, write));
  const cut = text.length > room ? [...text.slice(0, room - 1), "…"] : text;
  return `${FENCE}\n${cut.join("")}\n${FENCE}`;
}

/** What a webhook of that kind is posted. A name in it neither calls anybody nor becomes a link. */
export function webhookBody(
  format: (typeof NOTIFY_FORMATS)[number],
  changes: readonly Change[],
  sender: Sender,
): string {
  switch (format) {
    case "json":
      return changesJson(changes, sender);
    case "slack": // the three signs that its texts escape: https://docs.slack.dev/messaging/formatting-message-text
      return JSON.stringify({ text: chatText(MOST_CHARACTERS.slack, escapeForSlack, changes, sender) });
    case "discord": {
      const content = chatText(MOST_CHARACTERS.discord, (text) => text, changes, sender);
      return JSON.stringify({ content, allowed_mentions: { parse: [] } });
    }
  }
}

function escapeForSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
