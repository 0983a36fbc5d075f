/** Everything that can be known of a dump without a server: what it is, whether it is whole, what it needs. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { failure } from "../errors.ts";
import { parseVersion, type Version } from "../postgres/version.ts";
import type { OperationTools } from "../sys/operation.ts";
import { type Archive, readArchive, rolesOf } from "./archive.ts";
import { type DumpKind, detectDump } from "./detect.ts";
import { MANIFEST_HINT } from "./manifest.ts";
import { openPlain } from "./plain.ts";
import { scanPlain } from "./scan.ts";
import type { StoredDump } from "./store.ts";

export interface InspectedDump {
  dump: StoredDump;
  kind: DumpKind;
  serverVersion: Version | undefined;
  dumpVersion: Version | undefined;
  roles: string[];
  extensions: string[];
  tablespaces: string[];
  /** They are not restored; undefined where there cannot be any. */
  subscriptions?: string[];
  /** Tables whose rows it holds; undefined for plain dumps. */
  tables: { schema: string; name: string }[] | undefined;
  /** It holds rows without their tables. */
  onlyRows: boolean;
  restricted: boolean;
  /** How it was found whole: by its recorded SHA-256, by reading it to its end, or only by its contents' list. */
  checked: "sha256" | "read" | "contents";
}

/** Checks a dump against its manifest, or reads it through. Throws (exit 1) when it is damaged, cut off or no dump. */
export async function inspectDump(
  dump: StoredDump,
  tools: Pick<OperationTools, "progress" | "abort">,
): Promise<InspectedDump> {
  if (dump.manifestError !== undefined) throw failure("manifest_damaged", dump.manifestError, MANIFEST_HINT);
  if (dump.manifest !== undefined) await requireChecksum(dump, dump.manifest.sha256, tools);
  const kind = await detectDump(dump.path);
  const checked = dump.manifest === undefined ? "contents" : "sha256";
  if (kind.kind === "plain") return await inspectPlain(dump, kind, tools);
  return fromArchive(dump, kind, await readArchive(...archivePlace(dump.path, kind)), checked);
}

function archivePlace(path: string, kind: Exclude<DumpKind, { kind: "plain" }>): [string, number] {
  if (kind.kind === "directory") return [join(path, "toc.dat"), 0];
  return [path, kind.kind === "custom" ? 0 : kind.tocOffset];
}

function fromArchive(
  dump: StoredDump,
  kind: DumpKind,
  archive: Archive,
  checked: InspectedDump["checked"],
): InspectedDump {
  const tagged = (wanted: string) => archive.entries.filter((entry) => entry.kind === wanted);
  return {
    dump,
    kind,
    serverVersion: parseVersion(archive.serverVersion),
    dumpVersion: parseVersion(archive.dumpVersion),
    roles: rolesOf(archive),
    extensions: tagged("EXTENSION").map(({ tag }) => tag),
    subscriptions: tagged("SUBSCRIPTION").map(({ tag }) => tag),
    tablespaces: [...new Set(archive.entries.map(({ tablespace }) => tablespace).filter((name) => name !== ""))],
    tables: tagged("TABLE DATA").map(({ schema, tag }) => ({ schema, name: tag })),
    onlyRows: dump.manifest?.content === "data" || (tagged("TABLE DATA").length > 0 && tagged("TABLE").length === 0),
    restricted: false,
    checked,
  };
}

async function inspectPlain(
  dump: StoredDump,
  kind: Extract<DumpKind, { kind: "plain" }>,
  tools: Pick<OperationTools, "progress" | "abort">,
): Promise<InspectedDump> {
  const { manifest } = dump;
  if (manifest !== undefined) {
    return {
      ...{ dump, kind, roles: manifest.roles, tablespaces: manifest.tablespaces, tables: undefined },
      serverVersion: parseVersion(manifest.server_version),
      dumpVersion: parseVersion(manifest.pg_dump_version),
      extensions: manifest.extensions.map(({ name }) => name),
      onlyRows: manifest.content === "data",
      restricted: true,
      checked: "sha256",
    };
  }
  let bytes = 0;
  const report = (read: number) => {
    tools.abort.throwIfAborted();
    bytes += read;
    tools.progress({ phase: "verify", bytes, totalBytes: dump.sizeBytes });
  };
  const scan = await scanPlain(openPlain(dump.path, kind.wrapping, report), dump.path);
  return {
    ...{ dump, kind, roles: scan.roles, extensions: scan.extensions },
    ...{ tablespaces: scan.tablespaces, tables: undefined },
    serverVersion: scan.serverVersion === undefined ? undefined : parseVersion(scan.serverVersion),
    dumpVersion: scan.dumpVersion === undefined ? undefined : parseVersion(scan.dumpVersion),
    onlyRows: false, // psql says at the first row which table is not there
    restricted: scan.restricted,
    checked: "read",
  };
}

/** Throws (exit 1) when the file is not, byte for byte, the one that was written. */
async function requireChecksum(
  dump: StoredDump,
  expected: string,
  tools: Pick<OperationTools, "progress" | "abort">,
): Promise<void> {
  const actual = await hashFile(dump.path, (bytes) => {
    tools.abort.throwIfAborted();
    tools.progress({ phase: "verify", bytes, totalBytes: dump.sizeBytes });
  });
  if (actual === expected) return;
  throw failure(
    "dump_damaged",
    `the dump is damaged: its SHA-256 is not the one recorded when it was written (${dump.name})`,
    "pgrove dumps verify --all      shows which dumps are whole",
  );
}

/** The SHA-256 of a file in hex. `report` is given the bytes read so far. */
export async function hashFile(path: string, report: (bytes: number) => void): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    bytes += chunk.length;
    report(bytes);
  }
  return hash.digest("hex");
}
