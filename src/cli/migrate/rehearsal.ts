/** A rehearsal for people and for --json: how long each migration took, what it locked, what it made of the schema. */

import { describeMigration } from "../../migrate/model.ts";
import type { ApplyRequest } from "../../migrate/run/apply.ts";
import type { HeldLock, Rehearsal, RehearsedStep } from "../../migrate/run/rehearse.ts";
import type { Context } from "../context.ts";
import { formatBytes, formatDuration, visible } from "../format.ts";
import { askAboutSessions } from "../sessions.ts";
import { formatTable } from "../table.ts";

/** Runs migrations on a copy of the target. Throws as the migrations would; the target itself is only read. */
export async function rehearseMigrations(
  context: Context,
  targetText: string | undefined,
  request: Omit<ApplyRequest, "beforeCommit" | "requireHeld" | "agreed">,
): Promise<Rehearsal> {
  const { rehearse } = await import("../../migrate/run/rehearse.ts");
  const live = await context.openTarget(targetText);
  return await rehearse(await context.operationTools(), live, {
    whenBusy: (sessions) => askAboutSessions(context, live.target.label, sessions),
    run: async (work, copy, readLocks) => {
      const { applyWish } = await import("../../migrate/run/apply.ts");
      const held = new Map<bigint, readonly HeldLock[]>();
      const applied = await applyWish(work, copy, {
        ...request,
        beforeCommit: async (sql, { version }) => void held.set(version, await readLocks(sql)),
      });
      return applied.map(({ step, durationMs }) => {
        const name = `${step.direction} ${describeMigration(step)}`;
        return { name, durationMs, locks: held.get(step.version) ?? [] };
      });
    },
  });
}

export function rehearsalDocument({ strategy, sizeBytes, copyMs, steps, difference }: Rehearsal) {
  return {
    ...{ strategy, size_bytes: sizeBytes, copy_ms: Math.round(copyMs) },
    steps: steps.map(({ name, durationMs, locks }) => ({ name, duration_ms: Math.round(durationMs), locks })),
    schema_difference: difference,
  };
}

/** What happened on the copy, before the question whether the target itself is to be migrated. */
export function renderRehearsal({ strategy, sizeBytes, copyMs, steps, difference }: Rehearsal, label: string): string {
  const copied = `rehearsed on a copy of ${label} (${formatBytes(sizeBytes)} in ${formatDuration(copyMs)}, ${strategy})`;
  const rows = steps.map((step) => [step.name, formatDuration(step.durationMs), describeLocks(step)]);
  const schema = difference === "" ? ["the schema stays as it is"] : ["the schema changes:", ...indent(difference)];
  return [copied, formatTable(rows, { indent: "  ", right: [1] }), ...schema].filter((part) => part !== "").join("\n");
}

function describeLocks({ locks }: RehearsedStep): string {
  if (locks.length === 0) return "";
  return `holds ${locks.map(({ table, mode }) => `${mode} on ${table}`).join(", ")}`;
}

function indent(text: string): string[] {
  return visible(text)
    .split("\n")
    .map((line) => `  ${line}`);
}
