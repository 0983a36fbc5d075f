/** Files of the branch that setup steps may run, of which the default branch has no such ones: migrations, seeds, SQL. */
import { resolve } from "node:path";
import { formatOfFileName } from "../archive/codec.ts";
import { type LoadedConfig, pathInWorktree } from "../config/load-config.ts";
import {
  findDefaultCommit,
  findInCommits,
  hashContent,
  keepTracked,
  listTracked,
  showPath,
} from "../repo/approved-files.ts";
import { FILE_KEYS, type TrustItem, type TrustKey } from "../repo/trust-items.ts";
import { pathExists } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import type { CommandPlace } from "./command-place.ts";

type FileKey = (typeof FILE_KEYS)[number];

interface FilesPlace extends Pick<CommandPlace, "folder" | "repository" | "config"> {
  readonly runner: Runner;
}

/**
 * Those under these keys; none without setup steps. The default branch's own are approved with whatever is approved, and
 * so not among them.
 */
export async function listStepFiles(
  place: FilesPlace,
  loaded: LoadedConfig,
  keys: readonly TrustKey[],
): Promise<TrustItem[]> {
  const repository = await place.repository();
  if (repository === undefined || loaded.config.worktrees.setup.length === 0) return [];
  const { runner } = place;
  const { root } = loaded;
  const found: Record<FileKey, readonly string[]> = {
    "migrations.dir": keys.includes("migrations.dir") ? await listMigrationFiles(place) : [],
    "seeds.dir": keys.includes("seeds.dir") ? await listSeedFiles(place, loaded) : [],
    sql: keys.includes("sql") ? await listNamed(loaded) : [],
  };
  const keyOf = new Map<string, FileKey>();
  for (const key of FILE_KEYS) for (const file of found[key]) if (!keyOf.has(file)) keyOf.set(file, key);
  const tracked = await keepTracked({ root, files: [...keyOf.keys()] }, runner);
  const commit = await findDefaultCommit(repository, runner);
  const commits = commit === undefined ? [] : [commit];
  const usual = await findInCommits({ root, files: tracked, commits }, runner);
  const fresh = tracked.filter((file) => !usual.has(file));
  return await Promise.all(
    fresh.map(async (file): Promise<TrustItem> => {
      return { key: keyOf.get(file) ?? "sql", text: showPath(file, root), content: await hashContent(file), file };
    }),
  );
}

/** Those of another tool are not looked at: its command runs them. */
async function listMigrationFiles(place: FilesPlace): Promise<string[]> {
  const [{ locateMigrations }, { findSchemaFile }] = await Promise.all([
    import("../migrate/worktree-migrations.ts"),
    import("../migrate/schema/worktree-schema-file.ts"),
  ]);
  const migrations = await locateMigrations(place);
  if (migrations.settings.command !== undefined) return [];
  const { root } = migrations;
  const scripts = (await migrations.files()).migrations.flatMap(({ up, down }) => [up, down]);
  const files = scripts.flatMap((script) => (script === undefined ? [] : [resolve(root, script.file)]));
  const schemaFile = findSchemaFile(migrations);
  const whole = schemaFile !== undefined && (await pathExists(schemaFile)) ? [schemaFile] : [];
  return [...new Set([...files, ...whole])];
}

async function listSeedFiles({ runner }: FilesPlace, loaded: LoadedConfig): Promise<string[]> {
  const { root } = loaded;
  const dir = pathInWorktree(loaded, loaded.config.seeds.dir, root);
  if (!(await pathExists(dir))) return [];
  const files = await listTracked({ root, paths: [dir] }, runner);
  return files.filter((file) => /\.(?:sql|ya?ml)$/i.test(file));
}

async function listNamed({ config, root }: LoadedConfig): Promise<string[]> {
  const paths = config.worktrees.setup.flatMap(namedInStep).map((word) => resolve(root, word));
  const there = await Promise.all(paths.map(pathExists));
  return paths.filter((_, at) => there[at]);
}

/** Words of a shell command that may be SQL files or dumps. */
export function namedInStep(step: string): string[] {
  return step.split(/[\s'"`<>|;&()=]+/).filter((word) => formatOfFileName(word) !== undefined || /\.dump$/i.test(word));
}
