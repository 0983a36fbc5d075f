/** The part of `dumps verify` that needs a server. */
import type { LoadRequest } from "../dump/build-scratch.ts";
import { testRestore } from "../dump/restore.ts";
import type { Verdict } from "../dump/verify.ts";
import { EXIT, messageOf, PgroveError } from "../errors.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { OperationTools } from "../sys/operation.ts";

/** Restores each dump that is whole so far into a scratch database; what fails changes its verdict. Throws where consent is missing. */
export async function tryToRestore(
  tools: OperationTools,
  live: LiveTarget,
  verdicts: Verdict[],
  approveForeign: LoadRequest["approveForeign"],
): Promise<void> {
  for (const verdict of verdicts.filter(({ whole }) => whole)) {
    try {
      await testRestore(tools, live, verdict.dump, { noOwner: true, jobs: 1, approveForeign });
    } catch (error) {
      tools.abort.throwIfAborted();
      if (error instanceof PgroveError && error.code === "consent" && error.exit === EXIT.refused) throw error;
      Object.assign(verdict, { whole: false, problem: messageOf(error) });
    }
  }
}
