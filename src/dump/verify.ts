/** Finds out which dumps are whole. */
import { EXIT, type ExitCode, messageOf, PgroveError } from "../errors.ts";
import { type OperationTools, withOperation } from "../sys/operation.ts";
import { type Keyring, openKeyring } from "./authorship.ts";
import { type InspectedDump, inspectDump, requireChecksum } from "./inspect.ts";
import { type Depth, type ProofResult, type Reason, recordResult } from "./proof.ts";
import { canReadThrough, type ReadingTools, readArchiveThrough } from "./read-through.ts";
import type { StoredDump } from "./store.ts";

export interface Verdict {
  dump: StoredDump;
  checked?: InspectedDump["checked"];
  /** How deep it was tried. */
  depth: Depth;
  /** How deep it was to be tried; absent where only its bytes were looked at. */
  asked?: Depth;
  /** What is not what was dumped, as sentences. */
  differences?: readonly string[];
  /** Of the server that it was restored on. */
  serverVersion?: string;
  tookMs?: number;
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

/** How dumps are checked without a server. */
export interface CheckTools {
  keyring: Keyring;
  /** For archives that have to be read to their end: those without a manifest of one's own. */
  reading: () => Promise<ReadingTools>;
}

/**
 * Checks each dump: by its recorded SHA-256, and by reading it to its end where no manifest of one's own vouches for that. Never
 * throws for a dump that is damaged.
 */
export async function verifyDumps(
  dumps: readonly StoredDump[],
  tools: OperationTools,
  check: CheckTools,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const dump of dumps) {
    const started = tools.clock.now().getTime();
    const verdict: Verdict = { dump, depth: "checksum" };
    try {
      verdict.checked = await checkDump(dump, tools, check);
    } catch (error) {
      tools.abort.throwIfAborted();
      verdict.fault = faultOf(error, "check");
    }
    verdict.tookMs = tools.clock.now().getTime() - started;
    verdicts.push(verdict);
  }
  return verdicts;
}

async function checkDump(
  dump: StoredDump,
  tools: OperationTools,
  { keyring, reading }: CheckTools,
): Promise<InspectedDump["checked"]> {
  const isOwn = dump.manifest !== undefined && keyring.owns(dump.manifest);
  if (isOwn && dump.manifest?.encryption !== undefined) {
    await requireChecksum(dump, tools); // for which nobody needs to be able to read it
    return "sha256";
  }
  const inspected = await inspectDump(dump, tools);
  if (isOwn || !canReadThrough(inspected)) return inspected.checked;
  const subject = { operation: "verify-plan", target: dump.name, server: "", database: "" };
  await withOperation(tools, subject, async (operation) =>
    readArchiveThrough(inspected, tools, await reading(), operation),
  );
  return dump.manifest === undefined ? "read" : inspected.checked;
}

/** Writes each result down beside its dump, where the user's own pgrove has made that. What cannot be written is noted. */
export async function recordVerdicts(verdicts: readonly Verdict[], tools: OperationTools): Promise<void> {
  const keyring = await openKeyring(tools);
  for (const { dump, fault, depth, asked = depth, serverVersion, tookMs } of verdicts) {
    const result: ProofResult = {
      ...{ depth, at: tools.clock.now().toISOString(), ok: fault === undefined, reason: fault?.reason ?? null },
      ...(asked === depth ? {} : { asked }),
      ...{ server_version: serverVersion ?? null, took_ms: tookMs ?? 0 },
    };
    await recordResult(dump, result, keyring, tools).catch((error: unknown) => {
      tools.note(`the result could not be written beside ${dump.name}: ${messageOf(error)}`);
    });
  }
}
