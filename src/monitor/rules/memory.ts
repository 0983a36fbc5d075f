/** What is remembered between two checks: since when a rule's condition holds, and what those who are told were told last. */
import { join } from "node:path";
import * as v from "valibot";
import { withLock } from "../../sys/file-lock.ts";
import { readTextIfExists, writeFileAtomic } from "../../sys/files.ts";
import { byName, time } from "../../sys/form.ts";
import { parseJson } from "../../sys/untyped.ts";

export interface CheckMemory {
  version: 1;
  /** By rule and target: since when the condition holds. */
  since: Record<string, string>;
  /** By whoever is told: the rules at their targets of which it was told that they fire. */
  told: Record<string, string[]>;
}

const form = v.object({
  version: v.literal(1),
  since: byName(time),
  told: byName(v.array(v.string())),
});

const LOCK_WAIT_MS = 30_000;

/** How a rule at a target is remembered. */
export function memoryKey(rule: string, target: string): string {
  return `${rule} ${target}`;
}

/** Forgets what is remembered of rules that are not among those names: pgrove.yaml has them no more, and nothing would ever resolve them. */
export function forgetOtherRules(memory: CheckMemory, names: ReadonlySet<string>): void {
  const stays = (key: string) => names.has(key.slice(0, key.indexOf(" ")));
  memory.since = Object.fromEntries(Object.entries(memory.since).filter(([key]) => stays(key)));
  memory.told = Object.fromEntries(Object.entries(memory.told).map(([way, keys]) => [way, keys.filter(stays)]));
}

/** The body with what is remembered, which is written back as the body has left it; one check at a time. A damaged file is forgotten. */
export async function withMemory<T>(stateDir: string, body: (memory: CheckMemory) => Promise<T>): Promise<T> {
  const file = join(stateDir, "checks.json");
  return await withLock(join(stateDir, "checks.lock"), LOCK_WAIT_MS, async () => {
    const before = await readTextIfExists(file);
    const memory = parse(before);
    const answer = await body(memory);
    const after = `${JSON.stringify(memory)}\n`;
    if (after !== before) await writeFileAtomic(file, after, { durable: false });
    return answer;
  });
}

function parse(text: string | undefined): CheckMemory {
  const value = parseJson(text);
  return v.is(form, value) ? value : { version: 1, since: {}, told: {} }; // a damaged one counts as one that is not there
}
