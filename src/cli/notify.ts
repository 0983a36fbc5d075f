/** What `check` does with what it has found, beside answering: tells `notify`, and marks it for GitHub. */

import type { LoadedConfig } from "../config/load-config.ts";
import type { Notified } from "../monitor/notify/notify.ts";
import { type CheckFindings, findingsOf } from "../monitor/rules/findings.ts";
import { USUAL_PING } from "../sys/ping.ts";
import type { Context } from "./context.ts";
import { isTrusted } from "./trust.ts";

/** Tells whoever is to be told. Nobody is told before that was approved; the check counts all the same. */
export async function tellFindings(context: Context, found: CheckFindings, isWell: boolean): Promise<Notified[]> {
  const loaded = await context.config();
  const ways = loaded?.config.notify ?? [];
  if (loaded === undefined || ways.length === 0) return [];
  if (!(await isTrusted(context, ["notify.webhook", "notify.ping", "notify.command"]))) {
    context.output.warn("warning: nobody was told: notify of pgrove.yaml was not approved\nnext: pgrove trust");
    return [];
  }
  const { isSomebody, notifyAll } = await import("../monitor/notify/notify.ts");
  if (!ways.every(isSomebody)) context.output.warn(`warning: somebody of notify is not told: ${describeUnset(loaded)}`);
  const told = await notifyAll(ways, found, {
    ...{ project: loaded.config.project, secrets: loaded.secrets, now: context.clock.now(), isWell },
    ...{ cwd: loaded.root, runner: context.runner, stateDir: await context.stateDir() },
    limits: { ...USUAL_PING, abort: context.interruptions().abort },
    tell: context.output.detail,
  });
  for (const { way, failure } of told) {
    if (failure !== undefined) context.output.warn(`warning: a ${way} of notify was not heard: ${failure}`);
  }
  return told;
}

function describeUnset({ missing }: LoadedConfig): string {
  const names = missing.filter(({ path }) => path.startsWith("notify.")).map(({ name }) => name);
  return names.length === 0 ? "a variable is empty here" : `${names.join(", ")} is not set here`;
}

const LEVELS = { info: "notice", warning: "warning", critical: "error" } as const;

/**
 * The findings as GitHub's workflow commands, which its runner takes from stderr, too: there they are in no answer's way. See
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands.
 */
export async function annotateForGitHub({ environment, output }: Context, found: CheckFindings): Promise<void> {
  if (environment.GITHUB_ACTIONS !== "true") return;
  for (const { severity, rule, target, message, hint } of findingsOf(found)) {
    const title = escapeProperty(`pgrove check: ${rule} of ${target}`);
    await output.complain(`::${LEVELS[severity]} title=${title}::${escapeData(`${message}\nnext: ${hint}`)}`);
  }
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
