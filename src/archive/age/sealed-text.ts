/** A text that only those read who can read the dump that it is about: under a key made of that file's key. */
import { hkdfSync, randomBytes } from "node:crypto";
import { loadCipher } from "./cipher.ts";

const SALT_BYTES = 16;
const ONCE = new Uint8Array(12); // the key is used for one text

export async function sealText(fileKey: Uint8Array, text: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const sealed = (await loadCipher()).seal(keyOf(fileKey, salt), ONCE, new TextEncoder().encode(text));
  return Buffer.concat([salt, sealed]).toString("base64");
}

/** Throws where the text is not of that file. */
export async function openText(fileKey: Uint8Array, sealed: string): Promise<string> {
  const bytes = Buffer.from(sealed, "base64");
  const [salt, text] = [bytes.subarray(0, SALT_BYTES), bytes.subarray(SALT_BYTES)];
  return new TextDecoder().decode((await loadCipher()).open(keyOf(fileKey, salt), ONCE, text));
}

function keyOf(fileKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", fileKey, salt, "pgrove: names in a manifest", 32));
}
