import type { SnapshotDocument } from "../../answers/snapshots.ts";
import { readSnapshots, removeSnapshot } from "../../copy/snapshot.ts";
import { requireSnapshot, type Snapshot } from "../../copy/snapshot-list.ts";
import { unitOf } from "../../unit/unit-of.ts";
import { defineCommand } from "../command.ts";
import { formatAge, formatBytes } from "../format.ts";
import { TARGET, WAIT_LOCK } from "../grammar.ts";
import { formatTable } from "../table.ts";

export const list = defineCommand({
  meta: {
    examples: [
      { line: "pgrove snapshots list --json | jq -r '.snapshots[0].name'", about: "the newest, for a script" },
    ],
  },
  args: {
    target: { ...TARGET, description: "whose; default: the worktree's" },
  },
  async run({ args, context }) {
    const live = await context.openTarget(args.target);
    const now = context.clock.now();
    const snapshots = await readSnapshots(live, now);
    await context.output.answer({ snapshots: snapshots.map(toDocument) }, () =>
      snapshots.length === 0 ? `no snapshots of ${unitOf(live).label}` : renderList(snapshots, now),
    );
    if (snapshots.length === 0) context.output.note("next: pgrove snapshot");
  },
});

function toDocument({ name, database, of, takenAt, sizeBytes }: Snapshot): SnapshotDocument {
  return { name, database, of, taken_at: takenAt.toISOString(), size_bytes: sizeBytes };
}

function renderList(snapshots: readonly Snapshot[], now: Date): string {
  const rows = snapshots.map(({ name, takenAt, sizeBytes }) => [name, formatAge(takenAt, now), formatBytes(sizeBytes)]);
  return formatTable([["NAME", "TAKEN", "SIZE"], ...rows], { right: [2] });
}

export const remove = defineCommand({
  meta: { examples: [{ line: "pgrove snapshots remove before-import", about: "its database is dropped" }] },
  args: {
    name: { type: "positional", description: "the snapshot's name" },
    target: { ...TARGET, description: "whose; default: the worktree's" },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "say what would be removed, and remove nothing" },
  },
  async run({ args, context }) {
    const live = await context.openTarget(args.target);
    const { name } = args;
    if (args.dryRun) {
      const snapshots = await readSnapshots(live, context.clock.now());
      requireSnapshot(snapshots, { of: unitOf(live).label, name });
    } else {
      const { target } = live;
      await removeSnapshot(await context.operationTools(), live, {
        name,
        consent: ({ of, sizeBytes }) =>
          context.requireConsent({
            target,
            what: `the snapshot ${name} of ${of} (${formatBytes(sizeBytes)}) will be removed`,
          }),
      });
    }
    const removed = args.dryRun ? [] : [name];
    await context.output.answer({ removed, planned: [name] }, () =>
      removed.length === 0 ? `would remove ${name}` : `removed ${name}`,
    );
  },
});
