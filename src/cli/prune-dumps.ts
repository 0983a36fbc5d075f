/** The removal of dumps by the rule: planned, shown, agreed to, done. For `dumps prune` and `dump --prune`. */
import { chooseKeepRule } from "../dump/keep-rule.ts";
import { type DumpPlace, folderPlace, type PrunePlan, planPrune, pruneDumps } from "../dump/prune.ts";
import type { OperationTools } from "../sys/operation.ts";
import { describeGoing } from "./answers/dumps-prune.ts";
import type { Context } from "./context.ts";

export interface Pruning {
  tools: OperationTools;
  place: DumpPlace;
  plan: PrunePlan;
}

/** What the rule of this repository keeps and lets go in its store, of every source or of one. */
export async function planPruning(context: Context, source: string | undefined): Promise<Pruning> {
  const tools = await context.operationTools();
  const rule = chooseKeepRule((await context.config())?.config.dumps.keep, context.environment);
  const place = folderPlace(await context.storeDir());
  return { tools, place, plan: await planPrune(tools, place, { rule, source }) };
}

/** Removes what the plan lets go, once that is agreed to. */
export async function carryOutPruning(context: Context, { tools, place, plan }: Pruning): Promise<void> {
  if (plan.removed.length === 0) return;
  await context.requireConsent({
    target: { label: "the store", name: "store", protected: false },
    what: describeGoing(plan),
    instead: "pgrove dumps prune --dry-run",
  });
  await pruneDumps(tools, place, plan);
}
