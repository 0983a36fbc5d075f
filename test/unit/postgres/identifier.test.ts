import { describe, expect, test } from "bun:test";
import {
  databaseArgument,
  nameWithSuffix,
  quoteIdentifier,
  quoteLiteral,
  requireDatabaseName,
} from "../../../src/postgres/identifier.ts";

test("identifiers and literals are quoted, and NUL is refused", () => {
  expect(quoteIdentifier('a"b; DROP')).toBe('"a""b; DROP"');
  expect(quoteLiteral("it's")).toBe("'it''s'");
  expect(quoteLiteral("a\\'b")).toBe(" E'a\\\\''b'");
  expect(() => quoteIdentifier("a\0b")).toThrow("NUL");
  expect(() => quoteLiteral("a\0b")).toThrow("NUL");
});

test("a database's name never becomes a connection string", () => {
  expect(databaseArgument("host=evil")).toBe("dbname='host=evil'");
  expect(databaseArgument("it's \\ odd")).toBe("dbname='it\\'s \\\\ odd'");
});

test("names are bounded in bytes, not characters", () => {
  expect(requireDatabaseName("ä".repeat(31))).toBe("ä".repeat(31));
  expect(() => requireDatabaseName("ä".repeat(32))).toThrow("64 bytes");
  expect(() => requireDatabaseName("")).toThrow("empty");
});

describe("a name with a suffix", () => {
  test("stays as it is when it fits", () => {
    expect(nameWithSuffix("onyx", "_scratch")).toBe("onyx_scratch");
  });

  test("is the same in every version: its hash is the beginning of a SHA-256", () => {
    // printf aaa… | sha256sum
    expect(nameWithSuffix("a".repeat(64), "_s")).toBe(`${"a".repeat(52)}_ffe054fe_s`);
  });

  test("is cut between characters, and two long names stay two", () => {
    const [one, two] = [nameWithSuffix(`${"ä".repeat(31)}x`, "_s"), nameWithSuffix(`${"ä".repeat(31)}y`, "_s")];
    expect(one).not.toBe(two);
    for (const name of [one, two]) {
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
      expect(name).toEndWith("_s");
      expect(name).not.toContain("�");
    }
  });
});
