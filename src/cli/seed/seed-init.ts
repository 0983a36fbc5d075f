/** `seed init`: writes a first factory file from the schema. */
import { relative } from "node:path";
import { makeFirstFactories } from "../../seed/factory/first-file.ts";
import type { Context } from "../context.ts";
import type { SeedArgs } from "./seed-options.ts";

/** Writes seeds/factories.yaml, or shows it. */
export async function writeFirstFactories(
  context: Context,
  { target, dryRun, except }: Pick<SeedArgs, "target" | "dryRun" | "except">,
): Promise<void> {
  const show = (path: string) => relative(context.cwd, path) || path;
  const { path, text } = await makeFirstFactories(context, { target, dryRun, except, show });
  if (dryRun) return await context.output.answer({ dry_run: true, file: path, text }, () => text);
  await context.output.answer({ file: path }, () => `wrote ${show(path)}`);
  context.output.note("next: pgrove seed all 10 --dry-run");
}
