import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { openPlain, type Wrapping } from "../../../src/archive/plain.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-plain-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(bytes: Uint8Array): Promise<string> {
  const path = join(folder, "x.sql");
  await Bun.write(path, bytes);
  return path;
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(new Uint8Array(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

const text = Array.from({ length: 60_000 }, (_, line) => `line ${line} ünï ${(line * 7919) % 1013}\n`).join("");
const pack: Record<Wrapping, (bytes: Uint8Array) => Uint8Array> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
};

describe.each(["none", "gzip", "zstd"] as const)("openPlain, %s", (wrapping) => {
  const packed = pack[wrapping](Buffer.from(text));

  test("gives the text, and counts the file's bytes", async () => {
    const path = await written(packed);
    let counted = 0;
    expect(await gather(openPlain(path, wrapping, (chunk) => (counted += chunk.length)))).toBe(text);
    expect(counted).toBe(packed.length);
  });

  test("gives several members behind each other", async () => {
    const half = Buffer.from(text).subarray(0, 400_000);
    const rest = Buffer.from(text).subarray(400_000);
    const path = await written(Buffer.concat([pack[wrapping](half), pack[wrapping](rest)]));
    expect(await gather(openPlain(path, wrapping))).toBe(text);
  });

  test("ends with the error of whoever counts, and can be left at any time", async () => {
    const path = await written(packed);
    const stopped = openPlain(path, wrapping, () => {
      throw new Error("enough");
    });
    const error: unknown = await gather(stopped).catch((thrown) => thrown);
    expect(error instanceof Error && [error.message, String(error.cause)].join(" ")).toContain("enough");
    for await (const chunk of openPlain(path, wrapping)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  });
});

describe.each(["gzip", "zstd"] as const)("damaged %s", (wrapping) => {
  const packed = pack[wrapping](Buffer.from(text));
  const damaged = expect.objectContaining({ code: "dump_damaged", exit: 1 });

  test("cut off anywhere, it ends with an error", async () => {
    for (const part of [0.1, 0.5, 0.9, 0.999]) {
      const path = await written(packed.subarray(0, Math.floor(packed.length * part)));
      await expect(gather(openPlain(path, wrapping))).rejects.toEqual(damaged);
    }
    const path = await written(packed.subarray(0, packed.length - 1));
    await expect(gather(openPlain(path, wrapping))).rejects.toEqual(damaged);
  });

  test("with nonsense behind its magic number, it ends with an error", async () => {
    const bytes = Buffer.concat([packed.subarray(0, 4), Buffer.alloc(500, 0xa5)]);
    await expect(gather(openPlain(await written(bytes), wrapping))).rejects.toEqual(damaged);
  });
});
