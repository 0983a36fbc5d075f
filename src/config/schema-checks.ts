/** `checks:` and `notify:` in pgrove.yaml: the rules of `pgrove check`, and who is told. */
import * as v from "valibot";
import { ConditionMistake, parseCondition } from "./condition.ts";
import { duration, keysOf, ONE_OF_ITS_KEYS, text, webUrl } from "./schema-parts.ts";
import { placeholdersOf } from "./text-template.ts";

/** From the mildest. */
export const SEVERITIES = ["info", "warning", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

const MESSAGE_PLACEHOLDERS = ["rule", "target", "value", "limit", "subject"] as const;

const condition = v.pipe(
  v.string(),
  v.description('When the rule fires: a measure and what it is compared with, such as "last_dump_age > 24h".'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return parseCondition(dataset.value);
    } catch (error) {
      if (!(error instanceof ConditionMistake)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  }),
);

const message = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  v.description("What is said when it fires; {value}, {limit}, {target}, {subject} and {rule} are put in."),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const known: readonly string[] = MESSAGE_PLACEHOLDERS;
    const unknown = placeholdersOf(dataset.value).find((name) => !known.includes(name));
    if (unknown !== undefined) {
      addIssue({ message: `has {${unknown}}; known here: ${known.map((name) => `{${name}}`).join(", ")}` });
    }
  }),
);

const check = v.pipe(
  v.strictObject({
    condition: v.optional(condition),
    severity: v.optional(
      v.pipe(v.picklist(SEVERITIES), v.description("How bad it is: info, warning (unless told), critical.")),
    ),
    message: v.optional(message),
    for: v.optional(duration("How long the condition has to hold before the rule fires.", "30s, 5m or 1h")),
    enabled: v.optional(v.pipe(v.boolean(), v.description("Whether the rule counts at all; default: true."))),
  }),
  v.description("A rule. Under the name of one that pgrove has by itself, only what is written here is changed."),
);

export const checks = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,62}$/, "is not a rule's name (small letters, digits, _)")),
    check,
  ),
  v.description("The rules of `pgrove check`, beside those that it has by itself."),
);

export const NOTIFY_FORMATS = ["json", "slack", "discord"] as const;

const notification = v.pipe(
  v.strictObject({
    webhook: v.optional(webUrl("Where what has changed is posted, once approved with `pgrove trust`.")),
    format: v.optional(v.pipe(v.picklist(NOTIFY_FORMATS), v.description("What a webhook is sent; default: json."))),
    command: v.optional(
      text("A shell command run with what has changed in PGROVE_FINDINGS, once approved with `pgrove trust`."),
    ),
    ping: v.optional(webUrl("A URL that is asked for after each check at which nothing fires: a dead man's switch.")),
  }),
  v.description("Who is told, in one way."),
  v.rawCheck(({ dataset, addIssue }) => {
    const given = keysOf(dataset.value);
    const ways = ["webhook", "command", "ping"].filter((key) => given.includes(key));
    if (ways.length === 0) addIssue({ expected: ONE_OF_ITS_KEYS, message: "needs one of webhook, command, ping" });
    if (ways.length > 1) addIssue({ message: `takes one of webhook, command, ping; this has ${ways.join(" and ")}` });
    if (given.includes("format") && !given.includes("webhook")) addIssue({ message: "has a format, and no webhook" });
  }),
);

export const notify = v.pipe(v.array(notification), v.description("Who is told when a rule begins or ceases to fire."));

export type Notification = v.InferOutput<typeof notification>;
