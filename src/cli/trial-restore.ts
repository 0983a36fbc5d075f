/** The part of `dumps verify` that needs a server. */
import { testRestore } from "../dump/restore.ts";
import type { Verdict } from "../dump/verify.ts";
import { messageOf } from "../errors.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";

/** Restores each dump that is whole so far into a scratch database; what fails changes its verdict. */
export async function tryToRestore(tools: OperationTools, live: LiveTarget, verdicts: Verdict[]): Promise<void> {
  for (const verdict of verdicts.filter(({ whole }) => whole)) {
    try {
      await testRestore(tools, live, verdict.dump, { noOwner: true, jobs: 1 });
    } catch (error) {
      tools.abort.throwIfAborted();
      Object.assign(verdict, { whole: false, problem: messageOf(error) });
    }
  }
}
