/** Removes the dumps that the rule lets go. */
import type { KeepRule } from "../config/schema-keep.ts";
import { decideOn, type KeepReason } from "../retention/decide.ts";
import { openZone } from "../retention/local-time.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";
import { openKeyring } from "./authorship.ts";
import { type Doubts, type Judgement, judgeDumps, lookAndForget } from "./judge.ts";
import { withPlaceAlone } from "./place-lock.ts";
import { rememberRemoval, removeDump } from "./remove-dumps.ts";
import { listDumps, type StoredDump } from "./store.ts";
import { withRemoval } from "./store-operation.ts";

/** Where dumps lie: a folder, or somewhere else. */
export interface DumpPlace {
  /** For people. */
  label: string;
  /** Every dump with its manifest, newest first. Each may be handed to `look` as soon as it is read. */
  list(look?: (dump: StoredDump) => void): Promise<StoredDump[]>;
  /** Hears of all that will be removed before the first one goes. */
  begin?(operation: Operation, dumps: readonly StoredDump[]): Promise<void>;
  /** Removes it, as it was listed. Throws (exit 5) when it is another one by now. */
  remove(dump: StoredDump): Promise<void>;
}

/** The store on this machine. */
export function folderPlace(folder: string): DumpPlace {
  return {
    label: folder,
    list: (look) => listDumps(folder, look),
    begin: (operation, dumps) => rememberRemoval(operation, folder, dumps),
    remove: removeDump,
  };
}

/** What becomes of one dump. */
export interface DumpDecision {
  dump: StoredDump;
  source: string;
  /** None: it goes. */
  reasons: KeepReason[];
  doubt: string | undefined;
}

export interface PrunePlan {
  kept: DumpDecision[];
  removed: DumpDecision[];
  ignored: Judgement["ignored"];
}

export interface PruneRequest {
  rule: KeepRule;
  source?: string | undefined;
  /** The SHA-256 of what lies elsewhere, too, where that counts: it may go here though it is the newest that was proved. */
  copied?: ReadonlySet<string>;
}

/** What the rule keeps and lets go of each source, or of one. Changes nothing. */
export async function planPrune(
  tools: Pick<OperationTools, "userKey" | "sharedKey" | "clock">,
  place: DumpPlace,
  { rule, source: only, copied = new Set() }: PruneRequest,
): Promise<PrunePlan> {
  const keyring = await openKeyring(tools);
  const doubts: Doubts = new Map();
  const dumps = await place.list((dump) => lookAndForget(dump, keyring, doubts));
  const { histories, ignored } = judgeDumps(dumps, keyring, doubts);
  const moment = { now: tools.clock.now().getTime(), zone: openZone() };
  const decisions = [...histories]
    .filter(([source]) => only === undefined || source === only)
    .flatMap(([source, history]) =>
      decideOn(history, rule, moment).map(({ candidate: { dump, doubt }, reasons }) => ({
        ...{ dump, source, doubt },
        reasons: copied.has(dump.manifest?.sha256 ?? "") ? reasons.filter((reason) => reason !== "proved") : reasons,
      })),
    );
  return {
    kept: decisions.filter(({ reasons }) => reasons.length > 0),
    removed: decisions.filter(({ reasons }) => reasons.length === 0),
    ignored: only === undefined ? ignored : [],
  };
}

const AT_ONCE = 32;

/**
 * Removes what the plan says, as one operation, and alone. Throws (exit 5) at the first dump that is another one by now, or was pinned since; what is
 * removed by then stays removed.
 */
export async function pruneDumps(tools: OperationTools, place: DumpPlace, { removed }: PrunePlan): Promise<void> {
  const removing = async (operation: Operation) => {
    const { details, abort } = operation;
    await place.begin?.(
      operation,
      removed.map(({ dump }) => dump),
    );
    let count = 0;
    Object.assign(details, { place: place.label, removed: count });
    const failing = new AbortController();
    const ends = AbortSignal.any([abort, failing.signal]);
    const left = removed.values();
    const removeOn = async () => {
      for (const { dump } of left) {
        if (ends.aborted) return;
        await place.remove(dump).then(
          () => {
            details.removed = ++count;
          },
          (error: unknown) => failing.abort(error),
        );
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, removeOn));
    ends.throwIfAborted();
  };
  await withPlaceAlone(tools, place.label, () => withRemoval(tools, "dumps-prune", removing));
}
