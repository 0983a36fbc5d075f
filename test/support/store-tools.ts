import { join } from "node:path";
import type { OperationTools } from "../../src/sys/operation.ts";
import { systemRunner } from "../../src/sys/process.ts";

/** The tools of an operation without a server, whose state and key lie below that folder; nobody watches what it says. */
export function storeTools(root: string, values: Partial<OperationTools> = {}): OperationTools {
  return {
    ...{ runner: systemRunner, clock: { now: () => new Date() }, stateDir: join(root, "state") },
    ...{ userKey: join(root, "me"), abort: new AbortController().signal },
    ...{ progress: () => undefined, note: () => undefined },
    ...values,
  };
}
