/** What a file is that is no dump, by how it begins, and what makes a dump of it. */
import { ARCHIVE_MAGIC } from "./archive.ts";

/** What a file is that is no dump. */
export interface ForeignFile {
  what: string;
  /** The program that writes what is in it to stdout, where that may be a dump. */
  opener?: string;
}

const packedBy = (name: string, first: string, opener: string): ForeignFile => ({
  ...{ what: `it is compressed with ${name}: decompress it first with ${first}`, opener },
});
const GPG = { what: "it is encrypted with OpenPGP: decrypt it first with gpg -d", opener: "gpg -d" };
const AGE = { what: "it is encrypted with age: decrypt it first with age -d" };
const OPENSSL = {
  ...{
    what: "it is encrypted with openssl: decrypt it first with openssl enc -d",
    opener: "openssl enc -d -CIPHER -in",
  },
};
const UTF16 = {
  what: "it is UTF-16 text, as PowerShell's `>` writes: make it again with pg_dump -f; or, where it is SQL, iconv -f UTF-16 -t UTF-8",
};
const BASE64 = { what: "it is base64: decode it first with base64 -d", opener: "base64 -d" };
const MYSQL = { what: "it is a dump of MySQL or MariaDB" };
const PAGE = { what: "it is a page of the web or the error of a store, as a download without its login leaves it" };

const LZ4 = packedBy("lz4", "lz4 -d", "lz4 -dc");
const BEGINNINGS: readonly [string, ForeignFile][] = [
  ["\x04\x22\x4d\x18", LZ4],
  ["\x02\x21\x4c\x18", LZ4], // lz4 -l
  ["\xfd7zXZ", packedBy("xz", "xz -d", "xz -dc")],
  ["\x5d\0\0", packedBy("lzma", "xz -d", "xz -dc")],
  ["BZh", packedBy("bzip2", "bunzip2", "bunzip2 -c")],
  ["\x1f\x9d", packedBy("compress", "gunzip", "gunzip -c")],
  ["LZIP", packedBy("lzip", "lzip -d", "lzip -dc")],
  ["\x89LZO", packedBy("lzop", "lzop -d", "lzop -dc")],
  ["PK\x03\x04", { what: "it is a zip file: unpack it first", opener: "unzip -p" }],
  ["7z\xbc\xaf\x27\x1c", { what: "it is a 7z file: unpack it first", opener: "7z x -so" }],
  ["Rar!", { what: "it is a RAR file: unpack it first" }],
  ["UEdETV", BASE64],
  ["LS0KLS0g", BASE64],
  ["H4sI", BASE64],
  ["KLUv/", BASE64],
  ["SQLite format 3", { what: "it is an SQLite database" }],
  ["age-encryption.org", AGE],
  ["-----BEGIN AGE ENCRYPTED", AGE],
  ["-----BEGIN PGP MESSAGE", GPG],
  ["Salted__", OPENSSL],
  ["U2FsdGVkX1", OPENSSL],
  ["-----BEGIN PKCS7", { what: "it is encrypted with openssl: decrypt it first with openssl smime -decrypt" }],
  ["-----BEGIN CMS", { what: "it is encrypted with openssl: decrypt it first with openssl cms -decrypt" }],
  ["\xff\xfe", UTF16],
  ["\xfe\xff", UTF16],
  ["-\0-\0", UTF16],
  ["\0-\0-", UTF16],
  ["-- MySQL dump", MYSQL],
  ["-- MariaDB dump", MYSQL],
  ["/*!", MYSQL],
  ["/*M!", MYSQL],
  ["version https://git-lfs", { what: "it is only a pointer of git-lfs: git lfs pull" }],
];
const PAGES = ["<!doctype", "<html", "<?xml", "<error", "{"];
const ARCHIVE_LATER = {
  what: "it is an archive behind something else, such as what a program has said first: make it again without that (no 2>&1, no -t)",
};

/** The file's kind and the way out, by its first bytes; undefined where they are of no kind that is known here. */
export function findForeign(head: Uint8Array): ForeignFile | undefined {
  const text = Buffer.from(head.subarray(0, 64)).toString("latin1");
  const found = BEGINNINGS.find(([beginning]) => text.startsWith(beginning));
  if (found !== undefined) return found[1];
  if (isOpenPgp(head)) return GPG;
  if (Buffer.from(head).indexOf(`${ARCHIVE_MAGIC}\x01`, 1, "latin1") > 0) return ARCHIVE_LATER;
  const page = text.trimStart().toLowerCase();
  return PAGES.some((beginning) => page.startsWith(beginning)) ? PAGE : undefined;
}

const BY_PUBLIC_KEY = { tag: 1, versions: [3, 6] };
const BY_PASSWORD = { tag: 3, versions: [4, 5, 6] };

/** Begins with a session key that a public key or a password protects. https://www.rfc-editor.org/rfc/rfc9580#section-4.2 */
function isOpenPgp(head: Uint8Array): boolean {
  const [first = 0, length = 0] = head;
  if ((first & 0x80) === 0) return false;
  const isNew = (first & 0x40) !== 0;
  const tag = isNew ? first & 0x3f : (first & 0x3c) >> 2;
  const lengthBytes = isNew ? (length < 192 ? 1 : 2) : 1 << (first & 3);
  const version = head[1 + lengthBytes] ?? 0;
  return [BY_PUBLIC_KEY, BY_PASSWORD].some((packet) => packet.tag === tag && packet.versions.includes(version));
}
