/** The part of `dumps verify` that needs a server. */
import type { LoadRequest } from "../dump/build-scratch.ts";
import { testRestore } from "../dump/restore.ts";
import { faultOf, type Verdict } from "../dump/verify.ts";
import { PgroveError } from "../errors.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";

/**
 * Restores each dump that is in order so far into a scratch database; what fails changes its verdict. Throws (exit 5) where
 * one is somebody else's, and its SQL was not agreed to.
 */
export async function tryToRestore(
  tools: OperationTools,
  live: LiveTarget,
  verdicts: Verdict[],
  approveForeign: LoadRequest["approveForeign"],
): Promise<void> {
  for (const verdict of verdicts.filter(({ fault }) => fault === undefined)) {
    try {
      await testRestore(tools, live, verdict.dump, { noOwner: true, jobs: 1, approveForeign });
    } catch (error) {
      tools.abort.throwIfAborted();
      if (error instanceof PgroveError && error.code === "consent") throw error;
      verdict.fault = faultOf(error, "restore");
    }
  }
}
