import { createHash } from "node:crypto";
import { usageError } from "../errors.ts";

/** PostgreSQL keeps 63 bytes of a name and cuts the rest silently. */
export const MAX_NAME_BYTES = 63;

/** A name as an SQL identifier. The one function that quotes identifiers. Throws on NUL, which no name can hold. */
export function quoteIdentifier(name: string): string {
  if (name.includes("\0")) throw usageError("a name holds a NUL byte, which PostgreSQL does not allow");
  return `"${name.replaceAll('"', '""')}"`;
}

/** Text as an SQL string literal, safe whatever standard_conforming_strings says. */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) throw usageError("a text holds a NUL byte, which PostgreSQL does not allow");
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/**
 * `dbname='…'` for libpq: a bare name that contains `=` or begins with `postgres://` would be read as a connection
 * string. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
 */
export function databaseArgument(name: string): string {
  return `dbname='${name.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** Throws (exit 2) when a database name is empty, too long for PostgreSQL, or holds a NUL byte. */
export function requireDatabaseName(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (name === "") throw usageError("the database's name is empty");
  if (name.includes("\0")) throw usageError("the database's name holds a NUL byte");
  if (bytes > MAX_NAME_BYTES) {
    throw usageError(
      `the database's name is ${bytes} bytes long: ${name}`,
      `PostgreSQL keeps ${MAX_NAME_BYTES} bytes and cuts the rest silently; choose a shorter name`,
    );
  }
  return name;
}

/**
 * `name` + `suffix` within 63 bytes; a base that has to be cut gets a hash of the whole, so that two long names never
 * become one. Cuts between characters. The hash is one that is the same in every version: the name stays for long.
 */
export function nameWithSuffix(name: string, suffix: string): string {
  return cutName(name, suffix, shortHash);
}

/** The name that earlier versions gave, where it is another one. */
export function formerNameWithSuffix(name: string, suffix: string): string {
  return cutName(name, suffix, formerHash);
}

/** Eight characters that tell a text from others, for names. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
}

/** That of earlier versions. */
function formerHash(text: string): string {
  return Bun.hash(text).toString(36).slice(0, HASH_LENGTH);
}

const HASH_LENGTH = 8;

function cutName(name: string, suffix: string, hashOf: (text: string) => string): string {
  const whole = name + suffix;
  if (Buffer.byteLength(whole) <= MAX_NAME_BYTES) return whole;
  const hash = hashOf(name);
  const room = MAX_NAME_BYTES - Buffer.byteLength(suffix) - hash.length - 1;
  let kept = "";
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > room) break;
    kept += character;
  }
  return `${kept}_${hash}${suffix}`;
}
