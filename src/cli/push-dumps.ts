/** Dumps pushed to the remotes, for `dumps push` and `dump --push`. */
import type { StoredDump } from "../dump/store.ts";
import type { PushedTo } from "./answers/dumps-remote.ts";
import type { Context } from "./context.ts";
import { openRemotes, ownHost } from "./open-remotes.ts";

export interface PushWish {
  remote: string | undefined;
  verify: boolean;
  dryRun: boolean;
}

/** Pushes them to the named remote, or to every one. Throws at the first that fails. */
export async function pushTo(context: Context, dumps: readonly StoredDump[], wish: PushWish): Promise<PushedTo[]> {
  const { planPush, pushDumps } = await import("../remote/push.ts");
  const tools = await context.operationTools();
  const host = ownHost(context);
  const all: PushedTo[] = [];
  for (const remote of await openRemotes(context, wish.remote)) {
    const request = { host, dumps, verify: wish.verify };
    const pushed = wish.dryRun ? await planPush(tools, remote, request) : await pushDumps(tools, remote, request);
    all.push(...pushed.map((each) => ({ ...each, remote: remote.kind })));
  }
  return all;
}
