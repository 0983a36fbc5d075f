/**
 * What pgrove wrote itself, as this user, is known by a signature: whoever else may write into a repository's `.git` folder,
 * or hands out an archive with one, does not have the user's key, which lies outside of every repository.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { failure } from "../errors.ts";
import { ensureDir, errorCode, publishFile, readTextIfExists, temporaryPathFor, writeFileAtomic } from "./files.ts";

const KEY_FORM = /^[a-f0-9]{64}$/;

/** A key, as what it signs and checks. `purpose` keeps a signature of one kind of thing from serving for another. */
export interface Signer {
  sign(purpose: string, text: string): string;
  isSigned(purpose: string, text: string, signature: unknown): boolean;
}

/** The signer of the key that the file holds; undefined where there is none, and so nothing that it has signed. */
export async function findSigner(file: string): Promise<Signer | undefined> {
  const key = (await readKey(file))?.trim();
  if (key === undefined) return undefined;
  if (!KEY_FORM.test(key)) {
    throw failure(
      "key_damaged",
      `the key that pgrove signs with is damaged: ${file}`,
      `rm ${file}      a new one is made`,
    );
  }
  return signerOf(Buffer.from(key, "hex"));
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    return await readTextIfExists(file);
  } catch (error) {
    const what = `the key that pgrove signs with cannot be read: ${file} (${errorCode(error) ?? error})`;
    throw failure("key_unreadable", what, "it has to belong to you");
  }
}

/** The same; the key is made where there is none. Of two runs that make it at once both get the same. */
export async function ensureSigner(file: string): Promise<Signer> {
  const found = await findSigner(file);
  if (found !== undefined) return found;
  const whole = temporaryPathFor(file);
  try {
    await ensureDir(dirname(file));
    await writeFileAtomic(whole, `${randomBytes(32).toString("hex")}\n`);
    if (!(await publishFile(whole, file))) await rm(whole, { force: true });
  } catch (error) {
    throw failure(
      "key_unwritable",
      `pgrove cannot keep the key that it signs with: ${file} (${errorCode(error) ?? error})`,
    );
  }
  const made = await findSigner(file);
  if (made === undefined) throw failure("key_unwritable", `the key that pgrove signs with was removed: ${file}`);
  return made;
}

function signerOf(key: Buffer): Signer {
  // Bun's own is several times as fast as node's, which counts where there are thousands of manifests.
  const digest = (purpose: string, text: string) =>
    new Bun.CryptoHasher("sha256", key).update(JSON.stringify([purpose, text])).digest();
  return {
    sign: (purpose, text) => digest(purpose, text).toString("hex"),
    isSigned: (purpose, text, signature) => {
      if (typeof signature !== "string" || !KEY_FORM.test(signature)) return false;
      return timingSafeEqual(digest(purpose, text), Buffer.from(signature, "hex"));
    },
  };
}
