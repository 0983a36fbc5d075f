/** The dumps that lie at a remote. One counts once its manifest is there, which comes last: half a dump is none. */
import { createHash } from "node:crypto";
import { globalsPath, type Manifest, manifestPath, parseManifest } from "../dump/manifest.ts";
import { pinPath } from "../dump/pin.ts";
import { parseProof, proofPath } from "../dump/proof.ts";
import type { DumpPlace } from "../dump/prune.ts";
import { createdAt, isDumpName, type StoredDump, sourceOf } from "../dump/store.ts";
import { missingError, refusal, usageError } from "../errors.ts";
import type { Remote, RemoteObject } from "./remote.ts";
import { persist } from "./trouble.ts";

export interface RemoteDump extends StoredDump {
  /** The machine that pushed it. */
  host: string;
  object: RemoteObject;
}

/** What lies beside a dump, in the order in which it is put there. */
export const BESIDE = [proofPath, pinPath] as const;

/**
 * The dumps at the remote, newest first: of one machine, or of all; of those names, or of any. What is said of a dump is a
 * request for each, so who knows which are meant names them.
 */
export async function listRemoteDumps(
  remote: Remote,
  abort: AbortSignal,
  { host, names }: { host?: string; names?: ReadonlySet<string> } = {},
): Promise<RemoteDump[]> {
  const objects = (await persist(() => remote.list(), { abort })).filter(
    ({ name }) => host === undefined || name.startsWith(`${host}/`),
  );
  const there = new Set(objects.map(({ name }) => name));
  const dumps = objects.filter(
    ({ name }) =>
      isDumpName(fileOf(name)) && there.has(manifestPath(name)) && (names === undefined || names.has(fileOf(name))),
  );
  const wanted = dumps.flatMap(({ name }) => [manifestPath(name), proofPath(name)]).filter((name) => there.has(name));
  const texts = await persist(() => remote.readTexts(wanted), { abort });
  return dumps
    .map((object) => describe(remote, object, texts, there))
    .filter((dump) => dump !== undefined)
    .sort((a, b) => createdAt(b) - createdAt(a) || (a.path < b.path ? 1 : -1));
}

/** The SHA-256 of each of this machine's dumps there that is as long as it was written. */
export async function listWhole(remote: Remote, host: string, abort: AbortSignal): Promise<Set<string>> {
  const dumps = await listRemoteDumps(remote, abort, { host });
  return new Set(
    dumps.flatMap(({ manifest, sizeBytes }) => (manifest?.size_bytes === sizeBytes ? [manifest.sha256] : [])),
  );
}

function describe(
  remote: Remote,
  object: RemoteObject,
  texts: ReadonlyMap<string, string>,
  there: ReadonlySet<string>,
): RemoteDump | undefined {
  const { name, sizeBytes, modifiedAt, tag } = object;
  const text = texts.get(manifestPath(name));
  if (text === undefined) return undefined; // removed since it was listed
  const manifest = parseManifest(text);
  const proof = parseProof(texts.get(proofPath(name)));
  return {
    ...{ name: fileOf(name), path: remote.place(name), sizeBytes, modifiedAt, host: hostOf(name), object },
    ...{ isPinned: there.has(pinPath(name)), identity: identify(tag, text) },
    ...(manifest === undefined ? { manifestError: "its manifest is damaged" } : { manifest }),
    ...(proof === undefined ? {} : { proof }),
  };
}

function identify(tag: string, manifestText: string | undefined): string {
  return `${tag} ${createHash("sha256")
    .update(manifestText ?? "")
    .digest("hex")}`;
}

function fileOf(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

function hostOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
}

/** `NAME`, with the machine before it where that is another one. */
export function shownName({ host, name }: RemoteDump, own: string): string {
  return host === own ? name : `${host}/${name}`;
}

/**
 * The dump that is meant: `NAME` of this machine, `HOST/NAME`, or the NAME that only one machine has. Throws (exit 4) when there
 * is none, and (exit 2) when it could be several.
 */
export function requireRemoteDump(dumps: readonly RemoteDump[], text: string, own: string, label: string): RemoteDump {
  const exact = dumps.find((dump) => shownName(dump, own) === text || `${dump.host}/${dump.name}` === text);
  if (exact !== undefined) return exact;
  const meant = dumps.filter(({ name }) => name === text);
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only;
  if (meant.length > 1) {
    throw usageError(`${text} could be ${meant.length} dumps: ${meant.map((dump) => shownName(dump, own)).join(", ")}`);
  }
  throw missingError("dump_missing", `there is no dump ${text} at ${label}`, "pgrove dumps list --remote");
}

/** The newest dump of this machine, or of a source; where it has none, of any machine. Throws (exit 4) when there is none. */
export function requireLatestRemote(
  dumps: readonly RemoteDump[],
  source: string | undefined,
  own: string,
  label: string,
): RemoteDump {
  const of = dumps.filter((dump) => source === undefined || sourceOf(dump) === source);
  const found = of.find(({ host }) => host === own) ?? of[0];
  if (found !== undefined) return found;
  const what = source === undefined ? "there is no dump" : `there is no dump of ${source}`;
  throw missingError("dump_missing", `${what} at ${label}`, "pgrove dumps push");
}

/** The manifest that lies there of a dump, with or without that. Throws (exit 5) when it cannot be read. */
export async function findRemoteManifest(remote: Remote, name: string): Promise<Manifest | undefined> {
  const text = (await remote.readTexts([manifestPath(name)])).get(manifestPath(name));
  if (text === undefined) return undefined;
  const manifest = parseManifest(text);
  if (manifest !== undefined) return manifest;
  throw refusal(
    "manifest_damaged",
    `the manifest at ${remote.place(manifestPath(name))} is damaged`,
    "look at it, and move it away; then try again",
  );
}

/** This machine's dumps at the remote, as a place whose dumps a rule keeps or lets go. */
export function placeOf(remote: Remote, host: string, abort: AbortSignal): DumpPlace {
  return {
    label: remote.label,
    list: () => listRemoteDumps(remote, abort, { host }),
    remove: (dump) => persist(() => removeRemoteDump(remote, `${host}/${dump.name}`, dump), { abort }),
  };
}

/** The manifest goes last, so that what is cut short can be seen, and is not taken for a dump. */
async function removeRemoteDump(remote: Remote, name: string, listed: StoredDump): Promise<void> {
  const object = await remote.find(name);
  if (object !== undefined) {
    const [manifestName, pin] = [manifestPath(name), pinPath(name)];
    const texts = await remote.readTexts([manifestName, pin]);
    const isAsListed = identify(object.tag, texts.get(manifestName)) === listed.identity;
    const isPinnedSince = !listed.isPinned && texts.has(pin);
    if (!isAsListed || isPinnedSince) {
      throw refusal(
        "dump_changed",
        `${listed.name} is not what it was when it was listed, and was not removed at ${remote.label}`,
        "pgrove dumps list --remote",
      );
    }
    await remote.remove(name);
  }
  await remote.remove(globalsPath(name, listed.manifest));
  for (const beside of [...BESIDE, manifestPath]) await remote.remove(beside(name));
}
