/** What the migrate commands share: where the files are, what is set, which database is meant. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type LoadedConfig, pathInWorktree } from "../../config/load.ts";
import type { MigrationFiles, MigrationSource } from "../../migrate/files/files.ts";
import type { MigrationSettings } from "../../migrate/settings.ts";
import { asOwnRole } from "../../resolve/reach.ts";
import type { LiveTarget, Target } from "../../resolve/target.ts";
import { once } from "../../sys/once.ts";
import type { Context } from "../context.ts";

/** The migrations of one worktree. */
export interface MigrationPlace {
  /** Undefined without a pgrove.yaml. */
  loaded: LoadedConfig | undefined;
  settings: MigrationSettings;
  /** The worktree's folder. */
  root: string;
  source: MigrationSource;
  /** The files as they are, good and bad, read when they are first asked for. */
  files(): Promise<MigrationFiles>;
}

/** The migrations of the worktree whose database it is, else of the one that the user stands in; and that database. */
export interface Migrations extends MigrationPlace {
  /** With the login of the worktree's own role, where it has one. */
  target: Target;
}

/** The migrations of the folder that one stands in, for what needs no database. */
export async function locateMigrations(context: Context): Promise<MigrationPlace> {
  const [loaded, folder] = [await context.config(), await context.folder()];
  return await placeMigrations(loaded, loaded?.root ?? folder);
}

/** The database that is meant, and the migrations that are its own. */
export async function openMigrations(context: Context, targetText: string | undefined): Promise<Migrations> {
  const target = asOwnRole(await context.resolveTarget(targetText));
  const [loaded, folder] = [await context.config(), await context.folder()];
  const root = loaded === undefined ? folder : await findRoot(context, loaded, target);
  return { ...(await placeMigrations(loaded, root)), target };
}

/**
 * The target's server, opened for sessions; `server.open()` has PostgreSQL's programs, too. Waits up to `waitMs` for a
 * server that is not there yet.
 */
export async function openLive(context: Context, { target }: Migrations, waitMs = 0): Promise<LiveTarget> {
  const [{ openForSessions }, tools] = await Promise.all([
    import("../../work/open-sessions.ts"),
    context.serverTools(),
  ]);
  // Without a wait there is nothing to interrupt in good order: Ctrl-C ends the process.
  const patience = waitMs > 0 ? { waitMs, abort: context.interruptions().abort } : {};
  return await openForSessions(target, tools, patience);
}

async function placeMigrations(loaded: LoadedConfig | undefined, root: string): Promise<MigrationPlace> {
  const { usualSettings } = await import("../../migrate/settings.ts");
  const settings = loaded?.config.migrations ?? usualSettings();
  const dirs = settings.dirs.map((dir) =>
    loaded === undefined ? resolve(root, dir) : pathInWorktree(loaded, dir, root),
  );
  const source = { dirs, root, ...(settings.layout === undefined ? {} : { layout: settings.layout }) };
  const files = once(async () => {
    const { readMigrations } = await import("../../migrate/files/files.ts");
    return await readMigrations(source);
  });
  return { loaded, settings, root, source, files };
}

/** The worktree that a target belongs to: its files are the ones that its database knows. */
async function findRoot(context: Context, loaded: LoadedConfig, target: Target): Promise<string> {
  if (target.worktree === undefined && target.name !== "main") return loaded.root;
  const { isLinked } = await import("../../resolve/main-server.ts");
  const standsInMain = !(await isLinked(loaded));
  if (target.worktree === undefined && standsInMain) return loaded.root;
  const repository = await context.repository();
  if (repository === undefined) return loaded.root;
  if (target.worktree === undefined) return repository.mainRoot ?? loaded.root;
  const { id, path } = target.worktree;
  if (existsSync(path)) return path;
  const { listWorktrees } = await import("../../repo/worktree.ts"); // it may have been moved
  const all = await listWorktrees(repository, context.runner);
  return all.find((each) => each.id === id)?.root ?? loaded.root;
}
