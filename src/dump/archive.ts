/**
 * Reads the head and the table of contents of pg_dump's archives (custom format, and toc.dat of directories and tars).
 * The layout is that of PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c: ReadHead, ReadToc, ReadInt, ReadStr.
 */
import { open } from "node:fs/promises";
import { failure } from "../errors.ts";
import { rolesOfSql } from "./statement-roles.ts";

export interface ArchiveEntry {
  /** "TABLE DATA", "EXTENSION", "ACL"… */
  kind: string;
  tag: string;
  schema: string;
  owner: string;
  tablespace: string;
  definition: string;
}

export interface Archive {
  /** 1.16 is {major: 1, minor: 16}. */
  version: { major: number; minor: number };
  database: string;
  serverVersion: string;
  dumpVersion: string;
  entries: ArchiveEntry[];
}

export const ARCHIVE_MAGIC = "PGDMP";

const FORMAT_CUSTOM = 1;
const OLDEST_MINOR = 12; // PostgreSQL 9.0 to 10
const NEWEST_MINOR = 16; // PostgreSQL 17 and 18
const FIRST_READ_BYTES = 1 << 20;
const MOST_BYTES = 256 << 20;

class Cursor {
  private position = 0;
  private intSize = 4;
  private offsetSize = 8;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  setSizes(intSize: number, offsetSize: number): void {
    if (intSize < 1 || intSize > 8 || offsetSize < 1 || offsetSize > 8) throw new Error("sizes");
    this.intSize = intSize;
    this.offsetSize = offsetSize;
  }

  byte(): number {
    const value = this.bytes[this.position++];
    if (value === undefined) throw new RangeError("end");
    return value;
  }

  int(): number {
    const negative = this.byte() !== 0;
    let value = 0;
    for (let index = 0; index < this.intSize; index++) value += this.byte() * 2 ** (8 * index);
    return negative ? -value : value;
  }

  text(): string | undefined {
    const length = this.int();
    if (length < 0) return undefined;
    if (this.position + length > this.bytes.length) {
      if (length > MOST_BYTES) throw new Error("length");
      throw new RangeError("end");
    }
    const text = new TextDecoder().decode(this.bytes.subarray(this.position, this.position + length));
    this.position += length;
    return text;
  }

  skipOffset(): void {
    this.position += 1 + this.offsetSize;
  }
}

/** Reads an archive's contents from bytes that begin with its magic. RangeError: more bytes are needed. */
function parseArchive(bytes: Uint8Array): Archive {
  const cursor = new Cursor(bytes);
  for (const character of ARCHIVE_MAGIC) {
    if (cursor.byte() !== character.charCodeAt(0)) throw new Error("magic");
  }
  const version = { major: cursor.byte(), minor: cursor.byte() };
  cursor.byte(); // revision
  cursor.setSizes(cursor.byte(), cursor.byte());
  const format = cursor.byte();
  if (version.major !== 1 || version.minor < OLDEST_MINOR || version.minor > NEWEST_MINOR) {
    throw failure(
      "archive_version",
      `the archive has format version ${version.major}.${version.minor}, which is not known here`,
      "restore it with the pg_restore of the PostgreSQL that made it",
    );
  }
  if (version.minor >= 15) cursor.byte();
  else cursor.int(); // compression
  for (let part = 0; part < 7; part++) cursor.int(); // when it was made
  const archive: Archive = {
    version,
    database: cursor.text() ?? "",
    serverVersion: cursor.text() ?? "",
    dumpVersion: cursor.text() ?? "",
    entries: [],
  };
  const count = cursor.int();
  for (let index = 0; index < count; index++) archive.entries.push(parseEntry(cursor, version.minor, format));
  return archive;
}

function parseEntry(cursor: Cursor, minor: number, format: number): ArchiveEntry {
  cursor.int(); // dump id
  cursor.int(); // has data
  cursor.text(); // catalog's oid
  cursor.text(); // oid
  const tag = cursor.text() ?? "";
  const kind = cursor.text() ?? "";
  cursor.int(); // section
  const definition = cursor.text() ?? "";
  cursor.text(); // drop statement
  cursor.text(); // copy statement
  const schema = cursor.text() ?? "";
  const tablespace = cursor.text() ?? "";
  if (minor >= 14) cursor.text(); // table access method
  if (minor >= 16) cursor.int(); // relkind
  const owner = cursor.text() ?? "";
  cursor.text(); // with oids
  while (cursor.text() !== undefined); // dependencies
  if (format === FORMAT_CUSTOM) cursor.skipOffset();
  else cursor.text(); // the data's file name
  return { kind, tag, schema, owner, tablespace, definition };
}

/**
 * The contents of an archive that begins at `offset` of a file. Throws (exit 1) when it is damaged or of an unknown
 * version.
 */
export async function readArchive(path: string, offset = 0): Promise<Archive> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    for (let wanted = FIRST_READ_BYTES; ; wanted *= 4) {
      const length = Math.min(wanted, size - offset, MOST_BYTES);
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      try {
        return parseArchive(bytes.subarray(0, bytesRead));
      } catch (error) {
        if (error instanceof RangeError && length < Math.min(size - offset, MOST_BYTES)) continue;
        if (error instanceof RangeError || (error instanceof Error && error.name === "Error")) {
          throw failure(
            "dump_damaged",
            `the dump is damaged: its table of contents cannot be read (${path})`,
            "was it written through a terminal (`docker exec -t` changes bytes), or cut off? make it again",
            error,
          );
        }
        throw error;
      }
    }
  } finally {
    await file.close();
  }
}

/** Entries whose definition names roles other than the owner. */
const WITH_ROLES = new Set(["ACL", "DEFAULT ACL", "POLICY", "USER MAPPING"]);

/** The roles that an archive's objects belong to, are granted to, or are meant for. */
export function rolesOf(archive: Archive): string[] {
  const roles = new Set<string>();
  for (const entry of archive.entries) {
    if (entry.owner !== "") roles.add(entry.owner);
    if (WITH_ROLES.has(entry.kind)) for (const role of rolesOfSql(entry.definition)) roles.add(role);
  }
  return [...roles].sort();
}
