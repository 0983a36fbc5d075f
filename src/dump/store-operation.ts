/** What is done with dumps where no server is concerned: one operation, which first clears what killed ones have left. */
import { type Operation, type OperationTools, withOperation } from "../sys/operation.ts";
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

/** What killed runs have left outside of servers. */
export async function clearDeadRuns(tools: OperationTools): Promise<void> {
  await clearLeftovers(tools, "", NO_SERVER);
}
