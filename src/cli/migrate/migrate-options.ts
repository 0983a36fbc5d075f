/** The options that `migrate up`, `down` and `goto` share. */
import { BACKUPS } from "../../config/schema-migrations.ts";
import { type RunOptions, USUAL_LOCK_WAIT_MS } from "../../migrate/request.ts";
import { isUrl } from "../../postgres/url.ts";
import type { Values } from "../args.ts";
import { defineArgs, WAIT_LOCK } from "../grammar.ts";
import { readTime } from "../time-words.ts";

export const RUN_OPTIONS = defineArgs({
  "dry-run": { type: "boolean", description: "say what would be run, and what it does to the data; change nothing" },
  rehearse: { type: "boolean", description: "try it on a copy of the target first" },
  backup: {
    ...{ type: "enum", valueHint: "KIND", options: [...BACKUPS] },
    description: "what is saved first: dump, snapshot or none",
  },
  "skip-backup": { type: "boolean", description: "save nothing first (SKIP_BACKUP=true)" },
  "allow-out-of-order": { type: "boolean", description: "also apply what is older than what is applied" },
  ...WAIT_LOCK,
  "lock-timeout": {
    ...{ type: "string", valueHint: "TIME" },
    description: "how long to wait for another run that migrates; default: --wait-lock, else 1m",
  },
  "statement-timeout": { type: "string", valueHint: "TIME", description: "how long one statement may run: 10m" },
  wait: { type: "string", valueHint: "TIME", description: "how long to wait for a server that is not there yet: 60s" },
});

/** Reads the shared options. Throws (exit 2) at a time that is none. */
export function readRunOptions(args: Partial<Values<typeof RUN_OPTIONS>>): RunOptions {
  return {
    ...{ dryRun: args.dryRun ?? false, rehearse: args.rehearse ?? false },
    backup: { skip: args.skipBackup ?? false, ...(args.backup === undefined ? {} : { kind: args.backup }) },
    allowOutOfOrder: args.allowOutOfOrder ?? false,
    lockWaitMs:
      readTime("lock-timeout", args.lockTimeout) ?? readTime("wait-lock", args.waitLock) ?? USUAL_LOCK_WAIT_MS,
    statementTimeoutMs: readTime("statement-timeout", args.statementTimeout),
    waitMs: readTime("wait", args.wait) ?? 0,
  };
}

/** `up @production`: what can only be a target is none of the words that say how far. */
export function sortWords(word: string | undefined, target: string | undefined) {
  const isTarget = target === undefined && word !== undefined && (word.startsWith("@") || isUrl(word));
  return isTarget ? { word: undefined, target: word } : { word, target };
}
