/** The migrations of a worktree: where the files are, what is set; and the database that they are for. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type LoadedConfig, pathInWorktree } from "../config/load-config.ts";
import type { Layout } from "../config/schema-migrations.ts";
import { tellsTools } from "../repo/tool-variables.ts";
import { type RootedTarget, type RootPlace, resolveRootedTarget } from "../resolve/rooted-target.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { once } from "../sys/once.ts";
import type { MigrationFiles, MigrationSource } from "./files/read-migrations.ts";
import type { MigrationSettings } from "./settings.ts";
import type { MigrateTools } from "./tools.ts";
import { tableOfUrl } from "./url-table.ts";

/** The migrations of one worktree. */
export interface WorktreeMigrations {
  /** Undefined without a pgrove.yaml. */
  loaded: LoadedConfig | undefined;
  settings: MigrationSettings;
  /** The worktree's folder. */
  root: string;
  source: MigrationSource;
  /** The files as they are, good and bad, read when they are first asked for. */
  files(): Promise<MigrationFiles>;
  /** Their layout, which is known before all of them are read. */
  layout(): Promise<Layout>;
}

/** The migrations of the worktree whose database it is, else of the one that the user stands in; and that database. */
export interface TargetMigrations extends WorktreeMigrations, Pick<RootedTarget, "target"> {}

/** The migrations of the folder that one stands in, for what needs no database. */
export async function locateMigrations(place: Pick<RootPlace, "config" | "folder">): Promise<WorktreeMigrations> {
  const [loaded, folder] = [await place.config(), await place.folder()];
  return await placeMigrations(loaded, loaded?.root ?? folder);
}

/** The database that is meant, and the migrations that are its own. */
export async function openMigrations(
  place: RootPlace & Pick<MigrateTools, "targetPlace">,
  targetText: string | undefined,
): Promise<TargetMigrations> {
  const { target, root, loaded } = await resolveRootedTarget(place, targetText);
  const { environment, note } = place.targetPlace;
  const placed = await placeMigrations(loaded, root);
  let told: string | undefined;
  if (tellsTools(environment) || existsSync(join(root, ".env"))) {
    const { readToolVariables, tableByVariables } = await import("./told-by-variables.ts");
    told = await tableByVariables(placed, await readToolVariables(environment, root), note);
  }
  const table = placed.settings.table ?? tableOfUrl(target) ?? told;
  return { ...placed, settings: { ...placed.settings, table }, target };
}

/**
 * The target's server, opened for sessions; `server.open()` has PostgreSQL's programs, too. Waits up to `waitMs` for a
 * server that is not there yet.
 */
export async function openLive(
  tools: Pick<MigrateTools, "serverTools" | "interruptions">,
  { target }: Pick<TargetMigrations, "target">,
  waitMs = 0,
): Promise<LiveTarget> {
  const [{ openForSessions }, serverTools] = await Promise.all([
    import("../work/open-sessions.ts"),
    tools.serverTools(),
  ]);
  // Without a wait there is nothing to interrupt in good order: Ctrl-C ends the process.
  const patience = waitMs > 0 ? { waitMs, abort: tools.interruptions().abort } : {};
  return await openForSessions(target, serverTools, patience);
}

async function placeMigrations(loaded: LoadedConfig | undefined, root: string): Promise<WorktreeMigrations> {
  const { usualSettings } = await import("./settings.ts");
  const settings = loaded?.config.migrations ?? usualSettings();
  const dirs = settings.dirs.map((dir) =>
    loaded === undefined ? resolve(root, dir) : pathInWorktree(loaded, dir, root),
  );
  const source = {
    dirs,
    root,
    ignore: settings.ignore,
    ...(settings.layout === undefined ? {} : { layout: settings.layout }),
  };
  const told = Promise.withResolvers<Layout>();
  const files = once(async () => {
    const { readMigrations } = await import("./files/read-migrations.ts");
    return await readMigrations(source, told.resolve);
  });
  const layout = once(async () => {
    files().then((read) => told.resolve(read.layout), told.reject);
    return await told.promise;
  });
  return { loaded, settings, root, source, files, layout };
}
