/** What `restore` answers: its plan, and what it has done. */
import type { RolesPlan } from "../../archive/globals-sql.ts";
import type { RestorePlan, RestoreResult } from "../../dump/restore.ts";
import { createdAt, sourceOf } from "../../dump/store.ts";
import { describeDump } from "../dump-to-restore.ts";
import { formatBytes, formatCount, formatDuration, plural } from "../format.ts";
import { describeFate, replacesDocument } from "../loss.ts";
import { formatFields } from "../table.ts";

export function planDocument({ dump, checked, database, schema, loss, roles }: RestorePlan) {
  const made = { source: sourceOf(dump), created_at: new Date(createdAt(dump)).toISOString() };
  return {
    dry_run: true,
    dump: dump.name,
    ...made,
    checked,
    database,
    schema: schema ?? null,
    replaces: replacesDocument(loss),
    ...(roles === undefined ? {} : { roles: roles.roles.map(({ name, rights }) => ({ name, rights })) }),
  };
}

/** The roles that are made, each with what it may; then, line by line, what becomes of the others. */
export function describeRoles({ roles, kept, leftOut }: RolesPlan): string[] {
  const made = roles.map(({ name, rights, groups }) => {
    const all = [
      ...(rights === "" ? [] : [shorten(rights)]),
      ...(groups.length === 0 ? [] : [`in ${groups.join(", ")}`]),
    ];
    return all.length === 0 ? name : `${name} (${all.join("; ")})`;
  });
  return [
    made.length === 0 ? "none: all roles are there" : made.join("; "),
    ...(kept.length === 0 ? [] : [`there, and left as they are: ${kept.join(", ")}`]),
    ...(leftOut.length === 0 ? [] : [`left out: ${leftOut.join(", ")}`]),
  ];
}

/** What a role may, without what it may not. */
function shorten(rights: string): string {
  return rights.replace(/\bNO[A-Z]+ ?/g, "").trim() || "no rights";
}

export function renderPlan({ dump, database, schema, loss, roles }: RestorePlan, label: string, now: Date): string {
  const [made, ...others] = roles === undefined ? [] : describeRoles(roles);
  return formatFields([
    ["would restore", describeDump(dump, now)],
    ["replacing", loss === undefined ? `nothing: ${schema ?? database} would be new` : describeFate(loss, label)],
    ["making roles", made],
    ...others.map((line) => ["", line] as const),
    ["checked", "the dump is whole, and the server has what it needs"],
  ]);
}

export function resultDocument(result: RestoreResult, durationMs: number) {
  return {
    dump: result.dump,
    database: result.database,
    schema: result.schema ?? null,
    size_bytes: result.sizeBytes,
    previous: result.previous ?? null,
    tables: result.comparison?.tables ?? null,
    rows: result.comparison?.rows ?? null,
    services_restarted: result.servicesRestarted,
    duration_ms: durationMs,
  };
}

export function renderResult(result: RestoreResult, durationMs: number): string {
  const { comparison, previous } = result;
  const compared =
    comparison === undefined ? "" : `, ${plural(comparison.tables, "table")}, ${formatCount(comparison.rows)} rows`;
  return formatFields([
    ["restored", `${result.dump} in ${formatDuration(durationMs)}`],
    ["database", `${result.database}: ${formatBytes(result.sizeBytes)}${compared}`],
    ["schema", result.schema],
    ["previous", previous === undefined ? undefined : `kept as ${previous} until the next restore or copy`],
    ["services", result.servicesRestarted === 0 ? undefined : `${result.servicesRestarted} stopped and started again`],
  ]);
}
