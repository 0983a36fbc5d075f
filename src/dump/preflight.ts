/** What can go wrong with a restore because of where it goes: said before anything starts, with the way out. */
import { refusal } from "../errors.ts";
import { describeLeftOut } from "../postgres/admin.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { formatVersion, type Version, versionOfNumber } from "../postgres/version.ts";
import { readServerFacts, requirePresent, type ServerFacts } from "../target/needs.ts";
import type { LiveTarget } from "../target/target.ts";
import type { InspectedDump } from "./inspect.ts";

export interface PreflightRequest {
  noOwner: boolean;
  /** The encoding of the database that will be made. */
  encoding: string;
}

/**
 * Throws (exit 5) when the server is too old for the dump or lacks roles, extensions, tablespaces or room, naming all of
 * it. Resolves with what is only worth a note.
 */
export async function requireCompatible(
  inspected: InspectedDump,
  control: Sql,
  live: LiveTarget,
  request: PreflightRequest,
): Promise<string[]> {
  const facts = await readServerFacts(control);
  const server = versionOfNumber(facts.versionNumber);
  requireVersion(inspected, server, live);
  requireNames(inspected, facts, live, request);
  await requireRoom(inspected, facts, live);
  const encoding = inspected.dump.manifest?.encoding;
  const leftOut = describeLeftOut(inspected.subscriptions ?? []);
  const converted =
    encoding === undefined || encoding === request.encoding
      ? undefined
      : `the dump is in ${encoding} and the database in ${request.encoding}: the text is converted`;
  return [leftOut, converted].filter((note) => note !== undefined);
}

function requireVersion({ dump, serverVersion, dumpVersion }: InspectedDump, server: Version, live: LiveTarget): void {
  const made = serverVersion === undefined ? "" : ` of PostgreSQL ${formatVersion(serverVersion)}`;
  if (serverVersion !== undefined && serverVersion.major > server.major) {
    throw refusal(
      "dump_newer",
      `${dump.name} is a dump${made}; ${live.target.label} runs PostgreSQL ${formatVersion(server)}, which is older`,
      `restore it to PostgreSQL ${serverVersion.major} or later`,
    );
  }
  const programs = live.toolbox.major ?? server.major;
  if (dumpVersion !== undefined && dumpVersion.major > Math.max(programs, server.major)) {
    throw refusal(
      "dump_newer",
      `${dump.name} was written by pg_dump ${formatVersion(dumpVersion)}; ${live.target.label} has PostgreSQL ${programs}`,
      `make the dump again with pg_dump ${programs}, or restore it to PostgreSQL ${dumpVersion.major} or later`,
    );
  }
}

function requireNames(
  inspected: InspectedDump,
  facts: ServerFacts,
  live: LiveTarget,
  { noOwner }: PreflightRequest,
): void {
  const plain = inspected.kind.kind === "plain";
  requirePresent(facts, live.target.label, {
    ...{ what: inspected.dump.name, extensions: inspected.extensions, tablespaces: inspected.tablespaces },
    roles: noOwner && !plain ? [] : inspected.roles,
    withoutRoles: plain
      ? "or dump in custom format and restore with --no-owner"
      : "or restore without owners and grants: --no-owner",
  });
}

/** A restored database is at most so many times its compressed dump, where the manifest does not say. */
const GUESSED_GROWTH = 4;

async function requireRoom(inspected: InspectedDump, facts: ServerFacts, live: LiveTarget): Promise<void> {
  if (facts.dataDirectory === null) return;
  const free = await live.toolbox.freeDataBytes(facts.dataDirectory);
  const { manifest, sizeBytes } = inspected.dump;
  const needed = manifest?.database_size_bytes ?? sizeBytes * GUESSED_GROWTH;
  if (free === undefined || free >= needed) return;
  throw refusal(
    "server_disk_full",
    `${live.target.label} has ${Math.floor(free / 1e6)} MB free; the restored database needs about ${Math.ceil(needed / 1e6)} MB`,
    "make room on the server's disk: a restore builds the new database beside the old one",
  );
}
