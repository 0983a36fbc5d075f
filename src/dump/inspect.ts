/** Everything that can be known of a dump without a server: what it is, whether it is whole, what it needs. */
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { openDumpBytes } from "../archive/age/age-bytes.ts";
import { type Archive, type ArchiveEntry, oldestReader, readArchive } from "../archive/archive.ts";
import { elevatedIn, wantsOf } from "../archive/archive-wants.ts";
import { type Collations, collationsOf } from "../archive/collations.ts";
import { type DumpKind, detectDump } from "../archive/detect-dump.ts";
import { type ByteSource, bytesOf, type DumpBytes } from "../archive/dump-bytes.ts";
import type { ElevatedStatement } from "../archive/elevated.ts";
import type { BlankPart, LeftOut } from "../archive/left-out.ts";
import { openPlain } from "../archive/plain.ts";
import type { RoleMap } from "../archive/role-names.ts";
import { scanPlain } from "../archive/scan.ts";
import { USUAL_PATH } from "../archive/search-path.ts";
import type { Want } from "../archive/wants.ts";
import { failure } from "../errors.ts";
import { parseVersion, type Version } from "../postgres/version.ts";
import { requireEndingFile } from "../sys/files.ts";
import type { OperationTools } from "../sys/operation.ts";
import { MANIFEST_HINT, type Manifest } from "./manifest.ts";
import { unsealNames } from "./sealed-names.ts";
import { type StoredDump, sourceOfBytes } from "./store.ts";

export interface InspectedDump {
  dump: StoredDump;
  /** What it holds, decrypted where it is encrypted. */
  bytes: DumpBytes;
  /** That of its file, where it is encrypted. */
  fileKey: Uint8Array | undefined;
  /** With the names that its file has sealed. */
  manifest: Manifest | undefined;
  kind: DumpKind;
  serverVersion: Version | undefined;
  /** The oldest pg_restore that reads it; 0 where every one does, or psql reads it. */
  reader: number;
  wants: readonly Want[];
  /** Its statements about what an administrator can make. */
  elevated: readonly ElevatedStatement[];
  extensions: string[];
  tablespaces: string[];
  collations: Collations;
  /** Tables whose rows it holds; undefined for plain dumps. */
  tables: { schema: string; name: string }[] | undefined;
  /** It holds rows without their tables. */
  onlyRows: boolean;
  restricted: boolean;
  /** It says what a new database does not need. */
  superfluous: boolean;
  /** The database that a plain dump makes and enters: what it says of that itself is left out. */
  ownDatabase?: string | undefined;
  /** What it says of that which is left out on the way in. */
  leftOut: LeftOut;
  /** Where an archive says it: in bytes of the file, or of a directory's toc.dat. */
  parts: readonly BlankPart[];
  /** An archive's table of contents, as far as it is wanted. */
  entries: readonly ArchiveEntry[];
  /** Who takes the place of roles that it names. */
  roleMap?: RoleMap;
  /** Only some of its entries are wanted. */
  isPart?: boolean;
  /** How it was found whole: by its recorded SHA-256, by reading it to its end, or only by its contents' list. */
  checked: "sha256" | "read" | "contents";
}

/** Checks a dump against its manifest, or reads it through. Throws (exit 1) when it is damaged, cut off or no dump. */
export async function inspectDump(
  dump: StoredDump,
  tools: Pick<OperationTools, "progress" | "abort" | "dumpKeys">,
): Promise<InspectedDump> {
  if (dump.manifestError !== undefined) throw failure("manifest_damaged", dump.manifestError, MANIFEST_HINT);
  const opened = await orDamaged(dump, tools, () => openDump(dump, tools));
  const { bytes } = opened;
  const kind = await orDamaged(dump, tools, () => detectDump(bytes));
  if (kind.kind === "plain") return await orDamaged(dump, tools, () => inspectPlain(opened, kind, tools));
  await requireChecksum(dump, tools);
  const [source, offset] = archivePlace(bytes, kind);
  return fromArchive(opened, kind, await orDamaged(dump, tools, () => readArchive(source, offset)));
}

type Opened = Pick<InspectedDump, "dump" | "bytes" | "fileKey" | "manifest">;

/** The dump with its encryption opened. Throws (exit 4) where there is no identity or passphrase for it. */
async function openDump(dump: StoredDump, { dumpKeys }: Pick<OperationTools, "dumpKeys">): Promise<Opened> {
  const { manifest, path, name } = dump;
  if (dump.elsewhere === undefined && (await stat(path)).isDirectory())
    return { dump, manifest, bytes: bytesOf(path), fileKey: undefined };
  const recipients = manifest?.encryption?.recipients;
  const { bytes, fileKey } = await openDumpBytes({ name, path, source: sourceOfBytes(dump), recipients }, dumpKeys);
  return { dump, bytes, fileKey, manifest: fileKey && manifest ? await unsealNames(manifest, fileKey) : manifest };
}

/** The body; when it fails, and the file is not the one that was written, that is what is said. */
async function orDamaged<T>(
  dump: StoredDump,
  tools: Pick<OperationTools, "progress" | "abort">,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    await requireChecksum(dump, tools);
    throw error;
  }
}

function archivePlace(bytes: DumpBytes, kind: Exclude<DumpKind, { kind: "plain" }>): [ByteSource, number] {
  if (kind.kind === "directory") return [join(bytes.path, "toc.dat"), 0];
  return [bytes, kind.kind === "custom" ? 0 : kind.tocOffset];
}

function fromArchive(opened: Opened, kind: Exclude<DumpKind, { kind: "plain" }>, archive: Archive): InspectedDump {
  const { dump } = opened;
  const [, offset] = archivePlace(opened.bytes, kind);
  const contents = contentsOf(archive.entries);
  return {
    ...opened,
    kind,
    serverVersion: parseVersion(archive.serverVersion),
    reader: oldestReader(archive),
    ...contents,
    onlyRows: dump.manifest?.content === "data" || (contents.tables.length > 0 && !archive.entries.some(isTable)),
    ...{ restricted: false, superfluous: false, entries: archive.entries },
    leftOut: { options: [...new Set(archive.entries.flatMap(({ leftOut }) => leftOut.names))], settings: [] },
    parts: archive.entries.flatMap(partsToBlank).map((part) => ({
      ...{ ...part, start: offset + part.start, end: offset + part.end },
    })),
    checked: dump.manifest === undefined ? "contents" : "sha256",
  };
}

function isTable({ kind }: ArchiveEntry): boolean {
  return kind === "TABLE";
}

/** The archive as if it held those of its entries only: what the others need does not count. */
export function narrowTo(inspected: InspectedDump, entries: readonly ArchiveEntry[]): InspectedDump {
  return { ...inspected, ...contentsOf(entries), entries, isPart: true, manifest: undefined };
}

/** What the entries hold, and ask for. */
function contentsOf(entries: readonly ArchiveEntry[]) {
  const tagged = (wanted: string) => entries.filter((entry) => entry.kind === wanted);
  return {
    wants: wantsOf(entries),
    elevated: elevatedIn(entries),
    collations: collationsOf(entries),
    extensions: tagged("EXTENSION").map(({ tag }) => tag),
    tablespaces: [...new Set(entries.map(({ tablespace }) => tablespace).filter((name) => name !== ""))],
    tables: tagged("TABLE DATA").map(({ schema, tag }) => ({ schema, name: tag })),
  };
}

/** Every new database has a schema `public`: what makes one is a comment then, which pg_restore leaves as it is. */
function partsToBlank({ kind, tag, definition, place, leftOut }: ArchiveEntry): BlankPart[] {
  const makesPublic = kind === "SCHEMA" && tag === "public" && definition.startsWith("CREATE SCHEMA");
  return makesPublic ? [{ ...place, instead: "--" }] : leftOut.parts;
}

/** The dump as it is loaded with a search_path of its own: an archive says then that the session's counts. */
export function withSearchPath(inspected: InspectedDump, searchPath: string | undefined): InspectedDump {
  const { kind, bytes, entries } = inspected;
  if (searchPath === undefined || kind.kind === "plain") return inspected;
  const [, offset] = archivePlace(bytes, kind);
  const own = entries.filter((entry) => entry.kind === "SEARCHPATH");
  const parts = own.map(({ place }) => ({ start: offset + place.start, end: offset + place.end, instead: USUAL_PATH }));
  return { ...inspected, parts: [...parts, ...inspected.parts].sort((a, b) => a.start - b.start) };
}

async function inspectPlain(
  opened: Opened,
  kind: Extract<DumpKind, { kind: "plain" }>,
  tools: Pick<OperationTools, "progress" | "abort">,
): Promise<InspectedDump> {
  const { dump, manifest } = opened;
  const hash = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  const see = (chunk: Uint8Array) => {
    tools.abort.throwIfAborted();
    if (manifest !== undefined) hash.update(chunk);
    bytes += chunk.length;
    tools.progress({ phase: "verify", bytes, totalBytes: dump.sizeBytes });
  };
  // Whoever wrote the manifest may have written the SQL: both are read before psql sees a line.
  const scan = await scanPlain(openPlain(opened.bytes, kind.wrapping, see), dump.path);
  if (manifest !== undefined && hash.digest("hex") !== manifest.sha256) await requireChecksum(dump, tools);
  const { restricted, superfluous, ownDatabase, options, settings, wants, elevated, collations } = scan;
  return {
    ...{
      ...opened,
      kind,
      tables: undefined,
      reader: 0,
      restricted,
      superfluous,
      ownDatabase,
      wants,
      elevated,
      collations,
    },
    ...{ leftOut: { options, settings }, parts: [], entries: [] },
    extensions: manifest?.schema ? manifest.extensions.map(({ name }) => name) : scan.extensions,
    tablespaces: manifest?.tablespaces ?? scan.tablespaces,
    serverVersion: parseVersion(manifest?.server_version || scan.serverVersion || ""),
    onlyRows: manifest?.content === "data" || scan.onlyRows,
    checked: manifest === undefined ? "read" : "sha256",
  };
}

/** Throws (exit 1) when there is a manifest and the file is not, byte for byte, the one that was written. */
export async function requireChecksum(
  dump: StoredDump,
  tools: Pick<OperationTools, "progress" | "abort">,
): Promise<void> {
  if (dump.manifest === undefined) return;
  const report = (bytes: number) => {
    tools.abort.throwIfAborted();
    tools.progress({ phase: "verify", bytes, totalBytes: dump.sizeBytes });
  };
  const { elsewhere, path } = dump;
  const actual = await (elsewhere === undefined ? hashFile(path, report) : hashStream(elsewhere, report));
  if (actual === dump.manifest.sha256) return;
  throw failure(
    "dump_damaged",
    `the dump is damaged: its SHA-256 is not the one recorded when it was written (${dump.name})`,
    "pgrove dumps verify --all      shows which dumps are whole",
  );
}

async function hashStream({ stream }: DumpBytes, report: (bytes: number) => void): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  for await (const piece of stream()) {
    hash.update(piece);
    bytes += piece.length;
    report(bytes);
  }
  return hash.digest("hex");
}

const READ_BYTES = 1 << 20;

/**
 * The SHA-256 of a file in hex: the next piece is read while one is hashed. `report` is given the bytes read so far. Throws (exit 1) for a
 * pipe and the like, which would be waited for.
 */
export async function hashFile(path: string, report: (bytes: number) => void): Promise<string> {
  await requireEndingFile(path);
  const hash = new Bun.CryptoHasher("sha256");
  const file = await open(path);
  try {
    let [piece, other] = [Buffer.allocUnsafe(READ_BYTES), Buffer.allocUnsafe(READ_BYTES)];
    let bytes = 0;
    let reading = file.read(piece, 0, READ_BYTES, 0);
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return hash.digest("hex");
      bytes += bytesRead;
      report(bytes); // may throw: nothing is being read then
      reading = file.read(other, 0, READ_BYTES, bytes);
      hash.update(piece.subarray(0, bytesRead));
      [piece, other] = [other, piece];
    }
  } finally {
    await file.close();
  }
}
