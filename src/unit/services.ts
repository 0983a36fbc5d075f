/** Services that use what is replaced: stopped around the swap, and started again however it ends. */
import { messageOf } from "../errors.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Work } from "../work/work.ts";

/**
 * The body, with the services stopped. Resolves with how many were started again. They use the server of pgrove.yaml, or
 * of a worktree's own project: a target elsewhere stops none.
 */
export async function withServicesStopped(
  work: Work,
  { server, target }: LiveTarget,
  services: readonly string[],
  body: () => Promise<void>,
): Promise<number> {
  if (services.length === 0 || !target.hasServices) {
    await body();
    return 0;
  }
  let stopped: readonly string[] = [];
  let forget: (() => Promise<void>) | undefined;
  let failed: unknown;
  try {
    await server.stopServices(services, async (running) => {
      work.tools.note(`stopping ${services.join(", ")}`);
      stopped = running;
      forget = await work.operation.remember({ kind: "stopped-services", containers: running });
    });
    work.operation.abort.throwIfAborted();
    await body();
  } catch (error) {
    failed = error;
  }
  if (stopped.length === 0) {
    if (failed !== undefined) throw failed;
    return 0;
  }
  try {
    await server.startServices(stopped);
    await forget?.();
    work.tools.note(`started ${services.join(", ")} again`);
  } catch (error) {
    work.tools.note(`could not start ${services.join(", ")} again: ${messageOf(error)}`);
    failed ??= error;
  }
  if (failed !== undefined) throw failed;
  return stopped.length;
}
