/** Tells whoever `notify` of pgrove.yaml names of what has changed: once, and again at the next check where it was not heard. */
import { createHash } from "node:crypto";
import type { Notification } from "../../config/schema-checks.ts";
import { messageOf } from "../../errors.ts";
import { type PingFailure, type PingLimits, ping } from "../../sys/ping.ts";
import { runInShell, type ShellPlace } from "../../sys/shell-command.ts";
import type { CheckFindings } from "../rules/findings.ts";
import { withMemory } from "../rules/memory.ts";
import { afterTelling, type Change, commandVariables, findChanges, type Sender, webhookBody } from "./changes.ts";

export interface NotifyTools extends Sender, Pick<ShellPlace, "cwd" | "runner"> {
  stateDir: string;
  limits: PingLimits;
  /** What commands say. */
  tell(line: string): void;
}

/** How it went with one of them. */
export interface Notified {
  way: "webhook" | "command" | "ping";
  /** How many changes it was told of; undefined of a ping. */
  changes: number | undefined;
  failure: PingFailure;
}

/** Whether there is somebody: a variable that is not set names nobody. */
export function isSomebody({ webhook, command, ping }: Notification): boolean {
  return [webhook, command, ping].some((each) => each !== undefined && each !== "");
}

/**
 * Tells each of them, who has made sure that they are approved. Who is pinged hears of every check that finds all well;
 * the others hear of what has changed since they were told last, and nothing where nothing has.
 */
export async function notifyAll(
  ways: readonly Notification[],
  found: CheckFindings,
  { isWell, ...tools }: NotifyTools & { isWell: boolean },
): Promise<Notified[]> {
  const told: Notified[] = [];
  for (const way of ways.filter(isSomebody)) {
    if (way.ping === undefined) told.push(...(await tellChanges(way, found, tools)));
    else if (isWell) {
      told.push({ way: "ping", changes: undefined, failure: await ping(way.ping, tools.limits) });
    }
  }
  return told;
}

/** It counts as told before it is, so that of two checks at once one tells it; and as not told where it was not heard. */
async function tellChanges(way: Notification, found: CheckFindings, tools: NotifyTools): Promise<Notified[]> {
  const key = keyOf(way);
  const { changes, before } = await withMemory(tools.stateDir, async ({ told }) => {
    const known = told[key] ?? [];
    const changed = findChanges(found, known);
    told[key] = afterTelling(known, changed);
    return { changes: changed, before: known };
  });
  if (changes.length === 0) return [];
  const kind = way.webhook === undefined ? "command" : "webhook";
  try {
    const failure = await tell(way, changes, tools);
    if (failure !== undefined) await forget(tools.stateDir, key, before);
    return [{ way: kind, changes: changes.length, failure }];
  } catch (error) {
    await forget(tools.stateDir, key, before);
    throw error;
  }
}

async function forget(stateDir: string, key: string, before: string[]): Promise<void> {
  await withMemory(stateDir, async ({ told }) => {
    told[key] = before;
  });
}

/** Its address is a secret, and is not written down. */
function keyOf({ webhook, command }: Notification): string {
  return createHash("sha256")
    .update(JSON.stringify([webhook, command]))
    .digest("hex")
    .slice(0, 16);
}

async function tell(
  { webhook, format = "json", command = "" }: Notification,
  changes: readonly Change[],
  tools: NotifyTools,
): Promise<PingFailure> {
  if (webhook !== undefined) return await ping(webhook, tools.limits, webhookBody(format, changes, tools));
  const env = commandVariables(changes, tools);
  const { cwd, runner, limits } = tools;
  try {
    await runInShell(command, { cwd, env, runner, abort: limits.abort }, tools.tell);
    return undefined;
  } catch (error) {
    limits.abort.throwIfAborted();
    return messageOf(error).split("\n")[0];
  }
}
