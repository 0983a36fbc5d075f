/** `seed init`: a first factory file, made from the schema and put in its place. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { configError, messageOf, refusal } from "../../errors.ts";
import { pathExists, writeFileAtomic } from "../../sys/files.ts";
import { newRunId } from "../../sys/run-id.ts";
import { readTables } from "../schema/read-tables.ts";
import { withSeedSession } from "../sql/seed-session.ts";
import type { SeedTools } from "../tools.ts";
import { locateSeeds, openSeeds } from "../worktree-seeds.ts";
import { proposeFactories } from "./init.ts";

const FILE = "factories.yaml";

export interface FirstFactories {
  path: string;
  text: string;
}

export interface FirstFactoriesRequest {
  /** As it was typed. */
  target: string | undefined;
  dryRun: boolean;
  /** Tables that are not to be in it. */
  except: readonly string[];
  /** The file's path as people see it. */
  show(path: string): string;
}

/** Writes seeds/factories.yaml, or only says its text. Throws (exit 5) where there is one: it is never overwritten. */
export async function makeFirstFactories(
  tools: SeedTools,
  { target, dryRun, except, show }: FirstFactoriesRequest,
): Promise<FirstFactories> {
  const seeds = await locateSeeds(tools, target);
  const path = join(seeds.dir, FILE);
  if (!dryRun && (await pathExists(path))) {
    throw refusal(
      "file_exists",
      `there is a ${show(path)} already, and it is not overwritten`,
      "pgrove seed init --dry-run        shows what would be written",
    );
  }
  const live = await openSeeds(tools, seeds);
  const { schema } = live.target;
  const now = tools.clock.now();
  const tables = await withSeedSession(live, newRunId(now), (sql) => readTables(sql, schema));
  const text = await proposeFactories(tables, now, except);
  if (dryRun) return { path, text };
  await makeFolder(seeds.dir);
  await writeFileAtomic(path, text, { mode: 0o644 });
  return { path, text };
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw configError(`the folder ${dir} cannot be made: ${messageOf(error)}`, "seeds.dir in pgrove.yaml names it");
  }
}
