/** The header of an age file (https://c2sp.org/age): who can read it, and the key that they get of it. Made and opened by the age library. */
import { failure, missingError, type PgroveError } from "../../errors.ts";
import type { DumpKeys, Readers } from "../../sys/dump-keys.ts";
import type { OpenBytes } from "../dump-bytes.ts";

const AGE_MAGIC = "age-encryption.org/v1\n";

/** Headers are some hundred bytes for each reader. */
const MOST_BYTES = 1 << 20;

export interface AgeHeader {
  bytes: Uint8Array;
  fileKey: Uint8Array;
}

/** A header for those readers, with a new file key. */
export async function makeHeader(readers: Readers): Promise<AgeHeader> {
  const [{ Encrypter }, { passphraseRecipient }] = await Promise.all([import("age-encryption"), import("./scrypt.ts")]);
  const encrypter = new Encrypter();
  if ("passphrase" in readers) encrypter.addRecipient(passphraseRecipient(readers.passphrase));
  else for (const recipient of readers.recipients) encrypter.addRecipient(recipient);
  let fileKey = new Uint8Array();
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = new Uint8Array(key); // as a recipient that writes nothing is told it
      return [];
    },
  });
  const EMPTY_PAYLOAD_BYTES = 32;
  const whole = await encrypter.encrypt(new Uint8Array());
  return { bytes: whole.subarray(0, whole.length - EMPTY_PAYLOAD_BYTES), fileKey };
}

/** The header's bytes; undefined for a file that is not encrypted with age. Throws (exit 1) for one that has no end. */
export async function readHeader({ read }: OpenBytes, path: string): Promise<Uint8Array | undefined> {
  const beginning = Buffer.from(await read(0, AGE_MAGIC.length));
  if (beginning.toString("latin1") !== AGE_MAGIC) return undefined;
  const bytes = Buffer.from(await read(0, MOST_BYTES));
  const mac = bytes.indexOf("\n--- ");
  const end = mac < 0 ? -1 : bytes.indexOf("\n", mac + 1);
  if (end < 0) throw damagedAge(path);
  return bytes.subarray(0, end + 1);
}

/** Of whom a header is to be opened. */
export interface LockedDump {
  name: string;
  path: string;
  /** For whom it is, as its manifest says it; undefined where it has none. */
  recipients: readonly string[] | undefined;
}

/**
 * The file key. Throws (exit 4) where no identity or passphrase is there, or it is not the dump's, naming for whom it is, and
 * (exit 1) where the header is damaged.
 */
export async function openHeader(
  header: Uint8Array,
  keys: DumpKeys | undefined,
  dump: LockedDump,
): Promise<Uint8Array> {
  const byPassphrase = kindsIn(header).includes("scrypt");
  const [{ Decrypter }, { passphraseIdentity }] = await Promise.all([import("age-encryption"), import("./scrypt.ts")]);
  const decrypter = new Decrypter();
  if (byPassphrase) {
    const passphrase = await keys?.passphrase(dump.name);
    if (passphrase === undefined)
      throw lacksPassphrase(`${dump.name} is encrypted with a passphrase, and there is none`);
    decrypter.addIdentity(passphraseIdentity(passphrase));
  } else {
    const identities = (await keys?.identities()) ?? [];
    if (identities.length === 0) throw lacksIdentity(dump, header, "and there is no identity to open it with");
    for (const identity of identities) decrypter.addIdentity(identity);
  }
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("no identity matched")))
      throw damagedAge(dump.path, error);
    if (byPassphrase) throw lacksPassphrase(`the passphrase is not that of ${dump.name}`);
    throw lacksIdentity(dump, header, "and none of the identities is theirs");
  }
}

function lacksPassphrase(message: string): PgroveError {
  return missingError(
    "passphrase_wrong",
    message,
    "set dumps.encrypt.passphrase_file in pgrove.yaml, or type it on a terminal",
  );
}

function lacksIdentity({ name, recipients }: LockedDump, header: Uint8Array, why: string): PgroveError {
  const whom = recipients?.length ? recipients : kindsIn(header).map((kind) => `somebody's ${kind} key`);
  return missingError(
    "identity_missing",
    `${name} is encrypted for ${whom.join(", ")}, ${why}`,
    "set PGROVE_AGE_IDENTITY, or dumps.identity_file in pgrove.yaml, to the file of the secret key (age-keygen -y FILE shows whose it is)",
  );
}

/** What age calls the kinds of those who can read it: X25519, scrypt. */
function kindsIn(header: Uint8Array): string[] {
  return [
    ...Buffer.from(header)
      .toString("latin1")
      .matchAll(/^-> (\S+)/gm),
  ].map(([, kind = ""]) => kind);
}

export function damagedAge(path: string, cause?: unknown): PgroveError {
  return failure(
    "dump_damaged",
    `the dump is damaged: its encrypted bytes are not those that were written (${path})`,
    "make it again, or restore an older one: pgrove dumps list",
    cause,
  );
}

/** Who can read a dump, as its manifest says it: each public key as its owner knows it, `age1ql3z7hjy5…ac8p`. */
export function nameReaders(readers: Readers): string[] {
  if ("passphrase" in readers) return ["a passphrase"];
  return readers.recipients.map((recipient) => `${recipient.slice(0, 14)}…${recipient.slice(-6)}`);
}
