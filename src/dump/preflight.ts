/** What can go wrong with a restore because of where it goes: said before anything starts, with the way out. */

import type { ElevatedStatement } from "../archive/elevated.ts";
import { sayLeftOut } from "../archive/left-out.ts";
import { type Skipping, subscriptionsIn } from "../archive/wants.ts";
import { refusal } from "../errors.ts";
import { describeLeftOut } from "../postgres/admin.ts";
import type { Sql } from "../postgres/toolbox.ts";
import { formatVersion, type Version, versionOfNumber } from "../postgres/version.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { findMissingCollations } from "../unit/collations.ts";
import { readServerFacts, requirePresent, type ServerFacts } from "../unit/needs.ts";
import { chooseParts, type PartChoice } from "./choose-parts.ts";
import type { InspectedDump } from "./inspect.ts";
import { chooseWay } from "./way.ts";

export interface PreflightRequest extends PartChoice {
  /** The encoding of the database that will be made. */
  encoding: string;
  /** Roles that are made before anything else. */
  rolesToCome?: readonly string[];
}

/** What goes in, and what is only worth a note. */
export interface Preflight {
  skipping: Skipping;
  /** What the administrator makes, once that was agreed to. */
  elevated: readonly ElevatedStatement[];
  notes: string[];
}

/**
 * Throws (exit 5) when the server is too old for the dump or has no room, and (exit 4) when no pg_restore here reads it, the
 * server lacks roles, extensions, collations or tablespaces, or the login may not do what the dump does, naming all of it.
 */
export async function requireCompatible(
  inspected: InspectedDump,
  control: Sql,
  live: LiveTarget,
  request: PreflightRequest,
): Promise<Preflight> {
  const found = await readServerFacts(control, live.toolbox);
  const facts = withRoles(found, request.rolesToCome ?? []);
  const server = versionOfNumber(facts.versionNumber);
  requireVersion(inspected, server, live);
  await requireReader(inspected, server, live);
  const { skipping, elevated, notes, needs } = chooseParts(inspected, facts, request);
  const missingCollations = await findMissingCollations(control, inspected.collations, request.encoding);
  requirePresent(facts, live.target.label, { ...needs, missingCollations });
  await requireRoom(inspected, facts, live);
  const encoding = inspected.dump.manifest?.encoding || undefined;
  const { ownDatabase: own } = inspected;
  const leftOut = [
    own === undefined
      ? undefined
      : `left out: what it says of the database ${own} itself, such as its settings and grants`,
    describeLeftOut(subscriptionsIn(inspected.wants)),
    sayLeftOut(inspected.leftOut, server.major),
  ];
  const converted =
    encoding === undefined || encoding === request.encoding
      ? undefined
      : `the dump is in ${encoding} and the database in ${request.encoding}: the text is converted`;
  return { skipping, elevated, notes: [...notes, ...leftOut, converted].filter((note) => note !== undefined) };
}

/** As if the roles were there: whoever makes them may give them something. */
function withRoles(facts: ServerFacts, roles: readonly string[]): ServerFacts {
  return { ...facts, roles: [...facts.roles, ...roles], ownRoles: [...facts.ownRoles, ...roles] };
}

/** What counts is the server that was dumped: by a newer pg_dump it says the same, but for what is left out. */
function requireVersion({ dump, serverVersion }: InspectedDump, server: Version, live: LiveTarget): void {
  if (serverVersion === undefined || serverVersion.major <= server.major) return;
  const [from, to] = [formatVersion(serverVersion), formatVersion(server)];
  throw refusal(
    "dump_newer",
    `${dump.name} is a dump of PostgreSQL ${from}; ${live.target.label} runs PostgreSQL ${to}, which is older`,
    `restore it to PostgreSQL ${serverVersion.major} or later`,
  );
}

/** Throws (exit 4) when no pg_restore here reads the archive. */
async function requireReader(inspected: InspectedDump, server: Version, live: LiveTarget): Promise<void> {
  if (inspected.kind.kind !== "plain") await chooseWay(inspected, server.major, live);
}

/** A restored database is at most so many times its compressed dump, where the manifest does not say. */
const GUESSED_GROWTH = 4;

async function requireRoom(inspected: InspectedDump, facts: ServerFacts, live: LiveTarget): Promise<void> {
  if (facts.dataDirectory === null) return;
  const free = await live.toolbox.freeDataBytes(facts.dataDirectory);
  const { manifest, sizeBytes } = inspected.dump;
  const needed = manifest?.database_size_bytes || sizeBytes * GUESSED_GROWTH;
  if (free === undefined || free >= needed) return;
  throw refusal(
    "server_disk_full",
    `${live.target.label} has ${Math.floor(free / 1e6)} MB free; the restored database needs about ${Math.ceil(needed / 1e6)} MB`,
    "make room on the server's disk: a restore builds the new database beside the old one",
  );
}
