import type { Manifest } from "../../src/dump/manifest.ts";

/** A manifest as a dump of a small database has it, with those values. */
export function sampleManifest(values: Partial<Manifest>): Manifest {
  return {
    ...{ version: 1, name: "x", created_at: "2026-01-15T13:30:22.000Z", project: "onyx", source: "main" },
    ...{ database: "onyx", format: "custom", codec: "zstd", content: "all", partial: false, sha256: "00" },
    ...{ size_bytes: 1, note: null, database_size_bytes: 1, server_version: "17.2", pg_dump_version: "17.2" },
    ...{ encoding: "UTF8", collate: "C", ctype: "C", locale_provider: "c", locale: null, extensions: [], roles: [] },
    ...{ tablespaces: [], tables: [], migration_version: null, git: null, duration_ms: 1, run: "r" },
    ...{ pgrove_version: "0" },
    ...values,
  };
}
