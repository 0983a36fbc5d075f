import { basename } from "node:path";
import { refusal, usageError } from "../../errors.ts";
import { findHookPlace, type HookManager, type HookPlace } from "../../repo/hook-place.ts";
import { quoteWord } from "../../sys/shell-word.ts";
import { findByHook } from "../../worktree/hook-script.ts";
import { type HookChange, type HookState, inspectHooks, installHooks, uninstallHooks } from "../../worktree/hooks.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { formatTable } from "../table.ts";

export const install = defineCommand({
  meta: {
    details:
      "After `git worktree add`, the new worktree is given its database; after a switch or a merge, a note says when the " +
      "migrations differ. Hooks that are there already keep what is in them. PGROVE_SKIP_HOOKS=1 switches ours off.",
    examples: [{ line: "pgrove hooks install", about: "twice is as good as once" }],
  },
  args: {},
  async run({ context }) {
    const place = await requireHookPlace(context);
    await requireConsentOutside(context, place);
    const hooks = await installHooks(place, programPath());
    await approveDefaultBranch(context);
    for (const note of notesOn(place, context)) context.output.note(note);
    await context.output.answer({ hooks }, () => renderChanges(hooks));
  },
});

export const uninstall = defineCommand({
  meta: { examples: [{ line: "pgrove hooks uninstall", about: "takes out pgrove's lines, and nothing else" }] },
  args: {},
  async run({ context }) {
    const place = await requireHookPlace(context);
    await requireConsentOutside(context, place);
    const hooks = await uninstallHooks(place);
    await context.output.answer({ hooks }, () => renderChanges(hooks));
  },
});

export const status = defineCommand({
  meta: { examples: [{ line: "pgrove hooks status", about: "whether the hooks are there, and git runs them" }] },
  args: {},
  async run({ context }) {
    const place = await requireHookPlace(context);
    const hooks = await inspectHooks(place, programPath());
    for (const note of hooks.some(({ state }) => state !== "absent") ? notesOn(place, context) : notesOnOff(place)) {
      context.output.note(note);
    }
    const { folder, manager } = place;
    await context.output.answer({ folder, manager, hooks }, () => renderStates(hooks));
  },
});

/** Who has the hooks installed wants them to work: with the files of the default branch, as they are now. */
async function approveDefaultBranch(context: Context): Promise<void> {
  if ((await context.config().catch(() => undefined)) === undefined) return;
  const { approveItems } = await import("../trust.ts");
  await approveItems(context, []);
}

async function requireHookPlace(context: Context): Promise<HookPlace> {
  const repository = await context.repository();
  if (repository !== undefined) return await findHookPlace(repository, context.runner);
  throw usageError(`there is no git repository in ${await context.folder()}`, "go to one, or: -C PATH");
}

async function requireConsentOutside({ prompt, flags, commandLine }: Context, place: HookPlace): Promise<void> {
  if (!place.outside || place.off !== undefined || flags.yes) return;
  const what = `git's hooks are in ${place.folder} (core.hooksPath), outside this repository: they serve others, too`;
  if (prompt.available && (await prompt.confirm(`${what}. Change them all the same?`))) return;
  throw refusal("hooks_outside", what, `${commandLine} --yes      changes them all the same`);
}

/** Where this program is; undefined when Bun runs it from its source. */
function programPath(): string | undefined {
  return basename(process.execPath).startsWith("bun") ? undefined : process.execPath;
}

function notesOnOff({ off, folder }: HookPlace): string[] {
  return off === undefined
    ? []
    : [`git's hooks are switched off here: ${folder} (core.hooksPath) is no folder\n${off}`];
}

/** What to know about hooks that somebody else looks after. */
function notesOn({ manager, shared, folder }: HookPlace, { environment }: Pick<Context, "environment">): string[] {
  const committed = shared ? [`${folder} belongs to the worktree: commit the hooks, so that others have them`] : [];
  if (shared && findByHook(environment) === undefined) {
    const link = `ln -s ${quoteWord(programPath() ?? "PROGRAM")} ~/.local/bin/pgrove`;
    committed.push(
      `these hooks call pgrove by its name, and it is not on PATH here: they do nothing until it is\n${link}`,
    );
  }
  const about = ABOUT_MANAGERS[manager];
  return about === undefined ? committed : [...committed, about];
}

const OWN_CONFIG = "or let its own configuration call pgrove: docs/hooks.md";

const ABOUT_MANAGERS: Partial<Record<HookManager, string>> = {
  husky:
    "husky's own folder is only where `npm install` has run: `git worktree add` typed in a worktree without it runs no " +
    "hook; there, pgrove provision",
  lefthook: `\`lefthook install\` writes its hooks anew: after it, pgrove hooks install; ${OWN_CONFIG}`,
  "pre-commit": `\`pre-commit install\` writes its hooks anew: after it, pgrove hooks install; ${OWN_CONFIG}`,
  "simple-git-hooks": `simple-git-hooks takes away the hooks that it does not know: after it, pgrove hooks install; ${OWN_CONFIG}`,
};

function renderChanges(hooks: readonly HookChange[]): string {
  return formatTable(hooks.map(({ hook, change, path }) => [hook, change, path]));
}

function renderStates(hooks: readonly HookState[]): string {
  const words = ({ state, runs }: HookState) => {
    if (state === "absent") return "absent: pgrove hooks install";
    if (!runs) return "not executable: git does not run it";
    return state === "old" ? "of another version: pgrove hooks install" : "installed";
  };
  return formatTable(hooks.map((each) => [each.hook, words(each), each.path]));
}
