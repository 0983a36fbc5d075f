/** The backup before a migration: its request put together, and the command that goes back to it. */
import { keptSnapshots } from "../../copy/snapshot-keep.ts";
import { readOrigin } from "../../dump/origin.ts";
import { isOwnTarget } from "../../resolve/own-target.ts";
import type { MigrateDialogue } from "../request.ts";
import type { MigrateTools } from "../tools.ts";
import { type Backup, type BackupRequest, backUp } from "./backup.ts";

export interface BackedUp extends Backup {
  /** The exact command that brings the state back. */
  restoreCommand: string;
}

/** Saves the target before migrations. `targetText` is the target as it was typed. */
export async function backUpFirst(
  tools: MigrateTools,
  targetText: string | undefined,
  { kind, step }: Pick<BackupRequest, "kind" | "step">,
  dialogue: MigrateDialogue,
): Promise<BackedUp> {
  const live = await tools.openTarget(targetText);
  const { target } = live;
  const folder = await tools.storeDir();
  const backup = await backUp(await tools.operationTools(), live, {
    ...{ kind, keep: await keptSnapshots(tools), ...(step === undefined ? {} : { step }) },
    dump: {
      destination: { kind: "store", folder },
      ...(await readOrigin(tools)),
      pgroveVersion: tools.version,
    },
    whenConnected: (sessions) => dialogue.whenConnected(target, sessions),
  });
  dialogue.tellBackup(backup);
  const word = targetText ?? (isOwnTarget(target) ? target.name : undefined);
  return { ...backup, restoreCommand: dialogue.restoreCommand(backup, word) };
}
