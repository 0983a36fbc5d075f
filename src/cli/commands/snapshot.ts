import type { WhenConnected } from "../../copy/snapshot.ts";
import { createSnapshot, planSnapshot, type SnapshotPlan, type TakenSnapshot } from "../../copy/snapshot.ts";
import { keptSnapshots } from "../../copy/snapshot-keep.ts";
import { requireSnapshotName } from "../../copy/snapshot-list.ts";
import type { Session } from "../../postgres/occupants.ts";
import type { Target } from "../../resolve/target.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatBytes, formatDuration, plural } from "../format.ts";
import { TARGET, WAIT_LOCK } from "../grammar.ts";
import { describeConnected } from "../sessions.ts";
import { formatFields } from "../table.ts";

export const command = defineCommand({
  meta: {
    details:
      "PostgreSQL copies the database's files itself, for which nobody may be connected to it: whoever is, is disconnected " +
      "for that second. A snapshot takes as much room as the database; snapshots.keep in pgrove.yaml says how many stay.",
    examples: [
      { line: "pgrove snapshot before-import", about: "to be rewound to with pgrove rewind before-import" },
      { line: "pgrove snapshot -t @staging", about: "of staging, named by the time" },
    ],
  },
  args: {
    name: { type: "positional", required: false, description: "what to call it; default: the time" },
    target: { ...TARGET, description: "what is saved; default: the worktree's" },
    ...WAIT_LOCK,
    "dry-run": { type: "boolean", description: "say what would be done, and change nothing" },
  },
  async run({ args, context }) {
    const given = args.name;
    const name = given === undefined ? undefined : requireSnapshotName(given);
    const live = await context.openTarget(args.target);
    const tools = await context.operationTools();
    const keep = await keptSnapshots(context);
    const request = { keep, ...(name === undefined ? {} : { name }) };
    if (args.dryRun) {
      const plan = await planSnapshot(tools, live, request);
      return void (await context.output.answer(planDocument(plan), () => renderPlan(plan)));
    }
    const started = context.clock.now();
    const taken = await createSnapshot(tools, live, {
      ...request,
      whenConnected: (sessions) => askAboutSessions(context, live.target, sessions),
    });
    const durationMs = context.clock.now().getTime() - started.getTime();
    const back = args.target === undefined ? `pgrove rewind ${taken.name}` : undefined;
    await context.output.answer(toDocument(taken, durationMs), () => render(taken, durationMs, back));
  },
});

async function askAboutSessions(context: Context, target: Target, sessions: Session[]): Promise<WhenConnected> {
  const connected = describeConnected(sessions, target.label);
  if (target.protected) await context.requireConsent({ target, what: `${connected}, and will be disconnected` });
  if (context.prompt.available && !context.flags.yes) {
    return await context.prompt.pick<WhenConnected>(connected, [
      { value: "disconnect", label: "disconnect them for that second" },
      { value: "wait", label: "wait until they have left" },
    ]);
  }
  context.output.note(`${connected}; disconnecting them for that second`);
  return "disconnect";
}

function planDocument({ name, database, of, sessions, drops }: SnapshotPlan) {
  return { dry_run: true, snapshot: name, database, of, sessions: sessions.length, drops };
}

function renderPlan({ name, database, of, sessions, drops }: SnapshotPlan): string {
  return formatFields([
    ["would save", `${of} as ${name}`],
    ["database", database],
    [
      "connected",
      sessions.length === 0 ? undefined : `${plural(sessions.length, "session")}, for a second disconnected`,
    ],
    ["dropping", drops.length === 0 ? undefined : drops.join(", ")],
  ]);
}

function toDocument({ name, database, of, takenAt, sizeBytes, dropped }: TakenSnapshot, durationMs: number) {
  const what = { snapshot: name, database, of, taken_at: takenAt.toISOString(), size_bytes: sizeBytes };
  return { ...what, dropped, duration_ms: durationMs };
}

function render({ name, database, of, sizeBytes }: TakenSnapshot, durationMs: number, back: string | undefined) {
  return formatFields([
    ["snapshot", `${name} of ${of}: ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)}`],
    ["database", database],
    ["back", back],
  ]);
}
