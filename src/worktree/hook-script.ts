/** What pgrove puts into a git hook: a few lines of POSIX sh that call it, and get in git's way only where that is meant. */
import { EXIT } from "../errors.ts";
import { quoteForShell } from "../sys/shell-word.ts";
import { cutBlock, exchangeBlock, findBlock, formatBlock, lineBreakOf } from "./marked-block.ts";

export const HOOK_NAMES = ["post-checkout", "post-merge", "pre-push"] as const;
export type HookName = (typeof HOOK_NAMES)[number];

const ABOUT = "renewed by `pgrove hooks install`, taken out by `pgrove hooks uninstall`";
const NEW_HOOK = "#!/bin/sh";

/** When there is something to do. A checkout of single files says 0, a squash changes no commit and says 1. */
const CONDITIONS: Record<Exclude<HookName, "pre-push">, string> = {
  "post-checkout": `[ "\${3-}" = 1 ]`,
  "post-merge": `[ "\${1-}" != 1 ]`,
};

const NOT_SKIPPED = `[ "\${PGROVE_SKIP_HOOKS-}" != 1 ]`;
const HAS_CONFIG = "{ [ -e pgrove.yaml ] || [ -e pgrove.yml ]; }";

const FURTHER_FOLDERS = "/usr/local/bin:/opt/homebrew/bin";

/** What a program that is started from a desktop lacks, at the end of its PATH: pgrove may be there, and docker. */
const USUAL_FOLDERS = `\${PATH:+$PATH:}\${HOME-}/.local/bin:${FURTHER_FOLDERS}`;

/** The pgrove that a hook finds which knows no path of this machine; undefined where it would find none, and do nothing. */
export function findByHook({ PATH = "", HOME = "" }: Readonly<Record<string, string | undefined>>): string | undefined {
  return Bun.which("pgrove", { PATH: `${PATH}:${HOME}/.local/bin:${FURTHER_FOLDERS}` }) ?? undefined;
}

function blockLines(hook: HookName, program: string | undefined): string[] {
  const programs = [...(program === undefined ? [] : [quoteForShell(program)]), "pgrove"].join(" ");
  return hook === "pre-push" ? pushLines(programs) : eventLines(hook, programs);
}

/*
 * The lines run under `set -eu`, too. Nothing is read from the input, which may be meant for what follows, and the exit
 * status is always 0: that of a post-checkout hook would become `git worktree add`'s.
 */
function eventLines(hook: keyof typeof CONDITIONS, programs: string): string[] {
  return [
    `if ${NOT_SKIPPED} && ${CONDITIONS[hook]} && ${HAS_CONFIG}; then (`,
    `  PATH="${USUAL_FOLDERS}"`,
    "  export PATH",
    `  for pgrove in ${programs}; do`,
    `    command -v "$pgrove" >/dev/null 2>&1 && exec "$pgrove" __hook ${hook} "$@" </dev/null`,
    "  done",
    ") || :; fi",
  ];
}

/** The status by which pgrove says that a push is to be stopped; whatever else goes wrong with it stops nothing. */
const STOPS = EXIT.problems;

/* What is pushed comes by the input. It is read, and then given once more to what follows, such as Git LFS. */
function pushLines(programs: string): string[] {
  return [
    `if ${NOT_SKIPPED} && ${HAS_CONFIG}; then`,
    "  pgrove_pushed=$(cat)",
    "  (",
    `    PATH="${USUAL_FOLDERS}"`,
    "    export PATH",
    `    for pgrove in ${programs}; do`,
    '      if command -v "$pgrove" >/dev/null 2>&1; then',
    `        printf '%s\\n' "$pgrove_pushed" | "$pgrove" __hook pre-push "$@"`,
    "        exit $?",
    "      fi",
    "    done",
    `  ) || [ $? -ne ${STOPS} ] || exit 1`,
    "  exec </dev/null",
    '  [ -z "$pgrove_pushed" ] || exec <<PGROVE',
    "$pgrove_pushed",
    "PGROVE",
    "fi",
  ];
}

/**
 * A hook's text with pgrove's lines in it; `text` is undefined when there is no hook yet. They stand before everything
 * else, since what follows may end with `exit` or `exec`. Throws (exit 3) when its marks are broken.
 */
export function addHookBlock(
  text: string | undefined,
  { hook, program, file }: { hook: HookName; program: string | undefined; file: string },
): string {
  const lineBreak = lineBreakOf(text ?? "");
  const block = formatBlock(ABOUT, blockLines(hook, program), lineBreak);
  if (text === undefined || text === "") return `${NEW_HOOK}\n${block}\n`;
  const found = findBlock(text, file);
  if (found !== undefined) return exchangeBlock(text, found, block);
  const start = findBeginning(text);
  const before = text.slice(0, start);
  return (before === "" || before.endsWith("\n") ? before : before + lineBreak) + block + lineBreak + text.slice(start);
}

/** Behind the `#!` line, and behind the line by which hooks of husky 5 to 8 start themselves a second time. */
function findBeginning(text: string): number {
  const first = /^#!.*(\n|$)/.exec(text)?.[0] ?? "";
  const husky = /^\. .*\/_\/husky\.sh"?.*(\n|$)/m.exec(text);
  return husky === null ? first.length : husky.index + husky[0].length;
}

/**
 * A hook's text without pgrove's lines; undefined when it has none, and "" when there was nothing else in it. Throws
 * (exit 3) when its marks are broken.
 */
export function removeHookBlock(text: string, file: string): string | undefined {
  const found = findBlock(text, file);
  if (found === undefined) return undefined;
  const rest = cutBlock(text, found);
  return rest.trim() === NEW_HOOK ? "" : rest;
}

const SHELLS = new Set(["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"]);

/** The program that runs a hook, by its first line, if it is no shell that reads pgrove's lines. */
export function findForeignInterpreter(text: string): string | undefined {
  const [program = "", ...words] = /^#!\s*(.*)/.exec(text)?.[1]?.trim().split(/\s+/) ?? ["sh"]; // git's own choice
  const named = baseName(program) === "env" ? words.find((word) => !/^-|=/.test(word)) : program;
  const name = baseName(named ?? "");
  return SHELLS.has(name) ? undefined : name || "an unknown program";
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
