/**
 * Reads the head and the table of contents of pg_dump's archives (custom format, and toc.dat of directories and tars).
 * The layout is that of PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c: ReadHead, ReadToc, ReadInt, ReadStr.
 */
import { failure } from "../errors.ts";
import { eachStatement } from "../sql/each-statement.ts";
import type { Place } from "../sql/listener.ts";
import { type ByteSource, bytesOf } from "./dump-bytes.ts";
import { findLeftOut, mayHoldLeftOut } from "./left-out.ts";

export interface ArchiveEntry {
  /** By which a list of entries names it. */
  id: number;
  /** "TABLE DATA", "EXTENSION", "ACL"… */
  kind: string;
  tag: string;
  schema: string;
  owner: string;
  tablespace: string;
  definition: string;
  /** Where the definition stands, in bytes of the archive. */
  place: Place;
  /** The ids of the entries that it needs. */
  dependencies: number[];
  /** What its definition says that is left out, and where, in bytes of the archive. */
  leftOut: { names: string[]; parts: Place[] };
}

/** What stands at the beginning of an archive. */
export interface ArchiveHead {
  /** 1.16 is {major: 1, minor: 16}. */
  version: { major: number; minor: number };
  format: number;
  database: string;
  serverVersion: string;
  dumpVersion: string;
  /** How many entries the table of contents has. */
  count: number;
}

export interface Archive extends Omit<ArchiveHead, "format" | "count"> {
  entries: ArchiveEntry[];
}

export const ARCHIVE_MAGIC = "PGDMP";

const FORMAT_CUSTOM = 1;
const OLDEST_MINOR = 12; // PostgreSQL 9.0 to 10
const NEWEST_MINOR = 16; // PostgreSQL 17 and 18
const FIRST_READ_BYTES = 1 << 20;
export const MOST_BYTES = 256 << 20;

/** The first pg_restore that reads a format version, and pg_dump that writes it; older ones are read by every one in use. */
const FIRST_READERS: Readonly<Record<number, number>> = { 15: 16, 16: 17 };

/** The major version of the oldest pg_restore that reads the archive; 0 for any. */
export function oldestReader({ version }: Pick<Archive, "version">): number {
  return FIRST_READERS[version.minor] ?? 0;
}

/** The same for an archive that the pg_dump of that version writes. */
export function oldestReaderOf(dumpMajor: number): number {
  return Math.max(0, ...Object.values(FIRST_READERS).filter((major) => major <= dumpMajor));
}

/** Reads an archive's bytes one after the other. RangeError: more bytes are needed. */
export class ArchiveCursor {
  position = 0;
  bytes: Uint8Array;
  private intSize = 4;
  private offsetSize = 8;

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
    const bytes = this.piece();
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /** The bytes of a text. */
  piece(): Uint8Array | undefined {
    const length = this.int();
    if (length < 0) return undefined;
    if (this.position + length > this.bytes.length) {
      if (length > MOST_BYTES) throw new Error("length");
      throw new RangeError("end");
    }
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  skipOffset(): void {
    this.position += 1 + this.offsetSize;
    if (this.position > this.bytes.length) throw new RangeError("end");
  }
}

function parseArchive(bytes: Uint8Array): Archive {
  const cursor = new ArchiveCursor(bytes);
  if (isFromTerminal(bytes)) throw new Error("line ends");
  const { count, format, ...head } = readHead(cursor);
  if (count < 1) throw new Error("count"); // pg_dump has an entry for the encoding at the least
  const archive: Archive = { ...head, entries: [] };
  for (let index = 0; index < count; index++) archive.entries.push(readEntry(cursor, head.version.minor, format));
  return archive;
}

const NEWLINE = 10;
const RETURN = 13;

/** Whether every line end is a terminal's: pg_restore may find a table of contents in that, without an entry. */
function isFromTerminal(bytes: Uint8Array): boolean {
  let at = bytes.indexOf(NEWLINE);
  if (at < 0) return false;
  for (; at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) if (bytes[at - 1] !== RETURN) return false;
  return true;
}

/** Reads what stands before the entries, from the magic on. */
export function readHead(cursor: ArchiveCursor): ArchiveHead {
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
  const database = cursor.text() ?? "";
  const serverVersion = cursor.text() ?? "";
  const dumpVersion = cursor.text() ?? "";
  return { version, format, database, serverVersion, dumpVersion, count: cursor.int() };
}

/** Reads the next entry of the table of contents. */
export function readEntry(cursor: ArchiveCursor, minor: number, format: number): ArchiveEntry {
  const id = cursor.int();
  cursor.int(); // has data
  cursor.text(); // catalog's oid
  cursor.text(); // oid
  const tag = cursor.text() ?? "";
  const kind = cursor.text() ?? "";
  cursor.int(); // section
  const definition = cursor.piece() ?? new Uint8Array();
  const place = { start: cursor.position - definition.length, end: cursor.position };
  const leftOut = findInDefinition(definition, place.start);
  cursor.text(); // drop statement
  cursor.text(); // copy statement
  const schema = cursor.text() ?? "";
  const tablespace = cursor.text() ?? "";
  if (minor >= 14) cursor.text(); // table access method
  if (minor >= 16) cursor.int(); // relkind
  const owner = cursor.text() ?? "";
  cursor.text(); // with oids
  const dependencies: number[] = [];
  for (let needed = cursor.text(); needed !== undefined; needed = cursor.text()) dependencies.push(Number(needed));
  if (format === FORMAT_CUSTOM) cursor.skipOffset();
  else cursor.text(); // the data's file name
  const said = new TextDecoder().decode(definition);
  return { id, kind, tag, schema, owner, tablespace, definition: said, place, dependencies, leftOut };
}

function findInDefinition(definition: Uint8Array, at: number): ArchiveEntry["leftOut"] {
  const found: ArchiveEntry["leftOut"] = { names: [], parts: [] };
  if (!mayHoldLeftOut(definition)) return found;
  eachStatement(definition, (_text, { start, end }) => {
    const { names, parts } = findLeftOut(definition.subarray(start, end));
    found.names.push(...names);
    for (const part of parts) found.parts.push({ start: at + start + part.start, end: at + start + part.end });
  });
  return found;
}

/**
 * The contents of an archive that begins at `offset` of a file. Throws (exit 1) when it is damaged or of an unknown
 * version.
 */
export async function readArchive(source: ByteSource, offset = 0): Promise<Archive> {
  const { path, reading } = bytesOf(source);
  return await reading(async ({ sizeBytes, read }) => {
    for (let wanted = FIRST_READ_BYTES; ; wanted *= 4) {
      const length = Math.max(Math.min(wanted, sizeBytes - offset, MOST_BYTES), 0);
      const bytes = await read(offset, length);
      try {
        return parseArchive(bytes);
      } catch (error) {
        if (error instanceof RangeError && length < Math.min(sizeBytes - offset, MOST_BYTES)) continue;
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
  });
}
