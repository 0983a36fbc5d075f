/** The part of `dumps verify` that needs a server. */
import { testRestore } from "../dump/restore.ts";
import { faultOf, type Verdict } from "../dump/verify.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";

/** Restores each dump that is in order so far into a scratch database; what fails changes its verdict. */
export async function tryToRestore(tools: OperationTools, live: LiveTarget, verdicts: Verdict[]): Promise<void> {
  for (const verdict of verdicts.filter(({ fault }) => fault === undefined)) {
    try {
      await testRestore(tools, live, verdict.dump, { noOwner: true, jobs: 1 });
    } catch (error) {
      tools.abort.throwIfAborted();
      verdict.fault = faultOf(error, "restore");
    }
  }
}
