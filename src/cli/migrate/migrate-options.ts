/** The options that `migrate up`, `down` and `goto` share. */
import { durationMs } from "../../config/duration.ts";
import { BACKUPS } from "../../config/schema-migrations.ts";
import { usageError } from "../../errors.ts";
import { type RunOptions, USUAL_LOCK_WAIT_MS } from "../../migrate/request.ts";
import { isUrl } from "../../postgres/url.ts";
import type { Values } from "../args.ts";
import { defineArgs } from "../grammar.ts";

export const RUN_OPTIONS = defineArgs({
  "dry-run": { type: "boolean", description: "say what would be run, and what it does to the data; change nothing" },
  rehearse: { type: "boolean", description: "try it on a copy of the target first" },
  backup: {
    ...{ type: "enum", valueHint: "KIND", options: [...BACKUPS] },
    description: "what is saved first: dump, snapshot or none",
  },
  "skip-backup": { type: "boolean", description: "save nothing first (SKIP_BACKUP=true)" },
  "allow-out-of-order": { type: "boolean", description: "also apply what is older than what is applied" },
  "lock-timeout": {
    ...{ type: "string", valueHint: "TIME" },
    description: "how long to wait for another run that migrates: 1m",
  },
  "statement-timeout": { type: "string", valueHint: "TIME", description: "how long one statement may run: 10m" },
  wait: { type: "string", valueHint: "TIME", description: "how long to wait for a server that is not there yet: 60s" },
});

/** Reads the shared options. Throws (exit 2) at a time that is none. */
export function readRunOptions(args: Partial<Values<typeof RUN_OPTIONS>>): RunOptions {
  const time = (name: string, text: string | undefined) => {
    if (text === undefined) return undefined;
    const ms = durationMs(text);
    if (ms === undefined) throw usageError(`--${name} takes a time such as 500ms, 5s or 2m; not ${text}`);
    return ms;
  };
  return {
    ...{ dryRun: args.dryRun ?? false, rehearse: args.rehearse ?? false },
    backup: { skip: args.skipBackup ?? false, ...(args.backup === undefined ? {} : { kind: args.backup }) },
    allowOutOfOrder: args.allowOutOfOrder ?? false,
    lockWaitMs: time("lock-timeout", args.lockTimeout) ?? USUAL_LOCK_WAIT_MS,
    statementTimeoutMs: time("statement-timeout", args.statementTimeout),
    waitMs: time("wait", args.wait) ?? 0,
  };
}

/** `up @production`: what can only be a target is none of the words that say how far. */
export function sortWords(word: string | undefined, target: string | undefined) {
  const isTarget = target === undefined && word !== undefined && (word.startsWith("@") || isUrl(word));
  return isTarget ? { word: undefined, target: word } : { word, target };
}
