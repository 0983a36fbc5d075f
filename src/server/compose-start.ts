/**
 * Starting services without making a container anew: one that other files than ours have made would lose what those gave
 * it, its ports and its volumes among it.
 */
import type { Command } from "../sys/process.ts";
import type { ComposeSpec } from "./compose-find.ts";
import type { ServerTools } from "./server.ts";

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

/** Says which containers compose would make anew, by its own dry run; nothing where it is too old for one. */
export async function noteStale(
  { runner, note }: ServerTools,
  dryRun: Command,
  services: readonly string[],
  abort: AbortSignal,
): Promise<void> {
  const stale = new Set<string>();
  const line = (text: string) => {
    const name = /\bContainer (\S+)\s+Recreate\b/.exec(text)?.[1];
    if (name !== undefined) stale.add(name);
  };
  const failed = await runner.stream(dryRun, { line, output: () => {} }, abort).then(
    () => false,
    () => true, // what is wrong is said by the start itself
  );
  if (failed || stale.size === 0) return;
  const anew = `docker compose up -d ${services.join(" ")}        makes it so; what is in no volume is lost with it`;
  note(`${[...stale].join(", ")}: not as the compose files have it now, and started as it is\n${anew}`);
}
