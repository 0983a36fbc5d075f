/** The part of `migrate check` that needs a server. */
import { relative } from "node:path";
import { EXIT, messageOf, PgroveError } from "../../errors.ts";
import { type CheckResult, settle } from "../../migrate/check.ts";
import { readRunFacts } from "../../migrate/ledger/run-facts.ts";
import type { Finding } from "../../migrate/migration.ts";
import { findSchemaFile, schemaFileRequest } from "../../migrate/schema/worktree-schema-file.ts";
import type { WorktreeMigrations } from "../../migrate/worktree-migrations.ts";
import type { LiveTarget } from "../../resolve/target.ts";
import type { Context } from "../context.ts";

interface Tried {
  findings: Finding[];
  /** Why it was left out. */
  left?: string;
}

/** Files that are wrong are not run; nor is a server needed, unless it was named. */
export async function tryOnServer(
  context: Context,
  target: string | undefined,
  place: WorktreeMigrations,
  { findings: wrong, own, all }: CheckResult & { all: boolean },
): Promise<Tried> {
  const files = await place.files();
  if (files.migrations.length === 0) return { findings: [] };
  if (files.findings.some(({ level }) => level === "error")) return { left: "the files are wrong", findings: [] };
  if (wrong.some(({ rule }) => rule === "syntax-error")) return { left: "there are syntax errors", findings: [] };
  const live = await openIfRunning(context, target);
  if (typeof live === "string") return { left: live, findings: [] };
  const { tryRoundTrip } = await import("../../migrate/schema/round-trip.ts");
  const file = findSchemaFile(place);
  const tried = await tryRoundTrip(await context.operationTools(), live, {
    ...{ files, own, all },
    settings: { lockTimeoutMs: 0, statementTimeoutMs: place.settings.statement_timeout },
    facts: await readRunFacts(context, place.root),
    schema: await schemaFileRequest(place),
    ...(file === undefined ? {} : { schemaFile: { path: file, shown: relative(place.root, file) } }),
  });
  return { findings: await settle(tried, files, place.settings.lint) };
}

/** The target with its server open, or why it is not. Throws when it was named, and for everything but a missing server. */
async function openIfRunning(context: Context, target: string | undefined): Promise<LiveTarget | string> {
  try {
    return await context.openTarget(target);
  } catch (error) {
    const absent = error instanceof PgroveError && (error.exit === EXIT.missing || error.exit === EXIT.config);
    if (!absent || target !== undefined) throw error;
    return messageOf(error).split("\n")[0] ?? "";
  }
}
