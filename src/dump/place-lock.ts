/** What removes dumps of a place by the rule does so alone: of two runs of one user the second is refused, or waits. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { withLock } from "../sys/file-lock.ts";
import type { OperationTools } from "../sys/operation.ts";

/** The body, while nobody else has the place of that label. Throws (exit 5) when another run has it, and `--wait-lock` is over. */
export async function withPlaceAlone<T>(
  { userKey, lockWaitMs = 0 }: Pick<OperationTools, "userKey" | "lockWaitMs">,
  label: string,
  body: () => Promise<T>,
): Promise<T> {
  const name = createHash("sha256").update(label).digest("hex").slice(0, 16);
  return await withLock(join(dirname(userKey), "places", `${name}.lock`), lockWaitMs, body, `the dumps in ${label}`);
}
