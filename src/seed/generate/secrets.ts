/** SSH keys with true fingerprints, and texts of the shape of password hashes. Nothing here opens anything. */
import * as v from "valibot";
import type { ByteSink } from "../entity.ts";
import { appendBytes, appendNull, appendText, encodeCopyText } from "./copy-text.ts";
import { drawBelow, drawBits, mixKeys } from "./mix.ts";
import { type CellSite, defineGenerator, type GeneratorDefinition, NO_OPTIONS } from "./site.ts";
import { appendWord, createWordTable } from "./word-table.ts";

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** bcrypt's own order of the same letters. */
const BCRYPT64 = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Bytes of an Ed25519 key's blob: two strings, each behind its length (RFC 8709, section 4). */
const KEY_TYPE = "ssh-ed25519";
const PUBLIC_KEY_BYTES = 32;

function makeKeyBlob(key: number, row: number): Buffer {
  const blob = Buffer.alloc(4 + KEY_TYPE.length + 4 + PUBLIC_KEY_BYTES);
  blob.writeUInt32BE(KEY_TYPE.length, 0);
  blob.write(KEY_TYPE, 4, "latin1");
  blob.writeUInt32BE(PUBLIC_KEY_BYTES, 4 + KEY_TYPE.length);
  const start = blob.length - PUBLIC_KEY_BYTES;
  for (let word = 0; word < PUBLIC_KEY_BYTES / 4; word++) {
    blob.writeUInt32BE(drawBits(word === 0 ? key : mixKeys(key, word), row), start + word * 4);
  }
  return blob;
}

/** What `ssh-keygen -lf` shows of a public key: SHA-256 of its blob, base64 without padding. */
function fingerprintOf(publicKey: string): string | undefined {
  const [, blob] = publicKey.trim().split(/\s+/);
  if (blob === undefined) return undefined;
  const digest = new Bun.CryptoHasher("sha256").update(Buffer.from(blob, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** Writes random letters of an alphabet of 64, in which the last one may have fewer choices. */
function appendLetters(out: ByteSink, alphabet: Uint8Array, count: number, key: number, row: number): void {
  out.room(count);
  for (let letter = 0; letter < count; letter += 5) {
    let bits = drawBits(letter === 0 ? key : mixKeys(key, letter), row);
    for (let at = letter; at < Math.min(count, letter + 5); at++) {
      out.bytes[out.length++] = alphabet[bits & 63] ?? 65;
      bits >>>= 6;
    }
  }
}

interface HashShape {
  name: string;
  about: string;
  /** What stands before the salt. */
  prefix: string;
  alphabet: string;
  /** Letters, and those that the last one of them can be. */
  parts: readonly { letters: number; last: string; separator: string }[];
}

const ARGON2: HashShape = {
  name: "argon2_hash",
  about: "texts of the shape of an argon2id hash; no password has them",
  prefix: "$argon2id$v=19$m=65536,t=3,p=4$",
  alphabet: BASE64,
  // 16 bytes of salt and 32 of hash: the last letter holds two and four bits.
  parts: [
    { letters: 22, last: "AQgw", separator: "$" },
    { letters: 43, last: "AEIMQUYcgkosw048", separator: "" },
  ],
};

const BCRYPT: HashShape = {
  name: "bcrypt_hash",
  about: "texts of the shape of a bcrypt hash; no password has them",
  prefix: "$2b$12$",
  alphabet: BCRYPT64,
  parts: [
    { letters: 22, last: ".Oeu", separator: "" },
    { letters: 31, last: ".CGKOSWaeimquy26", separator: "" },
  ],
};

function defineHash({ name, about, prefix, alphabet, parts }: HashShape): GeneratorDefinition {
  return defineGenerator({
    ...{ name, about, options: NO_OPTIONS },
    compile(_, site: CellSite) {
      const start = encodeCopyText(prefix);
      const letters = encodeCopyText(alphabet);
      const compiled = parts.map((part, index) => ({
        letters: part.letters - 1,
        last: createWordTable(part.last.split("")),
        separator: encodeCopyText(part.separator),
        key: index === 0 ? site.key : mixKeys(site.key, 100 + index),
      }));
      return {
        write(row, out) {
          appendBytes(out, start);
          for (const part of compiled) {
            appendLetters(out, letters, part.letters, part.key, row);
            appendWord(out, part.last, drawBelow(mixKeys(part.key, 99), row, part.last.count));
            appendBytes(out, part.separator);
          }
        },
      };
    },
  });
}

export const SECRETS: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "ssh_public_key",
    about: "an Ed25519 public key as in authorized_keys; nobody has the private one",
    options: v.strictObject({ comment: v.optional(v.string()) }),
    compile({ comment }, site) {
      const ending = comment === undefined ? "" : ` ${comment}`;
      return {
        write: (row, out) => appendText(out, `${KEY_TYPE} ${makeKeyBlob(site.key, row).toString("base64")}${ending}`),
      };
    },
  }),
  defineGenerator({
    name: "ssh_fingerprint",
    about: "the SHA-256 fingerprint of the public key in the field that `of` names",
    options: v.strictObject({ of: v.string() }),
    shorthand: "of",
    compile({ of }, site) {
      const publicKey = site.fieldText(of);
      return {
        write(row, out) {
          const key = publicKey(row);
          if (key === null) {
            appendNull(out);
            return;
          }
          const fingerprint = fingerprintOf(key);
          if (fingerprint === undefined)
            throw site.mistake(`${of} is no public key: ${key}`, "make it with ssh_public_key");
          appendText(out, fingerprint);
        },
      };
    },
  }),
  defineHash(ARGON2),
  defineHash(BCRYPT),
];
