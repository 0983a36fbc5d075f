import { usageError } from "../../errors.ts";
import { type Approval, readTrust, revoke } from "../../repo/trust.ts";
import { hashOf, TRUST_KEYS, type TrustItem } from "../../repo/trust-items.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatAge, plural } from "../format.ts";
import { formatTable } from "../table.ts";
import { approveItems, describeItems, requireTrust } from "../trust.ts";
import { listItems, listUnapproved, trustPlace } from "../trust-collect.ts";

export const command = defineCommand({
  meta: {
    details:
      "Nothing of a repository acts by itself before you have approved it here: the commands of pgrove.yaml, an image, a host " +
      "that it sends your variables to, a dump of its own, compose files that a git hook would start, migrations, seeds and SQL " +
      "that its setup steps would run from the hook. Each is approved once, " +
      "for all worktrees; what changes is asked about again.",
    examples: [
      { line: "pgrove trust", about: "shows what is new, and asks" },
      { line: "pgrove trust --yes", about: "approves it unasked, as in CI" },
      { line: "pgrove trust --list", about: "what was approved" },
      { line: "pgrove trust --revoke", about: "takes all approvals of this repository back" },
    ],
  },
  args: {
    list: { type: "boolean", description: "show what was approved" },
    revoke: { type: "boolean", description: "take all approvals of this repository back" },
  },
  async run({ args, context }) {
    if (args.list && args.revoke) throw usageError("--list and --revoke exclude each other", "pgrove trust --list");
    if (args.list) await listApproved(context);
    else if (args.revoke) await revokeAll(context);
    else await approveAll(context);
  },
});

async function approveAll(context: Context): Promise<void> {
  const items = await listItems(context, TRUST_KEYS);
  const fresh = await listUnapproved(context, items);
  const { yes } = context.flags;
  if (fresh.length > 0 && yes) context.output.note(await describeItems(context, fresh));
  await requireTrust(context, { keys: TRUST_KEYS, yes, instead: "pgrove trust --yes      approves it unasked" });
  if (fresh.length === 0) await approveItems(context, []); // the default branch as it is now
  const document = {
    ...{ key: hashOf(items), approved: true, changed: fresh.length > 0 },
    commands: items.filter(isCommand).map(({ key, text }) => ({ key, command: text })),
    items: items.map(({ key, text, content }) => ({ key, text, sha256: content ?? null })),
  };
  await context.output.answer(document, () => {
    if (items.length === 0) return "this repository does nothing by itself: there is nothing to approve";
    if (fresh.length === 0) return `${formatItems(items)}\napproved before`;
    return `approved: ${plural(fresh.length, "thing")}, for all worktrees of this repository`;
  });
}

function isCommand({ key }: TrustItem): boolean {
  return (
    key.startsWith("migrations.command") || ["worktrees.setup", "worktrees.teardown", "notify.command"].includes(key)
  );
}

function formatItems(items: readonly TrustItem[]): string {
  return formatTable(
    items.map(({ key, text }, at) => [items[at - 1]?.key === key ? "" : key, text]),
    { indent: "  " },
  );
}

async function listApproved(context: Context): Promise<void> {
  const { approvals, commits } = await readTrust(await trustPlace(context));
  const now = context.clock.now();
  const document = { approvals: approvals.map(approvalDocument), commits };
  await context.output.answer(document, () => {
    if (approvals.length === 0) return "nothing of this repository was approved";
    return formatTable(
      approvals.map(({ key, text, approved_at }) => [key, text, formatAge(new Date(approved_at), now)]),
      { indent: "  " },
    );
  });
}

async function revokeAll(context: Context): Promise<void> {
  const revoked = await revoke(await trustPlace(context));
  await context.output.answer({ revoked: revoked.map(approvalDocument) }, () =>
    revoked.length === 0
      ? "nothing of this repository was approved"
      : `taken back: ${plural(revoked.length, "approval")}; what this repository would do is asked about again`,
  );
}

function approvalDocument({ id, key, text, approved_at }: Approval): Record<string, unknown> {
  return { id, key, text, approved_at };
}
