/** What follows a dump that has succeeded: whoever raises an alarm when there is none is told. */
import { type OperationTools, withOperation } from "../sys/operation.ts";
import { type PingLimits, ping, USUAL_PING } from "../sys/ping.ts";

/** The dump stands whether it was heard or not: a failure is in the journal, and is what is resolved with. */
export async function pingAfterDump(
  tools: OperationTools,
  url: string,
  target: string,
  limits: Omit<PingLimits, "abort"> = USUAL_PING,
): Promise<string | undefined> {
  const subject = { operation: "dumps-ping", target, server: "", database: "" };
  return await withOperation(tools, subject, async ({ abort, findFault }) => {
    const failed = await ping(url, { ...limits, abort });
    if (failed !== undefined) findFault(`ping_failed: ${failed}`);
    return failed;
  });
}
