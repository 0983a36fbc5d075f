/** The way back to what was saved before a migration, in errors and documents. */
import { PgroveError } from "../../errors.ts";
import type { BackedUp } from "./backup.ts";

/** A failure, with the command that brings back what was there before it; without a backup as it is. */
export function withWayBack(error: unknown, backup: BackedUp | undefined): unknown {
  if (backup === undefined || !(error instanceof PgroveError)) return error;
  const { code, message, exit } = error;
  const way = `${backup.restoreCommand}    brings back the state before`;
  return new PgroveError({
    code,
    message,
    exit,
    hint: error.hint === undefined ? way : `${error.hint}\n${way}`,
    cause: error,
  });
}

/** The backup's part of a JSON document. */
export function backupDocument(backup: BackedUp | undefined) {
  return backup === undefined ? null : { kind: backup.kind, name: backup.name, restore: backup.restoreCommand };
}
