/**
 * ChaCha20-Poly1305 by libsodium. Neither node:crypto nor WebCrypto has it in Bun, and that of the age library, which is plain
 * JavaScript, takes three times as long. Loaded when something is encrypted, or is to be decrypted.
 */
import { once } from "../../sys/once.ts";

export interface Cipher {
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array;
  /** Throws where the bytes are not those that were sealed with that key and nonce. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array;
}

export const loadCipher = once(async (): Promise<Cipher> => {
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  return {
    seal: (key, nonce, plain) => sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, null, null, nonce, key),
    open: (key, nonce, sealed) => sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, null, nonce, key),
  };
});
