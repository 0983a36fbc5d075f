/** What `copy` answers: its plan, and what it has done. */
import type { CopyPlan, CopyResult } from "../../copy/copy.ts";
import { formatBytes, formatDuration, plural } from "../format.ts";
import { describeFate, replacesDocument } from "../loss.ts";
import { formatFields } from "../table.ts";

export function planDocument({ database, schema, oneServer, sourceSessions, loss }: CopyPlan) {
  const where = { database, schema: schema ?? null };
  return {
    dry_run: true,
    ...where,
    same_server: oneServer,
    source_sessions: sourceSessions.length,
    replaces: replacesDocument(loss),
  };
}

export function renderPlan(
  { database, schema, oneServer, sourceSessions, loss }: CopyPlan,
  from: string,
  to: string,
): string {
  const how = !oneServer ? "as a stream between the servers" : "within the server";
  const connected = sourceSessions.length === 0 ? "" : `; ${plural(sourceSessions.length, "session")} connected to it`;
  return formatFields([
    ["would copy", `${from}, ${how}${connected}`],
    ["replacing", loss === undefined ? `nothing: ${schema ?? database} would be new` : describeFate(loss, to)],
  ]);
}

export function resultDocument(result: CopyResult, durationMs: number) {
  return {
    database: result.database,
    schema: result.schema ?? null,
    strategy: result.strategy,
    size_bytes: result.sizeBytes,
    previous: result.previous ?? null,
    services_restarted: result.servicesRestarted,
    duration_ms: durationMs,
  };
}

export function renderResult(source: string, result: CopyResult, durationMs: number): string {
  const { database, strategy, previous, sizeBytes } = result;
  return formatFields([
    ["copied", `${source}: ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)} (${strategy})`],
    ["database", database],
    ["schema", result.schema],
    ["previous", previous === undefined ? undefined : `kept as ${previous} until the next restore or copy`],
  ]);
}
