/** The options that `migrate up`, `down` and `goto` share. */
import { durationMs } from "../../config/duration.ts";
import { BACKUPS } from "../../config/schema-migrations.ts";
import { usageError } from "../../errors.ts";
import type { BackupWish } from "../../migrate/settings.ts";
import { isUrl } from "../../postgres/url.ts";
import type { Args } from "../args.ts";

export const RUN_OPTIONS = [
  { name: "dry-run", about: "say what would be run, and what it does to the data; change nothing" },
  { name: "rehearse", about: "try it on a copy of the target first" },
  { name: "backup", value: "KIND", choices: BACKUPS, about: "what is saved first: dump, snapshot or none" },
  { name: "skip-backup", about: "save nothing first (SKIP_BACKUP=true)" },
  { name: "allow-out-of-order", about: "also apply what is older than what is applied" },
  { name: "lock-timeout", value: "TIME", about: "how long to wait for another run that migrates: 1m" },
  { name: "statement-timeout", value: "TIME", about: "how long one statement may run: 10m" },
  { name: "wait", value: "TIME", about: "how long to wait for a server that is not there yet: 60s" },
] as const;

type RunOption = (typeof RUN_OPTIONS)[number]["name"];

export interface RunOptions {
  dryRun: boolean;
  rehearse: boolean;
  backup: BackupWish;
  allowOutOfOrder: boolean;
  /** How long to wait for another run. */
  lockWaitMs: number;
  statementTimeoutMs: number | undefined;
  waitMs: number;
}

const USUAL_LOCK_WAIT_MS = 60_000;

/** Reads the shared options. Throws (exit 2) at a time that is none. */
export function readRunOptions(args: Pick<Args<RunOption>, "flag" | "string">): RunOptions {
  const time = (name: RunOption) => {
    const text = args.string(name);
    if (text === undefined) return undefined;
    const ms = durationMs(text);
    if (ms === undefined) throw usageError(`--${name} takes a time such as 500ms, 5s or 2m; not ${text}`);
    return ms;
  };
  const kind = BACKUPS.find((each) => each === args.string("backup"));
  return {
    ...{ dryRun: args.flag("dry-run"), rehearse: args.flag("rehearse") },
    backup: { skip: args.flag("skip-backup"), ...(kind === undefined ? {} : { kind }) },
    allowOutOfOrder: args.flag("allow-out-of-order"),
    lockWaitMs: time("lock-timeout") ?? USUAL_LOCK_WAIT_MS,
    statementTimeoutMs: time("statement-timeout"),
    waitMs: time("wait") ?? 0,
  };
}

/** `up @production`: what can only be a target is none of the words that say how far. */
export function sortWords(word: string | undefined, target: string | undefined) {
  const isTarget = target === undefined && word !== undefined && (word.startsWith("@") || isUrl(word));
  return isTarget ? { word: undefined, target: word } : { word, target };
}
