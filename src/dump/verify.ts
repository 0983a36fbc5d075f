/** Finds out which dumps are whole. */
import { messageOf } from "../errors.ts";
import type { OperationTools } from "../sys/operation.ts";
import { type InspectedDump, inspectDump } from "./inspect.ts";
import type { StoredDump } from "./store.ts";

export interface Verdict {
  dump: StoredDump;
  whole: boolean;
  checked?: InspectedDump["checked"];
  /** Why it is not whole. */
  problem?: string;
}

/** Checks each dump: by its recorded SHA-256, else by reading it. Never throws for a dump that is damaged. */
export async function verifyDumps(
  dumps: readonly StoredDump[],
  tools: Pick<OperationTools, "progress" | "abort">,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const dump of dumps) {
    try {
      if (dump.manifestError !== undefined) throw new Error(dump.manifestError);
      verdicts.push({ dump, whole: true, checked: (await inspectDump(dump, tools)).checked });
    } catch (error) {
      tools.abort.throwIfAborted();
      verdicts.push({ dump, whole: false, problem: messageOf(error) });
    }
  }
  return verdicts;
}
