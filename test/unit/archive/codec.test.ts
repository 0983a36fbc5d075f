import { describe, expect, test } from "bun:test";
import {
  type CodecName,
  chooseCodec,
  compressArgument,
  type DumpFormat,
  extensionOf,
  formatOfFileName,
  parseCodec,
  requireCodec,
} from "../../../src/archive/codec.ts";

const usage = expect.objectContaining({ code: "usage", exit: 2 });

describe("parseCodec", () => {
  test.each([
    ["zstd", { name: "zstd" }],
    ["zstd:19", { name: "zstd", level: 19 }],
    ["zstd:-7", { name: "zstd", level: -7 }],
    ["lz4:1", { name: "lz4", level: 1 }],
    ["gzip:9", { name: "gzip", level: 9 }],
    ["none", { name: "none" }],
  ])("%s", (text, codec) => {
    expect(parseCodec(text)).toEqual(codec as ReturnType<typeof parseCodec>);
  });

  test.each(["", "zst", "ZSTD", "gzip:0", "gzip:10", "zstd:23", "zstd:-8", "zstd:", "zstd:1.5", "zstd: 3", "lz4:1e1"])(
    "%p is refused",
    (text) => expect(() => parseCodec(text)).toThrow(usage),
  );
  test.each(["none:1", "gzip:3:4", "zstd:3,long", ":3"])("%p is refused", (text) => {
    expect(() => parseCodec(text)).toThrow(usage);
  });
});

test("the best codec is what the version of pg_dump has", () => {
  expect([13, 15, 16, 18].map((major) => chooseCodec(major).name)).toEqual(["gzip", "gzip", "zstd", "zstd"]);
});

describe("requireCodec", () => {
  test.each<[CodecName, DumpFormat, number, boolean]>([
    ["zstd", "custom", 15, false],
    ["lz4", "directory", 15, false],
    ["lz4", "sql", 17, false],
    ["lz4", "custom", 17, true],
    ["zstd", "sql", 16, true],
    ["gzip", "sql", 13, true],
    ["none", "directory", 13, true],
  ])("%s in %s by pg_dump %d: %p", (name, format, major, possible) => {
    const codec = { name };
    if (possible) expect(requireCodec(codec, format, major)).toBe(codec);
    else expect(() => requireCodec(codec, format, major)).toThrow(usage);
  });
});

test.each([
  [{ name: "none" as const }, 17, "--compress=0"],
  [{ name: "gzip" as const }, 15, "--compress=1"],
  [{ name: "gzip" as const, level: 7 }, 15, "--compress=7"],
  [{ name: "gzip" as const, level: 7 }, 17, "--compress=gzip:7"],
  [{ name: "zstd" as const }, 17, "--compress=zstd:1"],
  [{ name: "zstd" as const, level: -3 }, 17, "--compress=zstd:-3"],
  [{ name: "lz4" as const }, 17, "--compress=lz4"],
])("pg_dump's argument %#", (codec, major, argument) => {
  expect(compressArgument(codec, major)).toBe(argument);
});

test("a file's ending and what it says agree", () => {
  const endings = (["zstd", "gzip", "none"] as const).map((name) => extensionOf("sql", { name }));
  expect(endings).toEqual(["sql.zst", "sql.gz", "sql"]);
  for (const [index, name] of (["zstd", "gzip", "none"] as const).entries()) {
    expect(formatOfFileName(`/some.dir/x.${endings[index]}`)).toEqual({ format: "sql", codec: { name } });
  }
  expect(extensionOf("custom", { name: "lz4" })).toBe("dump");
  expect(formatOfFileName(`x.${extensionOf("directory", { name: "zstd" })}`)).toEqual({ format: "directory" });
  for (const silent of ["x.dump", "x", "sql", "x.sql.bz2", "x.sql/y"]) expect(formatOfFileName(silent)).toBeUndefined();
  expect(formatOfFileName("X.SQL.GZ")).toEqual({ format: "sql", codec: { name: "gzip" } });
});
