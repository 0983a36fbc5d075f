/** pgrove's own migrations, rehearsed: run on a copy, with what each of them locks. */
import { describeMigration } from "../migration.ts";
import type { MigrateDialogue } from "../request.ts";
import type { MigrateTools } from "../tools.ts";
import { type ApplyRequest, applyWish } from "./apply.ts";
import { type HeldLock, type Rehearsal, rehearse } from "./rehearse.ts";

/** Runs migrations on a copy of the target. Throws as the migrations would; the target itself is only read. */
export async function rehearseMigrations(
  tools: MigrateTools,
  targetText: string | undefined,
  request: Omit<ApplyRequest, "beforeCommit" | "requireHeld" | "agreed">,
  whenBusy: MigrateDialogue["whenBusy"],
): Promise<Rehearsal> {
  const live = await tools.openTarget(targetText);
  return await rehearse(await tools.operationTools(), live, {
    whenBusy: (sessions) => whenBusy(live.target, sessions),
    run: async (work, copy, readLocks) => {
      const held = new Map<bigint, readonly HeldLock[]>();
      const applied = await applyWish(work, copy, {
        ...request,
        beforeCommit: async (sql, { version }) => void held.set(version, await readLocks(sql)),
      });
      return applied.map(({ step, durationMs }) => {
        const name = `${step.direction} ${describeMigration(step)}`;
        return { name, durationMs, locks: held.get(step.version) ?? [] };
      });
    },
  });
}
