/** The backup before a migration, as the commands ask for it: the rest of its request, and how to go back to it. */

import { version } from "../../../package.json";
import { type Backup, type BackupRequest, backUp } from "../../migrate/run/backup.ts";
import { redact } from "../../sys/redact.ts";
import type { Context } from "../context.ts";
import { formatBytes } from "../format.ts";
import { isOwnTarget } from "../own-target.ts";
import { describeConnected } from "../sessions.ts";
import { quoteWord } from "../shell-word.ts";
import { keptSnapshots } from "../snapshot-keep.ts";

export interface BackedUp extends Backup {
  /** The exact command that brings the state back. */
  restoreCommand: string;
}

/** Saves the target before migrations, unless the kind is none. `targetText` is the target as it was typed. */
export async function backUpBefore(
  context: Context,
  targetText: string | undefined,
  { kind, step }: Pick<BackupRequest, "kind" | "step">,
): Promise<BackedUp> {
  const live = await context.openTarget(targetText);
  const [loaded, head, folder] = [await context.config(), await context.git(), await context.storeDir()];
  const backup = await backUp(await context.operationTools(), live, {
    ...{ kind, keep: await keptSnapshots(context), ...(step === undefined ? {} : { step }) },
    dump: {
      destination: { kind: "store", folder },
      project: loaded?.config.project ?? "default",
      git: head?.commit === undefined ? null : { commit: head.commit, branch: head.branch ?? null },
      pgroveVersion: version,
    },
    whenConnected: (sessions) =>
      askAboutBackup(context, live.target.label, describeConnected(sessions, live.target.label)),
  });
  context.output.note(`  backup  ${backup.name} (${backup.kind}, ${formatBytes(backup.sizeBytes)})`);
  return {
    ...backup,
    restoreCommand: describeRestore(
      backup,
      context,
      targetText ?? (isOwnTarget(live.target) ? live.target.name : undefined),
    ),
  };
}

/** Without a terminal nobody is disconnected: a dump does as well. */
async function askAboutBackup({ prompt, flags, output }: Context, label: string, connected: string) {
  if (!prompt.available || flags.yes) {
    output.note(`${connected}; a dump is made instead of a snapshot, so that they stay`);
    return "dump" as const;
  }
  return await prompt.pick<"dump" | "disconnect" | "wait">(`${connected}. How is ${label} to be saved?`, [
    { value: "dump", label: "make a dump instead", hint: "slower, and they stay connected" },
    { value: "disconnect", label: "disconnect them for that second" },
    { value: "wait", label: "wait until they have left" },
  ]);
}

/** The common options by which the same database is meant. */
function wordsBefore({ flags }: Context): string[] {
  return [
    ...(flags.repo === undefined ? [] : ["-C", flags.repo]),
    ...(flags.envFile === undefined ? [] : ["--env-file", flags.envFile]),
  ];
}

function describeRestore({ kind, name }: Backup, context: Context, target: string | undefined): string {
  const destination = target === undefined ? [] : [redact(target)];
  const to = kind === "dump" && target !== undefined ? ["--to", ...destination] : destination;
  const verb = kind === "dump" ? "restore" : "rewind";
  return ["pgrove", ...wordsBefore(context), verb, name, ...to].map(quoteWord).join(" ");
}
