/** What was saved before migrating, and what could not be, in errors. */
import { EXIT, PgroveError } from "../../errors.ts";
import type { BackedUp } from "./backup-first.ts";

/** A failure, with the command that brings back what was there before it; without a backup as it is. */
export function withWayBack(error: unknown, backup: BackedUp | undefined): unknown {
  if (backup === undefined || !(error instanceof PgroveError)) return error;
  return withHint(error, error.message, `${backup.restoreCommand}    brings back the state before`);
}

/** A backup that could not be made keeps from migrating; `way` is what to type for those who want it all the same. */
export function withWayAround(error: unknown, way: string): unknown {
  if (!(error instanceof PgroveError) || (error.exit !== EXIT.failed && error.exit !== EXIT.missing)) return error;
  return withHint(error, `no backup could be made, so nothing was migrated: ${error.message}`, way);
}

function withHint(cause: PgroveError, message: string, further: string): PgroveError {
  const { code, exit, hint } = cause;
  return new PgroveError({ code, exit, message, hint: hint === undefined ? further : `${hint}\n${further}`, cause });
}
