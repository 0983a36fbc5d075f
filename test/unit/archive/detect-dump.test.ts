import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { detectDump } from "../../../src/archive/detect-dump.ts";

const archive = await Bun.file(join(import.meta.dir, "../../support/fixtures/archive-18.dump")).bytes();
const sql = Buffer.from("--\n-- PostgreSQL database dump\n--\nSELECT 1;\n");

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgrove-detect-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function detect(bytes: Uint8Array | string) {
  const path = join(folder, "file");
  await Bun.write(path, bytes);
  return detectDump(path);
}

/** A tar of small files, as POSIX describes it. `size` overrides what the header says. */
function tar(entries: { name: string; bytes: Uint8Array; size?: string | Buffer }[]): Buffer {
  const blocks = entries.flatMap(({ name, bytes, size }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644\0", 100);
    const said = size ?? `${bytes.length.toString(8).padStart(11, "0")}\0`;
    if (typeof said === "string") header.write(said, 124);
    else said.copy(header, 124);
    header.write("0", 156);
    header.write("ustar\x0000", 257);
    return [header, Buffer.from(bytes), Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const file = (name: string, bytes: Uint8Array = Buffer.from("x")) => ({ name, bytes });
const toc = (name = "toc.dat") => file(name, archive);

describe("dumps", () => {
  test("custom, plain, compressed plain", async () => {
    expect(await detect(archive)).toEqual({ kind: "custom" });
    expect(await detect(sql)).toEqual({ kind: "plain", wrapping: "none" });
    expect(await detect(gzipSync(sql))).toEqual({ kind: "plain", wrapping: "gzip" });
    expect(await detect(zstdCompressSync(sql))).toEqual({ kind: "plain", wrapping: "zstd" });
  });

  test("tar of pg_dump -Ft, tar of a directory with and without a folder", async () => {
    const own = tar([toc(), file("3001.dat"), file("restore.sql")]);
    expect(await detect(own)).toEqual({ kind: "tar", tocOffset: 512 });
    expect(await detect(tar([file("1.dat.gz"), toc()]))).toEqual({
      kind: "packed-directory",
      tocOffset: 1536,
      inside: "",
    });
    const around = await detect(tar([file("a b/", Buffer.alloc(0)), toc("a b/toc.dat")]));
    expect(around).toEqual({ kind: "packed-directory", tocOffset: 1024, inside: "a b/" });
    const dotted = await detect(tar([file("./", Buffer.alloc(0)), toc("./toc.dat")]));
    expect(dotted).toEqual({ kind: "packed-directory", tocOffset: 1024, inside: "" });
  });

  test("a folder with a table of contents, whatever its name", async () => {
    const inside = join(folder, "x.sql");
    await mkdir(inside);
    await expect(detectDump(inside)).rejects.toMatchObject({ code: "not_a_dump", exit: 1 });
    await Bun.write(join(inside, "toc.dat"), archive);
    expect(await detectDump(inside)).toEqual({ kind: "directory" });
  });
});

describe("what is none says what it looks like", () => {
  const random = new Uint8Array(4096).map((_, index) => (index * 7919 + (index >> 3) * 104_729) & 0xff);
  const strange: [string, Uint8Array | string, RegExp][] = [
    ["nothing", "", /empty/],
    ["random bytes", random, /binary/],
    ["text with a NUL", "SELECT\0 1;", /binary/],
    ["lz4", "\x04\x22\x4d\x18xxxxxxxxxxxx", /lz4 -d/],
    ["lz4 -l", Buffer.from("02214c1800010000", "hex"), /lz4 -d/],
    ["lzma", Buffer.from("5d00008000ffffff", "hex"), /lzma.*xz -d/],
    ["lzop", Buffer.from("894c5a4f000d0a1a", "hex"), /lzop -d/],
    ["xz", Buffer.from("fd377a585a000004", "hex"), /xz -d/],
    ["bzip2", Buffer.from("425a683931415926535900", "hex"), /bunzip2/],
    ["zip", Buffer.from("504b03041400000008", "hex"), /zip file/],
    ["SQLite", "SQLite format 3\0....", /SQLite/],
    ["age", "age-encryption.org/v1\n-> X25519 x\n", /encrypted/],
    ["age, as text", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", /age -d/],
    ["gpg --symmetric", Buffer.from("8c0d04090302f6f13f6aa0a6b3f4ff", "hex"), /gpg -d/],
    ["gpg --encrypt", Buffer.from("85010c03a1b2c3d4e5f60718010700", "hex"), /gpg -d/],
    ["OpenPGP with new lengths", Buffer.from("c1c04c03a1b2c3d4e5f607180108", "hex"), /gpg -d/],
    ["gpg --armor", "-----BEGIN PGP MESSAGE-----\n\njA0E\n", /gpg -d/],
    ["openssl enc", Buffer.from("53616c7465645f5f0011223344556677", "hex"), /openssl enc -d/],
    ["openssl enc -a", "U2FsdGVkX18AESIzRFVmdw==\n", /openssl enc -d/],
    ["gpg within gzip", gzipSync(Buffer.from("8c0d04090302f6f13f6aa0a6b3f4ff", "hex")), /within gzip.*gpg -d/],
    ["MySQL", "-- MySQL dump 10.13  Distrib 8.0.36\n", /MySQL/],
    ["MariaDB", "/*M!999999\\- enable the sandbox mode */\n-- MariaDB dump\n", /MariaDB/],
    ["a page", "<!DOCTYPE html><html>Sign in</html>", /page/],
    ["an error of a service", '{"message":"Not Found"}', /error of a store/],
    ["base64", Buffer.from("--\n-- PostgreSQL database dump\n").toString("base64"), /base64 -d/],
    ["an archive in base64", Buffer.from(archive).toString("base64"), /base64 -d/],
    [
      "words in front of an archive",
      Buffer.concat([Buffer.from("pg_dump: warning: x\n"), archive]),
      /behind something/,
    ],
    ["git-lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:x\n", /git lfs pull/],
    ["UTF-16", Buffer.from("\ufeffSELECT 1;", "utf16le"), /UTF-16/],
    ["UTF-16, the other way round", Buffer.from("\ufeff--\n", "utf16le").swap16(), /UTF-16.*iconv/],
    ["UTF-16 without a mark", Buffer.from("--\n-- PostgreSQL", "utf16le"), /UTF-16.*iconv/],
    ["gzip of a binary", gzipSync(random), /binary/],
    ["zstd of a binary", zstdCompressSync(random), /binary/],
    ["a tar without toc.dat", tar([file("a.txt"), file("restore.sql")]), /no toc\.dat/],
    ["a tar around a file that is named out of it", tar([file("../a.dump", archive)]), /no toc\.dat/],
    ["a tar whose toc.dat is behind its end", Buffer.concat([tar([file("a.txt")]), tar([toc()])]), /no toc\.dat/],
  ];
  test.each(strange)("%s", async (_name, bytes, words) => {
    const error: unknown = await detect(bytes).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "not_a_dump", exit: 1 });
    expect(String(error)).toMatch(words);
  });

  test.each([
    ["shop.tar.xz", "fd377a585a000004", "xz -dc", "shop.tar"],
    ["it's.bz2", "425a683931415926535900", "bunzip2 -c", "it's"],
    ["shop", "04224d1864407000", "lz4 -dc", "shop.dump"],
    ["shop.sql.gpg", "8c0d04090302f6f13f6aa0a6b3f4ff", "gpg -d", "shop.sql"],
  ])("what opens %s is the command to type", async (name, bytes, opener, opened) => {
    const path = join(folder, name);
    await Bun.write(path, Buffer.from(bytes, "hex"));
    const words = [path, join(folder, opened)].map((each) =>
      /'/.test(each) ? `'${each.replace("'", "'\\''")}'` : each,
    );
    const hint = `${opener} ${words[0]} > ${words[1]} && pgrove restore ${words[1]}`;
    await expect(detectDump(path)).rejects.toMatchObject({ code: "not_a_dump", hint });
  });

  test("a tar that ends within one of its files is damaged, and no folder in a tar", async () => {
    const whole = tar([toc(), file("3001.dat", Buffer.alloc(4096)), file("restore.sql")]);
    await expect(detect(whole.subarray(0, 2560))).rejects.toMatchObject({ code: "dump_damaged", exit: 1 });
  });

  test("plain SQL that was compressed twice", async () => {
    for (const inner of [gzipSync, zstdCompressSync]) {
      await expect(detect(gzipSync(inner("--\n-- PostgreSQL database dump\n")))).rejects.toMatchObject({
        ...{ code: "dump_wrapped", exit: 1, hint: expect.stringContaining("gunzip -c") },
      });
    }
  });

  test("an archive that was compressed once more", async () => {
    const own = tar([toc(), file("3001.dat"), file("restore.sql")]);
    const wrappings = [gzipSync, zstdCompressSync];
    for (const bytes of wrappings.flatMap((wrap) => [archive, own].map((inner) => wrap(inner)))) {
      await expect(detect(bytes)).rejects.toMatchObject({ code: "dump_wrapped", exit: 1 });
    }
    await expect(detect(gzipSync(own))).rejects.toThrow(/a tar .* gzip/);
  });

  test("a tar around a dump, and what to type", async () => {
    const around = tar([file("backup/app.dump", archive)]);
    const own = tar([toc(), file("3001.dat"), file("restore.sql")]);
    const cases: [string, Uint8Array, string][] = [
      [
        "a b.tar.gz",
        gzipSync(around),
        "mkdir 'D/a b' && tar -z -xf 'D/a b.tar.gz' -C 'D/a b' && pgrove restore 'D/a b/backup/app.dump'",
      ],
      ["x.tgz", gzipSync(around), "mkdir D/x && tar -z -xf D/x.tgz -C D/x && pgrove restore D/x/backup/app.dump"],
      ["y.tar", around, "mkdir D/y && tar -xf D/y.tar -C D/y && pgrove restore D/y/backup/app.dump"],
      ["own.tgz", gzipSync(own), "gunzip -c D/own.tgz > D/own.tar && pgrove restore D/own.tar"],
      ["own.tar.gz", gzipSync(own), "gunzip -c D/own.tar.gz > D/own.tar && pgrove restore D/own.tar"],
      ["app.dump.gz", gzipSync(archive), "gunzip -c D/app.dump.gz > D/app.dump && pgrove restore D/app.dump"],
    ];
    for (const [name, bytes, typed] of cases) {
      const path = join(folder, name);
      await Bun.write(path, bytes);
      const error: unknown = await detectDump(path).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: "dump_wrapped", exit: 1 });
      expect(String(Reflect.get(Object(error), "hint"))).toEndWith(`: ${typed.replaceAll("D/", `${folder}/`)}`);
    }
  });

  test("gzip or zstd of nonsense, or cut off behind the magic number", async () => {
    for (const magic of ["1f8b", "28b52ffd"]) {
      for (const rest of [Buffer.alloc(300, 0xa5), Buffer.alloc(0)]) {
        const error: unknown = await detect(Buffer.concat([Buffer.from(magic, "hex"), rest])).catch((thrown) => thrown);
        expect(error).toMatchObject({ code: "dump_damaged", exit: 1 });
      }
    }
  });

  test("a tar with sizes that lead nowhere or backwards ends", async () => {
    const sizes = ["zzzzzzzzzzz\0", "-0000000777\0", "77777777777\0", Buffer.from("80ffffffffffffffffffffff", "hex")];
    for (const size of sizes) {
      const bytes = tar([{ name: "a", bytes: Buffer.from("x"), size }, toc()]);
      const error: unknown = await detect(bytes).catch((thrown) => thrown);
      expect(["not_a_dump", "dump_damaged"]).toContain(Object(error).code);
    }
  });
});
