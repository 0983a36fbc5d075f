/** Finds out which dumps are whole. */
import { EXIT, type ExitCode, messageOf, PgroveError } from "../errors.ts";
import type { OperationTools } from "../sys/operation.ts";
import { type InspectedDump, inspectDump } from "./inspect.ts";
import type { StoredDump } from "./store.ts";

/**
 * damaged: its bytes are not what was written. unusable: they are, and are no dump that a restore takes. differs: what was
 * restored is not what was dumped. missing: the server lacks something. refused, failed: it cannot be restored there.
 */
export type Reason = "damaged" | "unusable" | "differs" | "missing" | "refused" | "failed";

export interface Verdict {
  dump: StoredDump;
  checked?: InspectedDump["checked"];
  /** Why it is not in order; absent when it is. */
  fault?: { reason: Reason; problem: string; hint: string | undefined };
}

const ANOTHER = "make it again, or restore an older one: pgrove dumps list";
const DAMAGED = new Set(["dump_damaged", "dump_truncated", "dump_mangled", "manifest_damaged"]);

/** What an error says of the dump that was checked, or of the restore that was tried. */
export function faultOf(error: unknown, tried: "check" | "restore"): NonNullable<Verdict["fault"]> {
  const reason = reasonOf(error, tried);
  const hint = error instanceof PgroveError ? error.hint : undefined;
  // A restore names this check as the next step, which it would then name itself.
  return { reason, problem: messageOf(error), hint: reason === "damaged" ? ANOTHER : hint };
}

function reasonOf(error: unknown, tried: "check" | "restore"): Reason {
  if (!(error instanceof PgroveError)) return "failed";
  if (DAMAGED.has(error.code)) return "damaged";
  if (tried === "check") return "unusable";
  if (error.code === "rows_differ") return "differs";
  if (error.exit === EXIT.missing) return "missing";
  return error.exit === EXIT.refused ? "refused" : "failed";
}

const EXITS: readonly [readonly Reason[], ExitCode][] = [
  [["damaged", "unusable", "differs"], EXIT.problems],
  [["missing"], EXIT.missing],
  [["refused"], EXIT.refused],
  [["failed"], EXIT.failed],
];

/** The exit code for all of them: that of the worst. */
export function exitOf(verdicts: readonly Verdict[]): ExitCode {
  const reasons = verdicts.map(({ fault }) => fault?.reason);
  return EXITS.find(([among]) => among.some((reason) => reasons.includes(reason)))?.[1] ?? EXIT.ok;
}

/** Checks each dump: by its recorded SHA-256, else by reading it. Never throws for a dump that is damaged. */
export async function verifyDumps(
  dumps: readonly StoredDump[],
  tools: Pick<OperationTools, "progress" | "abort">,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const dump of dumps) {
    try {
      verdicts.push({ dump, checked: (await inspectDump(dump, tools)).checked });
    } catch (error) {
      tools.abort.throwIfAborted();
      verdicts.push({ dump, fault: faultOf(error, "check") });
    }
  }
  return verdicts;
}
