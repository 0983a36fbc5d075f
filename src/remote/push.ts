/** Dumps of the store put to a remote. */
import { readFile } from "node:fs/promises";
import { globalsPath, type Manifest, manifestPath } from "../dump/manifest.ts";
import { findFault, proofPath } from "../dump/proof.ts";
import type { StoredDump } from "../dump/store.ts";
import { withStoreOperation } from "../dump/store-operation.ts";
import { failure } from "../errors.ts";
import { pathExists, readTextIfExists } from "../sys/files.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";
import { readWhole } from "./read-whole.ts";
import type { Remote } from "./remote.ts";
import { BESIDE, findRemoteManifest, listRemoteDumps, type RemoteDump } from "./remote-dumps.ts";
import { damaged, occupied, persist } from "./trouble.ts";

export interface PushRequest {
  /** The folder of this machine at the remote. */
  host: string;
  dumps: readonly StoredDump[];
  /** Read all bytes back, too. */
  verify: boolean;
}

export interface Pushed {
  name: string;
  place: string;
  sizeBytes: number;
  /** It was there before. */
  wasThere: boolean;
}

/**
 * Pushes the dumps, each with its manifest behind it. Never overwrites another one. Throws at the first that cannot be pushed: exit 1
 * for one without a manifest or that is damaged, and what the remote's own trouble is.
 */
export async function pushDumps(tools: OperationTools, remote: Remote, request: PushRequest): Promise<Pushed[]> {
  return await withStoreOperation(tools, "dumps-push", async (operation) => {
    const { details } = operation;
    const pushed: Pushed[] = [];
    const there = await findThere(tools, remote, request);
    Object.assign(details, { place: remote.label, pushed: 0, size_bytes: 0 });
    for (const dump of request.dumps) {
      const isSettled = !request.verify && isThere(dump, there.get(dump.name));
      const each = isSettled
        ? pushedAs(remote, dump, request)
        : await pushDump(tools, operation, remote, dump, request);
      pushed.push(each);
      const sent = pushed.filter(({ wasThere }) => !wasThere);
      details.pushed = sent.length;
      details.size_bytes = sent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    }
    return pushed;
  });
}

/** What a push would do. */
export async function planPush(tools: OperationTools, remote: Remote, request: PushRequest): Promise<Pushed[]> {
  const there = await findThere(tools, remote, request);
  return request.dumps.map((dump) => ({
    ...pushedAs(remote, dump, request),
    wasThere: isThere(dump, there.get(dump.name)),
  }));
}

function pushedAs(remote: Remote, { name, sizeBytes }: StoredDump, { host }: PushRequest): Pushed {
  return { name, place: remote.place(`${host}/${name}`), sizeBytes, wasThere: true };
}

async function findThere({ abort }: OperationTools, remote: Remote, { host, dumps }: PushRequest) {
  const names = new Set(dumps.map(({ name }) => name));
  return new Map((await listRemoteDumps(remote, abort, { host, names })).map((dump) => [dump.name, dump]));
}

/** Whether it is there, with all that is known of it. */
function isThere(dump: StoredDump, there: RemoteDump | undefined): boolean {
  const isSame = there !== undefined && there.manifest?.sha256 === dump.manifest?.sha256;
  if (!isSame || there.sizeBytes !== dump.sizeBytes || there.isPinned !== dump.isPinned) return false;
  return saysOnlyOfItself(dump) || JSON.stringify(there.proof) === JSON.stringify(dump.proof);
}

/** That its bytes are damaged says something of the file here, and nothing of what lies elsewhere under the same SHA-256. */
function saysOnlyOfItself({ proof }: StoredDump): boolean {
  return findFault(proof?.results ?? [])?.reason === "damaged";
}

async function pushDump(
  tools: OperationTools,
  { remember }: Operation,
  remote: Remote,
  dump: StoredDump,
  { host, verify }: PushRequest,
): Promise<Pushed> {
  const { abort } = tools;
  const manifest = requireManifest(dump);
  const name = `${host}/${dump.name}`;
  const { sha256, size_bytes: sizeBytes } = manifest;
  const there = await persist(() => findRemoteManifest(remote, name), { abort });
  if (there !== undefined && there.sha256 !== sha256) throw occupied(remote.place(name));
  const found = there === undefined ? undefined : await persist(() => remote.find(name), { abort });
  const wasThere = found?.sizeBytes === sizeBytes;
  if (!wasThere) {
    const file = { path: dump.path, sizeBytes, sha256 };
    const report = (bytes: number) =>
      tools.progress({ phase: "push", subject: dump.name, bytes, totalBytes: sizeBytes });
    await remote.putFile(name, file, { report, remember });
  }
  const { globals } = manifest;
  const roles = {
    path: globalsPath(dump.path, manifest),
    sizeBytes: globals?.size_bytes ?? 0,
    sha256: globals?.sha256 ?? "",
  };
  if (globals !== undefined && (await pathExists(roles.path))) {
    await remote.putFile(globalsPath(name, manifest), roles, { report: () => undefined, remember });
  }
  if (verify) await requireBytes(tools, remote, name, manifest);
  await putBeside(remote, name, dump, abort);
  const text = await readFile(manifestPath(dump.path), "utf8");
  await persist(() => remote.putText(manifestPath(name), text, there !== undefined), { abort });
  await requireThere(remote, name, manifest, abort);
  return { name: dump.name, place: remote.place(name), sizeBytes, wasThere };
}

/** Why a dump cannot be pushed as it is; undefined when it can. */
export function findUnpushable({ manifest, manifestError }: StoredDump): string | undefined {
  if (manifestError !== undefined) return "its manifest is damaged";
  return manifest === undefined ? "without a manifest nobody can tell there whether it is whole" : undefined;
}

function requireManifest(dump: StoredDump): Manifest {
  const { name, path, manifest, sizeBytes } = dump;
  if (manifest === undefined) {
    throw failure("manifest_missing", `${name} is not pushed: ${findUnpushable(dump)}`, `pgrove dumps adopt ${path}`);
  }
  if (sizeBytes === manifest.size_bytes) return manifest;
  throw failure(
    "dump_damaged",
    `the dump is damaged: it has ${sizeBytes} bytes, and ${manifest.size_bytes} were written (${name})`,
    "pgrove dumps verify --all      shows which dumps are whole",
  );
}

/** What was found out of it, and whether it is pinned, are as they are here. */
async function putBeside(remote: Remote, name: string, dump: StoredDump, abort: AbortSignal): Promise<void> {
  for (const beside of BESIDE) {
    if (beside === proofPath && saysOnlyOfItself(dump)) continue;
    const text = await readTextIfExists(beside(dump.path));
    const put = () => (text === undefined ? remote.remove(beside(name)) : remote.putText(beside(name), text, true));
    await persist(put, { abort });
  }
}

async function requireBytes(tools: OperationTools, remote: Remote, name: string, manifest: Manifest): Promise<void> {
  const hash = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  await readWhole(remote, { name, sizeBytes: manifest.size_bytes }, tools.abort, async (piece) => {
    hash.update(piece);
    bytes += piece.length;
    tools.progress({ phase: "verify", subject: manifest.name, bytes, totalBytes: manifest.size_bytes });
  });
  if (hash.digest("hex") === manifest.sha256) return;
  throw damaged(`what lies at ${remote.place(name)} is not what was pushed: its SHA-256 is another one`);
}

/** Asked once more of the remote, when all is there. */
async function requireThere(remote: Remote, name: string, manifest: Manifest, abort: AbortSignal): Promise<void> {
  const object = await persist(() => remote.find(name), { abort });
  const there = await persist(() => findRemoteManifest(remote, name), { abort });
  if (object?.sizeBytes === manifest.size_bytes && there?.sha256 === manifest.sha256) return;
  throw damaged(`${remote.place(name)} is not there as it was pushed`);
}
