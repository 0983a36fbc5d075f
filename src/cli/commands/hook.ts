import { failure, messageOf, PgroveError } from "../../errors.ts";
import { type EventHook, readHookEvent } from "../../worktree/hook-event.ts";
import { HOOK_NAMES } from "../../worktree/hook-script.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";

/** `pgrove __hook HOOK ARGUMENTS…`, called by the git hooks: whatever happens, git goes on; only a push may be stopped. */
export const command = defineCommand({
  meta: { examples: [] },
  args: {
    hook: { type: "positional", description: "the hook's name" },
    arguments: { type: "positional", required: false, rest: true, description: "what git gave it" },
  },
  async run({ args, context }) {
    try {
      return await runHook(context, args.hook, args.arguments);
    } catch (error) {
      await context.output.complain(inOneLine(error));
      return undefined;
    }
  },
});

async function runHook(context: Context, name: string, args: readonly string[]): Promise<number | undefined> {
  const hook = HOOK_NAMES.find((each) => each === name);
  if (hook === "pre-push") {
    const { checkPush } = await import("../migrate/answer-push.ts");
    return await checkPush(context, args[0] ?? "", await Bun.stdin.text());
  }
  if (hook !== undefined) await tellEvent(context, hook, args); // else of another version of pgrove
  return undefined;
}

async function tellEvent(context: Context, hook: EventHook, args: readonly string[]): Promise<void> {
  const { environment, cwd: root } = context;
  const event = await readHookEvent(hook, args, { root, environment });
  if (event === undefined) return;
  if (event.kind === "new-worktree") {
    const { provisionByHook } = await import("../provision-by-hook.ts");
    return await provisionByHook(context).catch((error: unknown) => {
      throw notProvisioned(context.interrupted() ?? error);
    });
  }
  const { countChanges, listMigrationChanges } = await import("../../worktree/hook-migrations.ts");
  const changes = await listMigrationChanges(event, root, context.runner);
  const dirs = changes.length === 0 ? [] : await findMigrationFolders(context);
  const { more, fewer } = countChanges(changes, { root, dirs });
  const since = event.kind === "merge" ? "came in" : "more than before";
  const { note } = context.output;
  if (more > 0) note(`pgrove: ${plural(more, "migration")} ${since} (next: pgrove migrate up)`);
  if (fewer > 0) {
    const what = `${plural(fewer, "migration")} of the database ${beNot(fewer)} on this branch`;
    note(`pgrove: ${what} (next: pgrove migrate status)`);
  }
}

/** Absolute; none without pgrove.yaml and with another tool's commands. Costs 9 ms, so it is asked last. */
async function findMigrationFolders({ cwd, environment }: Context): Promise<readonly string[]> {
  const { findConfigFile, loadConfig } = await import("../../config/load-config.ts");
  const file = findConfigFile(cwd);
  // Without the env file, for which a linked worktree would have to ask git: no folder's name comes from there.
  return file === undefined ? [] : (await loadConfig(file, { environment })).config.migrations.dirs;
}

/** What to do about it, `pgrove provision` says at length, or asks for. */
function notProvisioned(error: unknown): Error {
  const [first = "", ...more] = messageOf(error)
    .split("\n")
    .map((line) => line.trim());
  const why = first.endsWith(":") ? `${first} ${more.join(", ")}` : first; // a list's head says nothing without it
  const asks = error instanceof PgroveError && error.code === "not_trusted";
  const next = (asks ? error.hint : undefined) ?? "pgrove provision";
  return failure("not_provisioned", `this worktree is not provisioned: ${why}`, next, error);
}

function beNot(count: number): string {
  return count === 1 ? "is not" : "are not";
}

/** The failure and the next command, without the details: git's own output stands around it. */
function inOneLine(error: unknown): string {
  const [message = ""] = messageOf(error).split("\n");
  const hint = error instanceof PgroveError ? error.hint?.split("\n")[0] : undefined;
  return `pgrove: ${message}${hint === undefined ? "" : ` (next: ${hint})`}`;
}
