import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { inspectDump } from "../../../src/dump/inspect.ts";
import type { Manifest } from "../../../src/dump/manifest.ts";
import type { StoredDump } from "../../../src/dump/store.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-inspect-"));
});
afterAll(() => rm(folder, { recursive: true }));

const tools = { progress: () => undefined, abort: new AbortController().signal };
const packings: Record<string, (text: string) => Uint8Array> = {
  plain: (text) => Buffer.from(text),
  gzip: (text) => gzipSync(text),
  zstd: (text) => zstdCompressSync(text),
};
const names = Object.keys(packings);

const sql = (body: string) =>
  `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 17.2\n\n${body}\n--\n-- PostgreSQL database dump complete\n--\n`;

let count = 0;

/** A plain dump with a manifest beside it, which is right about the file unless `sha256` says otherwise. */
async function written(bytes: Uint8Array, sha256?: string): Promise<StoredDump> {
  const path = join(folder, `x${count++}.sql`);
  await Bun.write(path, bytes);
  const manifest: Manifest = {
    ...{ version: 1, name: "x.sql", created_at: "2026-01-01T00:00:00Z", project: "shop", source: "main" },
    ...{ database: "shop", format: "sql", codec: "none", content: "all", partial: true },
    sha256: sha256 ?? new Bun.CryptoHasher("sha256").update(bytes).digest("hex"),
    ...{ size_bytes: bytes.length, database_size_bytes: 1, server_version: "16.1", pg_dump_version: "16.1" },
    ...{ encoding: "UTF8", collate: "C", ctype: "C", locale_provider: "c", locale: null },
    extensions: [{ name: "citext", version: "1", schema: "public" }],
    ...{ roles: ["app"], tablespaces: ["fast"], tables: [], migration_version: null, git: null, duration_ms: 1 },
    ...{ note: null, run: "x", pgrove_version: "x" },
  };
  return { name: "x.sql", path, sizeBytes: bytes.length, modifiedAt: new Date(), manifest };
}

const pack = (name: string, text: string) => (packings[name] ?? Buffer.from)(text);

describe.each(names)("a plain dump with a manifest, %s", (packing) => {
  test("is read to its end: what it needs it says itself, and the manifest where it comes from", async () => {
    const text = sql(
      "\\restrict k\nSET transaction_timeout = 0;\nCREATE EXTENSION hstore;\nALTER TABLE t ALTER a SET (pg_attver=1);\n",
    );
    expect(await inspectDump(await written(pack(packing, text)), tools)).toMatchObject({
      ...{ checked: "sha256", serverVersion: { major: 16, minor: 1 }, extensions: ["hstore"] },
      ...{ tablespaces: ["fast"], restricted: true, onlyRows: false },
      leftOut: { options: ["pg_attver"], settings: ["transaction_timeout"] },
    });
  });

  test("is refused when it holds a command for psql, or works on another database", async () => {
    for (const body of ["SELECT 1;\n\\! touch x\n", "\\connect other\n", "DROP DATABASE other;\n"]) {
      const dump = await written(pack(packing, sql(body)));
      await expect(inspectDump(dump, tools)).rejects.toMatchObject({ code: "dump_unsafe", exit: 1 });
    }
  });

  test("is called damaged where it is not the file that was written, whatever else is wrong with it", async () => {
    const bytes = pack(packing, sql("SELECT 1;\n"));
    const other = new Bun.CryptoHasher("sha256").update("other").digest("hex");
    const unsafe = pack(packing, sql("\\! touch x\n"));
    for (const file of [bytes, unsafe, bytes.subarray(0, bytes.length - 9), Buffer.from("\0\0"), Buffer.alloc(0)]) {
      const error: unknown = await inspectDump(await written(file, other), tools).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: "dump_damaged", exit: 1 });
      expect(String(error)).toContain("SHA-256");
    }
  });

  test("is refused when it is cut off, even by whoever wrote the manifest", async () => {
    const dump = await written(pack(packing, sql("SELECT 1;\n").slice(0, -30)));
    await expect(inspectDump(dump, tools)).rejects.toMatchObject({ code: "dump_truncated" });
  });
});

test("what says that it is no dump of SQL, and is one, is read as one", async () => {
  const dump = await written(Buffer.from(sql("\\! touch x\n")));
  if (dump.manifest !== undefined) dump.manifest.format = "custom";
  await expect(inspectDump(dump, tools)).rejects.toMatchObject({ code: "dump_unsafe" });
});
