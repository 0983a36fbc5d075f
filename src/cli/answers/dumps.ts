/** What the commands of `dumps` answer. */
import type { Author } from "../../dump/authorship.ts";
import type { Manifest } from "../../dump/manifest.ts";
import { findFault, findProven, type ProofResult } from "../../dump/proof.ts";
import { createdAt, type StoredDump, sourceOf } from "../../dump/store.ts";
import type { Verdict } from "../../dump/verify.ts";
import { formatAge, formatBytes, formatCount, formatDuration, plural } from "../format.ts";
import { formatFields, formatTable } from "../table.ts";

/** A dump, whose it is, and what its being tried has shown. */
export interface AuthoredDump {
  dump: StoredDump;
  author: Author;
  results: readonly ProofResult[];
}

const AUTHORS: Readonly<Record<Author, string>> = {
  own: "yours",
  team: "the team's: signed with the key of dumps.key_file",
  foreign: "somebody else's: its SQL is run only after a yes; pgrove dumps adopt takes it in",
  unsigned: "nobody's by a signature: its SQL is run only after a yes; pgrove dumps adopt takes it in",
};

/** `proved` is the newest restore that has shown it to be what was dumped; `fault` what was found wrong with it since. */
export function dumpDocument({ dump, author, results }: AuthoredDump) {
  return {
    name: dump.name,
    path: dump.path,
    source: sourceOf(dump),
    size_bytes: dump.sizeBytes,
    created_at: new Date(createdAt(dump)).toISOString(),
    pinned: dump.isPinned ?? false,
    proved: findProven(results) ?? null,
    fault: findFault(results) ?? null,
    author,
    manifest: dump.manifest ?? null,
  };
}

export function renderList(dumps: readonly AuthoredDump[], now: Date): string {
  const rows = dumps.map(({ dump, author, results }) => [
    dump.name,
    sourceOf(dump),
    formatBytes(dump.sizeBytes),
    formatAge(new Date(createdAt(dump)), now),
    author,
    describeProved(results, now),
    dump.isPinned ? "pinned" : "",
    dump.manifestError === undefined ? (dump.manifest?.note ?? "") : "(its manifest is damaged)",
  ]);
  return formatTable([["NAME", "SOURCE", "SIZE", "MADE", "BY", "PROVED", "KEPT", "NOTE"], ...rows], { right: [2] });
}

/** `contents, 3 days ago`, `damaged`, `-`. */
function describeProved(results: readonly ProofResult[], now: Date): string {
  const fault = findFault(results);
  if (fault !== undefined) return fault.reason ?? "-";
  const proven = findProven(results);
  return proven === undefined ? "-" : `${proven.depth}, ${formatAge(new Date(proven.at), now)}`;
}

/** A line for each depth at which it was tried. */
function describeResult({ depth, at, ok, reason, server_version, took_ms }: ProofResult): string {
  const where = server_version === null ? "" : ` on PostgreSQL ${server_version}`;
  return `${depth}: ${ok ? "whole" : reason}, ${at}${where}, in ${formatDuration(took_ms)}`;
}

export function renderDump({ dump, author, results }: AuthoredDump): string {
  const { manifest } = dump;
  const head: [string, string | undefined][] = [
    ["name", dump.name],
    ["path", dump.path],
    ["size", formatBytes(dump.sizeBytes)],
    ["made", new Date(createdAt(dump)).toISOString()],
    ["author", AUTHORS[author]],
  ];
  if (manifest === undefined) return `${formatFields(head)}\n  no manifest: pgrove did not write this dump`;
  const fields = formatFields([
    ...head,
    ["source", `${manifest.source}: database ${manifest.database}, ${formatBytes(manifest.database_size_bytes)}`],
    ["format", `${manifest.format}, ${manifest.codec}, ${manifest.content}${manifest.partial ? ", some tables" : ""}`],
    ["encrypted", describeEncryption(manifest)],
    ["server", `PostgreSQL ${manifest.server_version}, pg_dump ${manifest.pg_dump_version}`],
    ["encoding", `${manifest.encoding}, ${manifest.collate}`],
    ["migration", manifest.migration_version ?? undefined],
    ["commit", manifest.git === null ? undefined : `${manifest.git.commit} ${manifest.git.branch ?? ""}`],
    ["took", formatDuration(manifest.duration_ms)],
    ["needs", [...manifest.roles, ...manifest.extensions.map(({ name }) => name)].join(", ") || undefined],
    ["note", manifest.note ?? undefined],
    ...results.map((result): [string, string] => ["verified", describeResult(result)]),
    ["pinned", dump.isPinned ? "yes" : undefined],
    ["sha256", manifest.sha256],
  ]);
  const rows = manifest.tables.map(({ schema, name, rows: count, exact, bytes }) => [
    `${schema}.${name}`,
    count === null ? "?" : `${exact ? "" : "~"}${formatCount(count)}`,
    formatBytes(bytes),
  ]);
  if (rows.length === 0) return fields;
  return `${fields}\n\n${formatTable([["TABLE", "ROWS", "SIZE"], ...rows], { right: [1, 2], indent: "  " })}`;
}

/** For whom, and how much there is of what is not named. */
function describeEncryption({ encryption, tables }: Manifest): string | undefined {
  if (encryption === undefined) return undefined;
  const { recipients, sealed } = encryption;
  const whom = recipients.length === 0 ? "with age" : `for ${recipients.join(", ")}`;
  if (sealed === undefined || tables.length > 0) return whom;
  return `${whom}; ${plural(sealed.tables, "table")}, ${formatCount(sealed.rows)} rows, their names sealed`;
}

/** Whole is a dump whose bytes are; ok is one of which nothing bad is known. */
export function verdictDocument({ dump, checked, fault, depth, differences, serverVersion, tookMs }: Verdict) {
  const whole = fault?.reason !== "damaged" && fault?.reason !== "unusable";
  return {
    ...{ name: dump.name, path: dump.path, ok: fault === undefined, whole, checked: checked ?? null },
    ...{ reason: fault?.reason ?? null, problem: fault?.problem ?? null, hint: fault?.hint ?? null },
    ...{ depth, differences: differences ?? [], server_version: serverVersion ?? null, took_ms: tookMs ?? 0 },
  };
}

const WORDS: Record<Verdict["depth"], (server: string | undefined) => string> = {
  checksum: () => "",
  restore: (server) => `: restored on PostgreSQL ${server}, counts equal`,
  contents: (server) => `: restored on PostgreSQL ${server}, contents equal`,
};

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ dump, fault, depth, serverVersion }) => {
      if (fault === undefined) return `whole    ${dump.name}${WORDS[depth](serverVersion)}`;
      const hint = fault.hint === undefined ? "" : `\n  hint: ${fault.hint.replaceAll("\n", "\n        ")}`;
      return `${fault.reason.padEnd(8)} ${dump.name}: ${fault.problem}${hint}`;
    })
    .join("\n");
}
