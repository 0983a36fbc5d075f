/**
 * Starting services without making a container anew: one that other files than ours have made would lose what those gave
 * it, its ports and its volumes among it.
 */
import type { Command, Runner } from "../sys/process.ts";
import type { ComposeSpec } from "./compose-find.ts";

/** A worktree's own project is pgrove's to make as the worktree's files say. */
export function isOwnProject({ mainFile }: ComposeSpec): boolean {
  return mainFile !== undefined;
}

/** Compose's arguments to start services; containers that are there stay as they are. */
export function startArguments(spec: ComposeSpec, services: readonly string[]): string[] {
  return ["up", "-d", ...(isOwnProject(spec) ? [] : ["--no-recreate"]), ...services];
}

/** The same as compose would do it by itself, tried dry. */
export function tryArguments(services: readonly string[]): string[] {
  return ["--dry-run", "up", "-d", ...services];
}

/** The same, and containers that are not as the files have them are made anew. */
export function recreateArguments(services: readonly string[]): string[] {
  return ["up", "-d", ...services];
}

/** The names of the containers that compose would make anew, by its own dry run; none where it is too old for one. */
export async function findStale(runner: Runner, dryRun: Command, abort: AbortSignal): Promise<string[]> {
  const stale = new Set<string>();
  const line = (text: string) => {
    const name = /\bContainer (\S+)\s+Recreate\b/.exec(text)?.[1];
    if (name !== undefined) stale.add(name);
  };
  const failed = await runner.stream(dryRun, { line, output: () => {} }, abort).then(
    () => false,
    () => true, // what is wrong is said by the start itself
  );
  return failed ? [] : [...stale];
}

/** What to say of containers that are not as the files have them; `changes` is what is known of the server's own. */
export function describeStale(names: readonly string[], changes: readonly string[]): string {
  const what = changes.length === 0 ? "" : `:\n${changes.map((each) => `  ${each}`).join("\n")}`;
  return `${names.join(", ")}: not as the compose files have it now${what}`;
}
