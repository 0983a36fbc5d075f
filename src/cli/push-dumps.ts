/** Dumps pushed to the remotes, for `dumps push` and `dump --push`. */
import type { StoredDump } from "../dump/store.ts";
import { EXIT, messageOf, PgroveError } from "../errors.ts";
import type { PushedTo } from "./answers/dumps-remote.ts";
import type { Context } from "./context.ts";
import { chooseRemotes, openRemoteOf, ownHost } from "./open-remotes.ts";

export interface PushWish {
  remote: string | undefined;
  verify: boolean;
  dryRun: boolean;
}

/**
 * Pushes them to the named remote, or to every one: that one is not there keeps them from no other. Throws, once all were
 * tried, what was wrong with the first that failed.
 */
export async function pushTo(context: Context, dumps: readonly StoredDump[], wish: PushWish): Promise<PushedTo[]> {
  const { planPush, pushDumps } = await import("../remote/push.ts");
  const tools = await context.operationTools();
  const request = { host: ownHost(context), dumps, verify: wish.verify };
  const all: PushedTo[] = [];
  const failed: unknown[] = [];
  for (const kind of await chooseRemotes(context, wish.remote)) {
    try {
      const remote = await openRemoteOf(context, kind);
      const pushed = wish.dryRun ? await planPush(tools, remote, request) : await pushDumps(tools, remote, request);
      all.push(...pushed.map((each) => ({ ...each, remote: kind })));
    } catch (error) {
      tools.abort.throwIfAborted();
      failed.push(error);
    }
  }
  if (failed.length === 0) return all;
  for (const { place } of wish.dryRun ? [] : all) context.output.note(`  pushed  ${place}`);
  for (const error of failed.slice(1)) context.output.warn(`warning: ${messageOf(error)}`);
  throw failed[0];
}

/**
 * Says which remotes are not there, before anything is dumped. The dump is made all the same: a disk that is not mounted must
 * not be why there is none. Throws as `chooseRemotes`.
 */
export async function warnOfAbsent(context: Context): Promise<void> {
  for (const kind of await chooseRemotes(context, undefined)) {
    try {
      await openRemoteOf(context, kind);
    } catch (error) {
      if (!(error instanceof PgroveError) || error.exit !== EXIT.missing) throw error;
      context.output.warn(`warning: it will not be pushed: ${error.message}`);
    }
  }
}
