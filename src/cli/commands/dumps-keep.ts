import { pinDump, unpinDump } from "../../dump/pin.ts";
import { requireStoredDump } from "../../dump/store.ts";
import { pruneDocument, renderPrune } from "../answers/dumps-prune.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { WAIT_LOCK } from "../grammar.ts";
import { AT_REMOTE } from "../open-remotes.ts";
import { carryOutPruning, planPruning } from "../prune-dumps.ts";

export const prune = defineCommand({
  meta: {
    details:
      "Keeps of each source what dumps.keep says, as `restic forget` would, and says of each why. Whatever the rule says stays: what " +
      "is pinned, the newest that a restore has proved, what is dated in the future, and what pgrove did not write. What is damaged, " +
      "empty, only a part or suspiciously small never takes the place of a good one.",
    examples: [
      { line: "pgrove dumps prune --dry-run", about: "what would stay and why, and what would go" },
      { line: "pgrove dumps prune --yes", about: "for cron" },
      {
        line: "pgrove dumps prune --remote --yes",
        about: "the same rule at the remote, for this machine's dumps there",
      },
    ],
  },
  args: {
    source: { type: "string", valueHint: "SOURCE", completes: "target", description: "only dumps of SOURCE" },
    ...AT_REMOTE,
    "dry-run": { type: "boolean", description: "say what would be removed, and remove nothing" },
    ...WAIT_LOCK,
  },
  async run({ args, context }) {
    const { source, dryRun, remote } = args;
    const pruning = await planPruning(context, { source, remote });
    if (!dryRun) await carryOutPruning(context, pruning);
    const { plan } = pruning;
    const now = context.clock.now();
    await context.output.answer(pruneDocument(plan, dryRun), () => renderPrune(plan, dryRun, now));
  },
});

const NAMES = { type: "positional", rest: true, completes: "dump", description: "names in the store" } as const;

export const pin = defineCommand({
  meta: {
    examples: [{ line: "pgrove dumps pin main-20260115-143022.dump", about: "it stays, whatever the rule says" }],
  },
  args: { dump: NAMES },
  async run({ args, context }) {
    const now = context.clock.now();
    await answerPins(context, args.dump, true, (path) => pinDump(path, now));
  },
});

export const unpin = defineCommand({
  meta: { examples: [{ line: "pgrove dumps unpin main-20260115-143022.dump", about: "the rule counts again" }] },
  args: { dump: NAMES },
  async run({ args, context }) {
    await answerPins(context, args.dump, false, unpinDump);
  },
});

async function answerPins(
  context: Context,
  names: readonly string[],
  pinned: boolean,
  change: (path: string) => Promise<void>,
): Promise<void> {
  await context.operationTools(); // the store is ready, and approved
  const folder = await context.storeDir();
  const dumps = await Promise.all(names.map((name) => requireStoredDump(name, folder)));
  for (const { path } of dumps) await change(path);
  const verb = pinned ? "pinned" : "unpinned";
  await context.output.answer({ dumps: dumps.map(({ name }) => ({ name, pinned })) }, () =>
    dumps.map(({ name }) => `${verb} ${name}`).join("\n"),
  );
}
