/** Consent to what a repository would do by itself, as `trust` and whatever would do it ask for it. */
import { refusal } from "../errors.ts";
import { findDefaultCommit, readCommitted } from "../repo/approved-files.ts";
import { approve, readTrust, type Trusted } from "../repo/trust.ts";
import { TRUST_KEYS, type TrustItem, type TrustKey } from "../repo/trust-items.ts";
import type { Clock } from "../sys/clock.ts";
import { readTextIfExists } from "../sys/files.ts";
import { isMarked } from "../sys/hook-mark.ts";
import { visible } from "../sys/visible-text.ts";
import type { Prompt } from "./prompt.ts";
import { formatTable } from "./table.ts";
import { listItems, listUnapproved, type TrustScene, trustPlace } from "./trust-collect.ts";

/** Where it is asked, and whom. */
export interface TrustContext extends TrustScene {
  readonly clock: Clock;
  readonly prompt: Prompt;
}

/** What is asked for. */
export interface TrustRequest {
  keys: readonly TrustKey[];
  /** Approves unasked. */
  yes?: boolean;
  /** A further way out. */
  instead?: string;
}

/** Whether everything under these keys was approved before. */
export async function isTrusted(context: TrustContext, keys: readonly TrustKey[]): Promise<boolean> {
  return (await listUnapproved(context, await listItems(context, keys))).length === 0;
}

/**
 * Resolves when everything under these keys is approved, before or now. Refuses (exit 5) when it is not. The question
 * shows all that is new in the repository: it is asked once.
 */
export async function requireTrust(context: TrustContext, { keys, yes = false, instead }: TrustRequest): Promise<void> {
  if ((await context.config()) === undefined) return; // nobody wants anything
  const wanted = await listUnapproved(context, await listItems(context, keys));
  await requireNothingNew(context, wanted, { yes, instead });
}

/** Another migration tool's commands, and the variables that they are given. */
export async function requireToolTrust(context: TrustContext): Promise<void> {
  const commands = TRUST_KEYS.filter((key) => key.startsWith("migrations.command."));
  await requireTrust(context, { keys: [...commands, "env.set"], instead: "or run the tool itself" });
}

/** The same for what was found on the way. */
export async function requireApproved(context: TrustContext, item: TrustItem): Promise<void> {
  await requireNothingNew(context, await listUnapproved(context, [item]), { yes: false, instead: undefined });
}

async function requireNothingNew(
  context: TrustContext,
  wanted: readonly TrustItem[],
  { yes, instead }: { yes: boolean; instead: string | undefined },
): Promise<void> {
  if (wanted.length === 0) return;
  const all = await listUnapproved(context, await listItems(context, TRUST_KEYS));
  if (!yes) await askForTrust(context, all, instead);
  await approveItems(context, all);
}

/** Whether that thing was approved before. */
export async function isApproved(context: TrustContext, item: TrustItem): Promise<boolean> {
  return (await listUnapproved(context, [item])).length === 0;
}

/** Asks for consent to that thing, and remembers it; one that was approved before is not asked about. */
export async function approvingOnce(context: TrustContext, item: TrustItem, ask: () => Promise<void>): Promise<void> {
  if ((await listUnapproved(context, [item])).length === 0) return;
  await ask();
  await approveItems(context, [item]);
}

/** Remembers that they are approved, and the default branch's files as they are now. */
export async function approveItems(context: TrustContext, items: readonly TrustItem[]): Promise<void> {
  if (isMarked(context.environment)) {
    if (items.length === 0) return;
    throw refusal("not_trusted", "a step of a git hook approves nothing", "pgrove trust      by hand, in the worktree");
  }
  const repository = await context.repository();
  const commit = repository === undefined ? undefined : await findDefaultCommit(repository, context.runner);
  await approve(await trustPlace(context), { items, commit }, context.clock.now());
}

async function askForTrust(
  context: TrustContext,
  items: readonly TrustItem[],
  instead: string | undefined,
): Promise<void> {
  const { prompt } = context;
  const hint = ["pgrove trust      shows it, and approves it", ...(instead === undefined ? [] : [instead])].join("\n");
  const shown = await describeItems(context, items);
  if (!prompt.available) {
    throw refusal("not_trusted", `this repository would do what was not approved:\n${shown}`, hint);
  }
  // In the question itself, which no --quiet takes away.
  if (await prompt.confirm(`this repository would do, and it was not approved yet:\n${shown}\nApprove this?`)) return;
  throw refusal("not_trusted", "what the repository would do was not approved; nothing of it was done", hint);
}

/** The things under their keys, one a line, and how they differ from what was approved; what a terminal would act upon is spelt out. */
export async function describeItems(context: TrustContext, items: readonly TrustItem[]): Promise<string> {
  const trusted = await readTrust(await trustPlace(context));
  const now = await listItems(context, [...new Set(items.map(({ key }) => key))]);
  const rows: [string, string][] = [];
  for (const key of TRUST_KEYS) {
    const own = items.filter((item) => item.key === key && item.file === undefined);
    if (own.length > 0) rows.push(...describeKey(key, own, now, trusted));
  }
  const table = rows.length === 0 ? [] : [formatTable(rows, { indent: "  " })];
  const files = await Promise.all(
    items.filter(({ file }) => file !== undefined).map((item) => describeFile(context, item, trusted)),
  );
  return [...table, ...files].join("\n");
}

/** Where something was approved under the key before, what is new has a `+`, and what is gone a `-`. */
function describeKey(key: TrustKey, items: readonly TrustItem[], now: readonly TrustItem[], trusted: Trusted) {
  const texts = now.filter((item) => item.key === key).map(({ text }) => text);
  const gone = trusted.lastOf(key).filter((text) => !texts.includes(text));
  const before = trusted.approvals.some((each) => each.key === key);
  const added = new Set(items.map(({ text }) => text));
  const shown = before
    ? [...gone.map((text) => `- ${text}`), ...texts.map((text) => `${added.has(text) ? "+" : " "} ${text}`)]
    : [...added];
  return shown.map((text, index): [string, string] => [index === 0 ? key : "", text]);
}

/** Lines of a file that are shown: more are not read before a yes. */
const MOST_LINES = 60;
const MOST_SHOWN_BYTES = 1_000_000;

/** A file, and how it differs from the default branch's of an approved state; a dump is only named. */
async function describeFile(
  { runner, requireConfig }: TrustContext,
  item: TrustItem,
  trusted: Trusted,
): Promise<string> {
  const { file = "", key, text } = item;
  const named = formatTable([[key, text]], { indent: "  " });
  if (key === "worktrees.data") return `${named}  (its SQL would be run)`;
  const [commit] = trusted.commits;
  const { root } = await requireConfig();
  const before = commit === undefined ? "" : ((await readCommitted({ root, file, commit }, runner)) ?? "");
  const after = (await readTextIfExists(file)) ?? "";
  if (before.length + after.length > MOST_SHOWN_BYTES) return `${named}  (too long to be shown)`;
  const { diffLines, formatDiff } = await import("../migrate/schema/line-diff.ts");
  const difference = formatDiff(diffLines(before, after), { around: 2, most: MOST_LINES });
  return `${named}\n${visible(difference).replace(/^/gm, "    ")}`;
}
