/** `seed init`: writes a first factory file from the schema. */
import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { configError, messageOf, refusal } from "../../errors.ts";
import { readTables } from "../../seed/schema/schema.ts";
import { withSeedSession } from "../../seed/sql/session.ts";
import { pathExists, writeFileAtomic } from "../../sys/files.ts";
import { newRunId } from "../../sys/run-id.ts";
import type { Context } from "../context.ts";
import { locateSeeds, openSeeding } from "./seeding.ts";

const FILE = "factories.yaml";

/** Writes seeds/factories.yaml, or shows it. Throws (exit 5) where there is one: it is never overwritten. */
export async function writeFirstFactories(
  context: Context,
  targetText: string | undefined,
  dryRun: boolean,
): Promise<void> {
  const seeding = await locateSeeds(context, targetText);
  const path = join(seeding.dir, FILE);
  const shown = relative(context.cwd, path) || path;
  if (!dryRun && (await pathExists(path))) {
    throw refusal(
      "file_exists",
      `there is a ${shown} already, and it is not overwritten`,
      "pgrove seed init --dry-run        shows what would be written",
    );
  }
  const live = await openSeeding(context, seeding);
  const { schema } = live.target;
  const now = context.clock.now();
  const tables = await withSeedSession(live, newRunId(now), (sql) => readTables(sql, schema));
  const { proposeFactories } = await import("../../seed/factory/init.ts");
  const text = await proposeFactories(tables, now);
  if (dryRun) return await context.output.answer({ dry_run: true, file: path, text }, () => text);
  await makeFolder(seeding.dir);
  await writeFileAtomic(path, text, { mode: 0o644 });
  await context.output.answer({ file: path }, () => `wrote ${shown}`);
  context.output.note("next: pgrove seed all 10 --dry-run");
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw configError(`the folder ${dir} cannot be made: ${messageOf(error)}`, "seeds.dir in pgrove.yaml names it");
  }
}
