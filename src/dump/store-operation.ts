/** What is done with dumps where no server is concerned: one operation, which first clears what killed ones have left. */
import { isNoRoom } from "../sys/files.ts";
import { type Operation, type OperationTools, withOperation } from "../sys/operation.ts";
import { newRunId } from "../sys/run-id.ts";
import { clearLeftovers } from "../work/leftovers.ts";

/** Sessions are ended by who works on their server. */
const NO_SERVER = { isAtWork: async () => true, end: async () => undefined };

/** The body as an operation of that name on the store. */
export async function withStoreOperation<T>(
  tools: OperationTools,
  name: string,
  body: (operation: Operation) => Promise<T>,
): Promise<T> {
  const subject = { operation: name, target: "the store", server: "", database: "" };
  return await withOperation(tools, subject, async (operation) => {
    await clearDeadRuns(tools);
    return await body(operation);
  });
}

/**
 * The same of what makes room: on a disk that is full it is done without being written down, since nothing else could be
 * done about that.
 */
export async function withRemoval<T>(
  tools: OperationTools,
  name: string,
  body: (operation: Operation) => Promise<T>,
): Promise<T> {
  let hasBegun = false;
  try {
    return await withStoreOperation(tools, name, async (operation) => {
      hasBegun = true;
      return await body(operation);
    });
  } catch (error) {
    if (hasBegun || !isNoRoom(error)) throw error;
    tools.note("the disk is full: what is removed is not in the journal");
    const nothing = async () => undefined;
    return await body({
      ...{ run: newRunId(tools.clock.now()), abort: tools.abort, details: {} },
      ...{ findFault: () => undefined, defer: () => undefined, remember: async () => nothing },
    });
  }
}

/** What killed runs have left outside of servers. */
export async function clearDeadRuns(tools: OperationTools): Promise<void> {
  await clearLeftovers(tools, "", NO_SERVER);
}
