import { requireNewest, type Snapshot } from "../../copy/snapshot-list.ts";
import {
  planRewind,
  type RewindPlan,
  type RewindRequest,
  type RewindResult,
  rewindDatabase,
} from "../../copy/snapshot-rewind.ts";
import type { Target } from "../../resolve/target.ts";
import type { Loss } from "../../unit/scratch.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatAge, formatBytes, formatDuration } from "../format.ts";
import { describeLoss } from "../loss.ts";
import { formatFields } from "../table.ts";

export const command = defineCommand({
  meta: {
    details:
      "The snapshot itself stays. What the database holds now is kept as the snapshot before-rewind until the next rewind, so " +
      "that rewinding to that one undoes it. Settings, grants, owner and comment of the database stay as they are now.",
    examples: [
      { line: "pgrove rewind before-import", about: "back to that snapshot" },
      { line: "pgrove rewind before-rewind", about: "undoes the last rewind" },
    ],
  },
  args: {
    name: {
      type: "positional",
      required: false,
      description: "a snapshot; left out, a list to choose from, without a terminal the newest",
    },
    target: {
      type: "positional",
      required: false,
      target: true,
      completes: "target",
      description: "what is rewound; default: the worktree's",
    },
    "dry-run": { type: "boolean", description: "say what would be replaced, and change nothing" },
  },
  async run({ args, context }) {
    const live = await context.openTarget(args.target);
    const { target } = live;
    const tools = await context.operationTools();
    const name = args.name;
    const request: RewindRequest = {
      ...(name === undefined ? {} : { name }),
      choose: (snapshots, of) => chooseSnapshot(context, snapshots, of),
      services: (await context.config())?.config.services ?? [],
      consent: (loss, snapshot) =>
        context.requireConsent({
          target,
          what: `${describeState(loss, target)} will be rewound to ${snapshot.name}`,
        }),
    };
    if (args.dryRun) {
      const plan = await planRewind(tools, live, request);
      return void (await context.output.answer(planDocument(plan), () => renderPlan(context, plan, target)));
    }
    const started = context.clock.now();
    const result = await rewindDatabase(tools, live, request);
    const durationMs = context.clock.now().getTime() - started.getTime();
    const undo = args.target === undefined ? `pgrove rewind ${result.kept}` : undefined;
    await context.output.answer(toDocument(result, durationMs), () => render(result, durationMs, undo));
  },
});

async function chooseSnapshot(context: Context, snapshots: readonly Snapshot[], of: string): Promise<Snapshot> {
  const newest = requireNewest(snapshots, of);
  const now = context.clock.now();
  if (context.prompt.available && !context.flags.yes) {
    const choices = snapshots.map((snapshot) => ({
      value: snapshot,
      label: snapshot.name,
      hint: `${formatBytes(snapshot.sizeBytes)}, ${formatAge(snapshot.takenAt, now)}`,
    }));
    return await context.prompt.pick("Which snapshot?", choices);
  }
  context.output.note(`the newest snapshot is ${newest.name}, taken ${formatAge(newest.takenAt, now)}`);
  return newest;
}

function describeState(loss: Loss, { schema, label }: Target): string {
  if (schema === undefined) return describeLoss(loss, label);
  return `the schema ${loss.database} (${formatBytes(loss.sizeBytes)}) of ${label}`;
}

function planDocument({ snapshot, loss }: RewindPlan) {
  const replaces = { size_bytes: loss.sizeBytes, sessions: loss.sessions.length };
  return {
    dry_run: true,
    snapshot: snapshot.name,
    taken_at: snapshot.takenAt.toISOString(),
    of: snapshot.of,
    replaces,
  };
}

function renderPlan(context: Context, { snapshot, loss }: RewindPlan, target: Target): string {
  return formatFields([
    ["would rewind", `to ${snapshot.name}, taken ${formatAge(snapshot.takenAt, context.clock.now())}`],
    ["replacing", `${describeState(loss, target)}, kept as before-rewind`],
  ]);
}

function toDocument({ snapshot, database, sizeBytes, kept, servicesRestarted }: RewindResult, durationMs: number) {
  return {
    ...{ snapshot: snapshot.name, taken_at: snapshot.takenAt.toISOString(), database, size_bytes: sizeBytes, kept },
    ...{ services_restarted: servicesRestarted, duration_ms: durationMs },
  };
}

function render(result: RewindResult, durationMs: number, undo: string | undefined): string {
  const { snapshot, sizeBytes, servicesRestarted } = result;
  return formatFields([
    ["rewound", `${snapshot.of} to ${snapshot.name}: ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)}`],
    ["undo", undo],
    ["services", servicesRestarted === 0 ? undefined : `${servicesRestarted} stopped and started again`],
  ]);
}
