/** A rehearsal for people and for --json: how long each migration took, what it locked, what it made of the schema. */

import type { Rehearsal, RehearsedStep } from "../../migrate/run/rehearse.ts";
import { visible } from "../../sys/visible-text.ts";
import { formatBytes, formatDuration } from "../format.ts";
import { formatTable } from "../table.ts";

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
