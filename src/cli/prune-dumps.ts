/** The removal of dumps by the rule: planned, shown, agreed to, done. For `dumps prune` and `dump --prune`. */
import { chooseKeepRule } from "../dump/keep-rule.ts";
import { type DumpPlace, folderPlace, type PrunePlan, planPrune, pruneDumps } from "../dump/prune.ts";
import { clearDeadRuns } from "../dump/store-operation.ts";
import type { OperationTools } from "../sys/operation.ts";
import { describeGoing } from "./answers/dumps-prune.ts";
import type { Context } from "./context.ts";
import { openOneRemote, openRemotes, ownHost } from "./open-remotes.ts";
import { requireTrust } from "./trust.ts";

export interface Pruning {
  tools: OperationTools;
  place: DumpPlace;
  plan: PrunePlan;
}

export interface PruneWish {
  /** Of this source only. */
  source: string | undefined;
  /** At a remote: true, or which. */
  remote?: string | true | undefined;
}

/** What the rule of this repository keeps and lets go in its store, or of this machine's dumps at a remote. */
export async function planPruning(context: Context, { source, remote }: PruneWish): Promise<Pruning> {
  const tools = await context.operationTools();
  const rule = chooseKeepRule((await context.config())?.config.dumps.keep, context.environment);
  const place = remote === undefined ? folderPlace(await context.storeDir()) : await openPlace(context, remote);
  const copied = rule.remote === true && remote === undefined ? await listCopied(context) : new Set<string>();
  return { tools, place, plan: await planPrune(tools, place, { rule, source: source?.replace(/^@/, ""), copied }) };
}

/** What every remote has of this machine's dumps, whole. */
async function listCopied(context: Context): Promise<Set<string>> {
  const remotes = await openRemotes(context, undefined);
  const { listWhole } = await import("../remote/remote-dumps.ts");
  const all = remotes.map((each) => listWhole(each, ownHost(context), context.interruptions().abort));
  return (await Promise.all(all)).reduce((inAll, some) => inAll.intersection(some));
}

async function openPlace(context: Context, named: string | true): Promise<DumpPlace> {
  const remote = await openOneRemote(context, named === true ? undefined : named);
  const { placeOf } = await import("../remote/remote-dumps.ts");
  return placeOf(remote, ownHost(context), context.interruptions().abort);
}

/** Removes what the plan lets go, once that is agreed to. */
export async function carryOutPruning(context: Context, { tools, place, plan }: Pruning): Promise<void> {
  if (plan.removed.length === 0) return await clearDeadRuns(tools);
  await requireTrust(context, { keys: ["dumps.keep"] }); // a branch that keeps less is asked about
  await context.requireConsent({
    target: { label: place.label, name: "store", protected: false },
    what: describeGoing(plan),
    instead: "pgrove dumps prune --dry-run",
  });
  await pruneDumps(tools, place, plan);
}
