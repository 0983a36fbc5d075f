/**
 * Whether a dump was made by this user's pgrove, or by one that has the same shared key: its manifest is signed then. That
 * says nothing of its being whole, and everything of whose SQL it is.
 */
import { missingError } from "../errors.ts";
import type { OperationTools } from "../sys/operation.ts";
import { ensureSigner, findSigner, type Signer } from "../sys/signature.ts";
import type { Manifest } from "./manifest.ts";
import type { StoredDump } from "./store.ts";

/** Where the keys are. */
export type KeyPlace = Pick<OperationTools, "userKey" | "sharedKey">;

const PURPOSE = "manifest";

/** What is signed: everything that the manifest says. */
function textOf({ signature: _, ...manifest }: Manifest): string {
  return JSON.stringify(manifest);
}

/** The manifest, signed with the shared key where there is one, else with the user's. */
export async function signManifest(manifest: Manifest, keys: KeyPlace): Promise<Manifest> {
  const signer =
    keys.sharedKey === undefined ? await ensureSigner(keys.userKey) : await requireSharedKey(keys.sharedKey);
  return { ...manifest, signature: signer.sign(PURPOSE, textOf(manifest)) };
}

/**
 * Whose SQL a dump is, as its manifest's signature shows: this user's (`own`), that of somebody who has the shared key
 * (`team`), of somebody else (`foreign`), or nobody says (`unsigned`: no manifest, or one without a signature).
 */
export type Author = "own" | "team" | "foreign" | "unsigned";

/** Who has signed the manifest. Whether the dump is the manifest's, its checksum tells. */
export async function findAuthor(manifest: Manifest | undefined, keys: KeyPlace): Promise<Author> {
  if (manifest?.signature === undefined) return "unsigned";
  const own = await findSigner(keys.userKey);
  const shared = keys.sharedKey === undefined ? undefined : await requireSharedKey(keys.sharedKey);
  const signedBy = (signer: Signer | undefined) => signer?.isSigned(PURPOSE, textOf(manifest), manifest.signature);
  if (signedBy(own)) return "own";
  return signedBy(shared) ? "team" : "foreign";
}

/** Whether its SQL is run unasked: it is the user's own, or that of somebody with the shared key. */
export async function isSigned(manifest: Manifest | undefined, keys: KeyPlace): Promise<boolean> {
  const author = await findAuthor(manifest, keys);
  return author === "own" || author === "team";
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

/** A dump that wants consent: somebody else has made it, or a part of it is made by an administrator. */
export interface DoubtfulDump {
  dump: StoredDump;
  /** Somebody else has made it. */
  isForeign: boolean;
  /** What the administrator would make of it: `extension postgis`, `event trigger audit`. */
  elevated: readonly string[];
  /** As whom its SQL will be run, where that is known already. */
  login?: string;
  /** Then it may run programs, and read files, on the server's machine. */
  isSuperuser: boolean;
}
