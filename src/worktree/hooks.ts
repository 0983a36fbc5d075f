/** Puts pgrove's lines into the git hooks of a repository, beside whatever is in them, and takes them out again. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PgroveError, refusal } from "../errors.ts";
import type { HookPlace } from "../repo/hook-place.ts";
import { ensureDir, isInside, pathExists, readTextIfExists } from "../sys/files.ts";
import { addHookBlock, findForeignInterpreter, HOOK_NAMES, type HookName, removeHookBlock } from "./hook-script.ts";
import { type ForeignFile, ownNewFile, readForeignFile, writeForeignFile } from "./users-file.ts";

export interface HookChange {
  hook: HookName;
  path: string;
  change: "installed" | "renewed" | "unchanged" | "removed" | "absent";
}

export interface HookState {
  hook: HookName;
  path: string;
  /** `old`: its lines are not the ones that this pgrove would write. */
  state: "installed" | "old" | "absent";
  /** Whether git will run it. */
  runs: boolean;
}

interface Hook {
  hook: HookName;
  file: string;
  found: ForeignFile | undefined;
}

/**
 * Installs the hooks; twice is as good as once. `program` is the path of pgrove itself, where it is known. Looks at all of
 * them before the first is written. Throws (exit 5) for a hook that is no shell script, with what to add by hand, and for
 * hooks that are switched off.
 */
export async function installHooks(place: HookPlace, program: string | undefined): Promise<HookChange[]> {
  if (place.off !== undefined) {
    const why = `git's hooks are switched off here: ${place.folder} (core.hooksPath) is no folder`;
    throw refusal("hooks_off", `${why}; no hook was changed`, `${place.off}      then: pgrove hooks install`);
  }
  const hooks = await readHooks(place);
  const texts = hooks.map((each) => {
    requireShellScript(each);
    if (each.found !== undefined && !runs(each, place)) throw switchedOff(each);
    return addHookBlock(each.found?.text, { hook: each.hook, program: programFor(place, program), file: each.file });
  });
  await ensureDir(place.folder, 0o777);
  return await Promise.all(
    hooks.map(async ({ hook, file, found }, index): Promise<HookChange> => {
      const text = texts[index] ?? "";
      if (text === found?.text) return { hook, path: file, change: "unchanged" };
      const renewed = found !== undefined && removeHookBlock(found.text, file) !== undefined;
      await writeForeignFile(found?.path ?? file, text, found ?? ownNewFile(0o755));
      return { hook, path: file, change: renewed ? "renewed" : "installed" };
    }),
  );
}

/** Takes pgrove's lines out of the hooks, and a hook away that has nothing else in it. */
export async function uninstallHooks(place: HookPlace): Promise<HookChange[]> {
  const hooks = await readHooks(place);
  const rests = hooks.map(({ file, found }) => (found === undefined ? undefined : removeHookBlock(found.text, file)));
  return await Promise.all(
    hooks.map(async ({ hook, file, found }, index): Promise<HookChange> => {
      const rest = rests[index];
      if (found === undefined || rest === undefined) return { hook, path: file, change: "absent" };
      if (rest === "") await rm(file);
      else await writeForeignFile(found.path, rest, found);
      return { hook, path: file, change: "removed" };
    }),
  );
}

/** How the hooks are now. */
export async function inspectHooks(place: HookPlace, program: string | undefined): Promise<HookState[]> {
  return (await readHooks(place)).map((each) => {
    const { hook, file, found } = each;
    if (found === undefined || removeHookBlock(found.text, file) === undefined) {
      return { hook, path: file, state: "absent", runs: false };
    }
    const wanted = addHookBlock(found.text, { hook, program: programFor(place, program), file });
    return { hook, path: file, state: wanted === found.text ? "installed" : "old", runs: runs(each, place) };
  });
}

/** A path of this machine says nothing to the others that a committed hook reaches. */
function programFor({ shared }: HookPlace, program: string | undefined): string | undefined {
  return shared ? undefined : program;
}

async function readHooks(place: HookPlace): Promise<Hook[]> {
  return await Promise.all(
    HOOK_NAMES.map(async (hook) => {
      const usual = join(place.folder, hook);
      if (place.off !== undefined) return { hook, file: usual, found: undefined };
      const file = (await isMovedAside(usual)) ? asideOf(usual) : usual;
      const roots = await Promise.all(place.roots.map(async (root) => ((await isInside(root, file)) ? [root] : [])));
      const root = roots.flat()[0] ?? place.folder;
      return { hook, file, found: await readHook(hook, file, root) };
    }),
  );
}

/** Where pre-commit moves a hook that it finds; its own one runs that first. */
const asideOf = (file: string) => `${file}.legacy`;

/** Whether our lines are in a hook that was moved aside: in both, they would run twice. */
async function isMovedAside(file: string): Promise<boolean> {
  const aside = await readTextIfExists(asideOf(file)).catch(() => undefined);
  return aside !== undefined && (await pathExists(file)) && removeHookBlock(aside, asideOf(file)) !== undefined;
}

async function readHook(hook: HookName, file: string, root: string): Promise<ForeignFile | undefined> {
  try {
    return await readForeignFile(file, root);
  } catch (error) {
    if (error instanceof PgroveError && error.code === "not_text") throw notAShellScript(hook, file, "no text");
    throw error;
  }
}

function requireShellScript({ hook, file, found }: Hook): void {
  const interpreter = findForeignInterpreter(found?.text ?? "");
  if (interpreter !== undefined) throw notAShellScript(hook, file, `a script for ${interpreter}`);
}

function notAShellScript(hook: HookName, file: string, what: string): PgroveError {
  return refusal(
    "hook_foreign",
    `${file} is ${what}, into which pgrove cannot write; no hook was changed`,
    hook === "pre-push"
      ? "let it run this with its own arguments and input, and stop when it ends with 6: pgrove __hook pre-push ARGUMENTS"
      : `let it run this with its own arguments, and ignore how it ends: pgrove __hook ${hook} ARGUMENTS`,
  );
}

function runs({ found }: Hook, { manager }: HookPlace): boolean {
  return manager === "husky" || ((found?.mode ?? 0) & 0o111) !== 0;
}

function switchedOff({ file }: Hook): PgroveError {
  return refusal(
    "hook_switched_off",
    `${file} is not executable, so git does not run it; pgrove would switch on what else is in it. No hook was changed`,
    `chmod +x '${file}'      then: pgrove hooks install`,
  );
}
