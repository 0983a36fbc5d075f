import { usageError } from "../errors.ts";

export type DumpFormat = "custom" | "sql" | "directory";
export type CodecName = "zstd" | "lz4" | "gzip" | "none";
export interface Codec {
  name: CodecName;
  /** Left out: the level that measured best. */
  level?: number;
}

const LEVELS: Record<Exclude<CodecName, "none">, { lowest: number; highest: number; usual: number | undefined }> = {
  zstd: { lowest: -7, highest: 22, usual: 1 },
  lz4: { lowest: 1, highest: 12, usual: undefined },
  gzip: { lowest: 1, highest: 9, usual: 1 },
};

/** pg_dump knows zstd and lz4 from this version on. */
const FIRST_WITH_ZSTD = 16;

/** Reads `zstd`, `gzip:6`, `none`. Throws (exit 2) on an unknown codec or a level out of range. */
export function parseCodec(text: string): Codec {
  const [name = "", level, more] = text.split(":");
  if (name === "none" && level === undefined) return { name };
  if (more !== undefined || (name !== "zstd" && name !== "lz4" && name !== "gzip")) {
    throw usageError(`unknown compression: ${text}`, "--compress zstd, lz4, gzip or none, with a level as in zstd:3");
  }
  if (level === undefined) return { name };
  const number = Number(level);
  const { lowest, highest } = LEVELS[name];
  if (!/^-?\d+$/.test(level) || number < lowest || number > highest) {
    throw usageError(`the level of ${name} is a whole number from ${lowest} to ${highest}, not ${level}`);
  }
  return { name, level: number };
}

/** The best codec that this version of pg_dump has. */
export function chooseCodec(pgDumpMajor: number): Codec {
  return { name: pgDumpMajor >= FIRST_WITH_ZSTD ? "zstd" : "gzip" };
}

/** Throws (exit 2) when the codec cannot be had for the format or from this pg_dump. */
export function requireCodec(codec: Codec, format: DumpFormat, pgDumpMajor: number): Codec {
  if ((codec.name === "zstd" || codec.name === "lz4") && pgDumpMajor < FIRST_WITH_ZSTD) {
    throw usageError(
      `pg_dump ${pgDumpMajor} cannot compress with ${codec.name} (${FIRST_WITH_ZSTD} and later can)`,
      "leave --compress out, or --compress gzip",
    );
  }
  if (codec.name === "lz4" && format === "sql") {
    throw usageError("a plain SQL dump compressed with lz4 could not be read back", "--compress zstd or gzip");
  }
  return codec;
}

/** pg_dump's -Z argument. Versions before 16 take a bare number for gzip. */
export function compressArgument({ name, level }: Codec, pgDumpMajor: number): string {
  if (name === "none") return "--compress=0";
  const chosen = level ?? LEVELS[name].usual;
  if (pgDumpMajor < FIRST_WITH_ZSTD) return `--compress=${chosen ?? 1}`;
  return chosen === undefined ? `--compress=${name}` : `--compress=${name}:${chosen}`;
}

/** The file name's ending: `dump`, `sql.zst`, `tar`. */
export function extensionOf(format: DumpFormat, codec: Codec): string {
  if (format === "custom") return "dump";
  if (format === "directory") return "tar";
  return { zstd: "sql.zst", gzip: "sql.gz", lz4: "sql.lz4", none: "sql" }[codec.name];
}

/** What a file's name says of the dump to write into it; nothing for names that say nothing. */
export function formatOfFileName(given: string): { format: DumpFormat; codec?: Codec } | undefined {
  const path = given.replace(/\.age$/i, "");
  if (/\.sql$/i.test(path)) return { format: "sql", codec: { name: "none" } };
  if (/\.sql\.gz$/i.test(path)) return { format: "sql", codec: { name: "gzip" } };
  if (/\.sql\.zst$/i.test(path)) return { format: "sql", codec: { name: "zstd" } };
  if (/\.tar$/i.test(path)) return { format: "directory" };
  return undefined;
}
