/** Passphrases of age files (https://c2sp.org/age#scrypt-recipient-type), by the system's own scrypt: the library's takes four times as long. */
import { randomBytes, scrypt } from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import type { Identity, Recipient } from "age-encryption";
import { Stanza } from "age-encryption";

const LABEL = "age-encryption.org/v1/scrypt";

/** What age itself takes: about a second, and 256 MiB. */
const WORK_FACTOR = 18;
const MOST_WORK = 20;

export function passphraseRecipient(passphrase: string): Recipient {
  return {
    wrapFileKey: async (fileKey) => {
      const salt = randomBytes(16);
      const key = await deriveKey(passphrase, salt, WORK_FACTOR);
      const args = ["scrypt", encode(salt), String(WORK_FACTOR)];
      return [new Stanza(args, chacha20poly1305(key, new Uint8Array(12)).encrypt(fileKey))];
    },
  };
}

/** Throws for a stanza that age does not allow. */
export function passphraseIdentity(passphrase: string): Identity {
  return {
    unwrapFileKey: async (stanzas) => {
      const [stanza] = stanzas;
      const [kind, salt = "", work = ""] = stanza?.args ?? [];
      if (stanza === undefined || kind !== "scrypt" || stanzas.length !== 1) return null;
      const bytes = Buffer.from(salt, "base64");
      const isSound =
        stanza.args.length === 3 && /^[1-9]\d?$/.test(work) && encode(bytes) === salt && bytes.length === 16;
      if (!isSound || stanza.body.length !== 32 || Number(work) > MOST_WORK) throw new Error("invalid scrypt stanza");
      const key = await deriveKey(passphrase, bytes, Number(work));
      try {
        return chacha20poly1305(key, new Uint8Array(12)).decrypt(stanza.body);
      } catch {
        return null;
      }
    },
  };
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

function deriveKey(passphrase: string, salt: Uint8Array, work: number): Promise<Uint8Array> {
  const options = { N: 2 ** work, r: 8, p: 1, maxmem: 2 ** work * 8 * 256 };
  const salted = Buffer.concat([Buffer.from(LABEL), salt]);
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salted, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
