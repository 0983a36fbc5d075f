/**
 * Whether a dump was made by this user's pgrove, or by one that has the same shared key: its manifest is signed then. That
 * says nothing of its being whole, and everything of whose SQL it is.
 */
import { missingError } from "../errors.ts";
import type { OperationTools } from "../sys/operation.ts";
import { ensureSigner, findSigner, type Signer } from "../sys/signature.ts";
import type { Manifest } from "./manifest.ts";

/** Where the keys are. */
export type KeyPlace = Pick<OperationTools, "userKey" | "sharedKey">;

const PURPOSE = "manifest";

/** What is signed: everything that it says. */
function textOf<T extends { signature?: string }>(signed: T): string {
  const text = JSON.stringify(signed);
  // It stands last as it was written, and to cut it off spares a copy of each of thousands.
  const end = `,"signature":${JSON.stringify(signed.signature)}}`;
  if (text.endsWith(end)) return `${text.slice(0, -end.length)}}`;
  const { signature: _, ...document } = signed;
  return JSON.stringify(document);
}

/** The manifest, signed with the shared key where there is one, else with the user's. */
export async function signManifest(manifest: Manifest, keys: KeyPlace): Promise<Manifest> {
  return await signDocument(PURPOSE, manifest, keys);
}

/** The same for whatever else is kept beside a dump. `purpose` keeps one kind from being taken for another. */
export async function signDocument<T extends { signature?: string }>(
  purpose: string,
  document: T,
  keys: KeyPlace,
): Promise<T> {
  const signer =
    keys.sharedKey === undefined ? await ensureSigner(keys.userKey) : await requireSharedKey(keys.sharedKey);
  return { ...document, signature: signer.sign(purpose, textOf(document)) };
}

/**
 * Whose SQL a dump is, as its manifest's signature shows: this user's (`own`), that of somebody who has the shared key
 * (`team`), of somebody else (`foreign`), or nobody says (`unsigned`: no manifest, or one without a signature).
 */
export type Author = "own" | "team" | "foreign" | "unsigned";

/** Whether its SQL is run unasked: it is the user's own, or that of somebody with the shared key. */
export async function isSigned(manifest: Manifest | undefined, keys: KeyPlace): Promise<boolean> {
  if (manifest?.signature === undefined) return false;
  return (await openKeyring(keys)).owns(manifest);
}

/** The keys by which one's own is known. */
export interface Keyring {
  hasSigned(purpose: string, document: { signature?: string }): boolean;
  /** Who has signed the manifest. Whether the dump is the manifest's, its checksum tells. */
  authorOf(manifest: Manifest | undefined): Author;
  /** Whether it is the manifest of a dump of one's own, or of the team's. */
  owns(manifest: Manifest): boolean;
}

/** The keys, read once for many questions. */
export async function openKeyring(keys: KeyPlace): Promise<Keyring> {
  const own = await findSigner(keys.userKey);
  const shared = keys.sharedKey === undefined ? undefined : await requireSharedKey(keys.sharedKey);
  const signedBy = (signer: Signer | undefined, purpose: string, document: { signature?: string }) =>
    signer?.isSigned(purpose, textOf(document), document.signature) === true;
  const authorOf = (manifest: Manifest | undefined): Author => {
    if (manifest?.signature === undefined) return "unsigned";
    if (signedBy(own, PURPOSE, manifest)) return "own";
    return signedBy(shared, PURPOSE, manifest) ? "team" : "foreign";
  };
  return {
    hasSigned: (purpose, document) => [own, shared].some((signer) => signedBy(signer, purpose, document)),
    authorOf,
    owns: (manifest) => ["own", "team"].includes(authorOf(manifest)),
  };
}

async function requireSharedKey(file: string): Promise<Signer> {
  const signer = await findSigner(file);
  if (signer !== undefined) return signer;
  throw missingError(
    "key_missing",
    `the key of dumps.key_file is not there: ${file}`,
    `get it from whoever has it; the first one makes it: (umask 077 && openssl rand -hex 32 > ${file})`,
  );
}
