/** The roles of a dump's server: written beside the dump, and made anew where they are missing. */
import { createHash } from "node:crypto";
import { openDumpBytes } from "../archive/age/age-bytes.ts";
import { openAgeWriter } from "../archive/age/age-writer.ts";
import { readServerMajor } from "../archive/feed-psql.ts";
import { planRoles, type RolesPlan } from "../archive/globals-sql.ts";
import type { RoleMap } from "../archive/role-names.ts";
import { failure, messageOf, missingError } from "../errors.ts";
import { databaseArgument } from "../postgres/identifier.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Readers } from "../sys/dump-keys.ts";
import { pathExists } from "../sys/files.ts";
import type { Work } from "../work/work.ts";
import { hashFile } from "./inspect.ts";
import { globalsPath, type Manifest } from "./manifest.ts";
import type { StoredDump } from "./store.ts";

/** What is asked for of a server's roles. */
export interface GlobalsChoice {
  /** With their passwords' hashes. */
  passwords: boolean;
}

/** The file that is written beside a dump, and what the manifest says of it. */
export interface Globals {
  bytes: Uint8Array;
  record: NonNullable<Manifest["globals"]>;
}

/** What pg_dumpall says of the server's roles, encrypted as the dump is. Throws (exit 1) when it fails. */
export async function captureGlobals(
  { tools: { runner }, operation: { run, abort } }: Work,
  { toolbox, database }: LiveTarget,
  { passwords }: GlobalsChoice,
  readers: Readers | undefined,
): Promise<Globals> {
  const without = passwords ? [] : ["--no-role-passwords"];
  const args = ["--globals-only", ...without, `--database=${databaseArgument(database)}`];
  const pieces: Uint8Array[] = [];
  const put = async (bytes: Uint8Array) => void pieces.push(new Uint8Array(bytes));
  const age = readers === undefined ? undefined : await openAgeWriter(readers, put);
  const output = age === undefined ? put : age.write;
  await runner.stream(toolbox.command("pg_dumpall", args, run, { database }), { output }, abort);
  await age?.end();
  const bytes = Buffer.concat(pieces);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { bytes, record: { sha256, size_bytes: bytes.length, passwords } };
}

/** What is missing of the roles that were written beside the dump, but for those that others replace. Throws (exit 4) where none were, (exit 1) where they are others. */
export async function planMissingRoles(
  work: Work,
  { name, path, manifest }: StoredDump,
  replaced: RoleMap = new Map(),
): Promise<RolesPlan> {
  const { control, tools } = work;
  const beside = globalsPath(path, manifest);
  if (manifest?.globals === undefined || !(await pathExists(beside))) {
    throw missingError(
      "globals_missing",
      `no roles were written beside ${name}`,
      "dump them with it: pgrove dump --globals",
    );
  }
  if ((await hashFile(beside, () => tools.abort.throwIfAborted())) !== manifest.globals.sha256) {
    throw failure(
      "globals_damaged",
      `the roles beside ${name} are not those that were written: ${beside}`,
      "restore without --globals",
    );
  }
  const locked = { name, path: beside, recipients: manifest.encryption?.recipients };
  const { bytes } = await openDumpBytes(locked, tools.dumpKeys);
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes.stream()) pieces.push(piece);
  const there = await control<{ name: string; may_all: boolean }[]>`
    select rolname as name, rolsuper as may_all from pg_roles`;
  const roles = there.map(({ name }) => name);
  const superusers = there.filter((role) => role.may_all).map(({ name }) => name);
  const major = await readServerMajor(work);
  return planRoles(Buffer.concat(pieces).toString("utf8"), {
    roles,
    superusers,
    replaced: [...replaced.keys()],
    major,
  });
}

/** By the extended protocol, which takes one statement, of which postgres.js has no word in its types. */
const ONE_STATEMENT = { prepare: false, simple: false };

/** Makes all of the roles or none. Nothing that is there is changed. Throws (exit 1) where the login may not. */
export async function makeRoles({ control, tools }: Work, { statements, roles }: RolesPlan): Promise<void> {
  if (statements.length === 0) return;
  await control`begin`;
  try {
    for (const statement of statements) await control.unsafe(statement, [], ONE_STATEMENT);
    await control`commit`;
  } catch (error) {
    await control`rollback`;
    throw failure(
      "roles_refused",
      `the roles ${roles.map(({ name }) => name).join(", ")} were not made, nor anything else: ${messageOf(error)}`,
      "make them yourself, or restore without owners and grants: --no-owner",
    );
  }
  tools.note(`roles made: ${roles.map(({ name }) => name).join(", ")}`);
}
