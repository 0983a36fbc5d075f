/** A text that only those read who can read the dump that it is about: under a key made of that file's key. */
import { hkdfSync, randomBytes } from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";

const SALT_BYTES = 16;
const ONCE = new Uint8Array(12); // the key is used for one text

export function sealText(fileKey: Uint8Array, text: string): string {
  const salt = randomBytes(SALT_BYTES);
  const sealed = chacha20poly1305(keyOf(fileKey, salt), ONCE).encrypt(new TextEncoder().encode(text));
  return Buffer.concat([salt, sealed]).toString("base64");
}

/** Throws where the text is not of that file. */
export function openText(fileKey: Uint8Array, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64");
  const [salt, text] = [bytes.subarray(0, SALT_BYTES), bytes.subarray(SALT_BYTES)];
  return new TextDecoder().decode(chacha20poly1305(keyOf(fileKey, salt), ONCE).decrypt(text));
}

function keyOf(fileKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", fileKey, salt, "pgrove: names in a manifest", 32));
}
