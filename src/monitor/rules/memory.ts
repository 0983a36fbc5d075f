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

/** A rule at a target, as it is remembered. */
export interface Remembered {
  rule: string;
  /** Undefined in what an older version has written down: it knew targets by their names alone. */
  identity: string | undefined;
}

const form = v.object({
  version: v.literal(1),
  since: byName(time),
  told: byName(v.array(v.string())),
});

const keyForm = v.tuple([v.string(), v.string()]);

const LOCK_WAIT_MS = 30_000;

/** How a rule at a target is remembered. */
export function memoryKey(rule: string, identity: string): string {
  return JSON.stringify([rule, identity]);
}

/** What a key says. Those of older versions are "rule target". */
export function readMemoryKey(key: string): Remembered {
  const parsed = key.startsWith("[") ? parseJson(key) : undefined;
  if (v.is(keyForm, parsed)) return { rule: parsed[0], identity: parsed[1] };
  return { rule: key.slice(0, key.indexOf(" ")), identity: undefined };
}

/** All that is remembered, each once. */
export function listRemembered({ since, told }: CheckMemory): string[] {
  return [...new Set([...Object.keys(since), ...Object.values(told).flat()])];
}

/** Forgets what is not to stay of what is remembered of rules and targets. */
export function keepOnly(memory: CheckMemory, stays: (remembered: Remembered) => boolean): void {
  const isKept = (key: string) => stays(readMemoryKey(key));
  memory.since = Object.fromEntries(Object.entries(memory.since).filter(([key]) => isKept(key)));
  memory.told = Object.fromEntries(Object.entries(memory.told).map(([way, keys]) => [way, keys.filter(isKept)]));
}

/** What an older version remembers of a rule under the target's name alone is of this key from now on. */
export function adoptOldKey(memory: CheckMemory, rule: string, target: string, key: string): void {
  const old = `${rule} ${target}`;
  const since = memory.since[old];
  if (since !== undefined) {
    memory.since[key] ??= since;
    delete memory.since[old];
  }
  for (const [way, keys] of Object.entries(memory.told)) {
    if (keys.includes(old)) memory.told[way] = [...new Set(keys.map((each) => (each === old ? key : each)))];
  }
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
