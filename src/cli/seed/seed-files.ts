/** `seed` without names: SQL files, told to people and to --json. */

import type { LiveTarget } from "../../resolve/target.ts";
import type { FilesResult } from "../../seed/sql/run.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";
import type { AnswerPart } from "./seed-answer.ts";
import { readTargetFiles, type Seeding } from "./seeding.ts";

export interface FilesChoice {
  file: string | undefined;
  force: boolean;
  transaction: boolean;
  dryRun: boolean;
}

/** Runs the target's SQL seed files; undefined when it has none. */
export async function runTargetFiles(
  context: Context,
  seeding: Seeding,
  live: LiveTarget,
  choice: FilesChoice,
): Promise<AnswerPart | undefined> {
  const files = await readTargetFiles(context, seeding, choice.file);
  if (files.length === 0) return undefined;
  const { planFiles, seedFiles } = await import("../../seed/sql/run.ts");
  const { target } = seeding;
  if (choice.dryRun) {
    const { pending, unchanged } = await planFiles(context, live, { files, force: choice.force });
    const planned = { applied: pending.map(({ file }) => file), unchanged };
    return { document: { dry_run: true, files: planned }, lines: describeFiles("would run", planned) };
  }
  const result = await seedFiles(await context.operationTools(), live, {
    ...{ files, force: choice.force, transaction: choice.transaction },
    consent: async (names) => {
      if (!target.protected) return;
      await context.requireConsent({ target, what: `${names.join(", ")} will run on ${target.label}` });
    },
  });
  return { document: { files: result }, lines: describeFiles("ran", result) };
}

function describeFiles(verb: string, { applied, unchanged }: FilesResult): [string, string | undefined][] {
  if (applied.length === 0) return [[verb, "nothing: all is as it was run before (--force runs it again)"]];
  return [
    [verb, applied.join(", ")],
    ["unchanged", unchanged.length === 0 ? undefined : plural(unchanged.length, "file")],
  ];
}
