/** A store with dumps of a user, and what pushes and pulls work with: for the tests of each kind of remote. */
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signManifest } from "../../../src/dump/authorship.ts";
import { type Manifest, writeManifest } from "../../../src/dump/manifest.ts";
import { listDumps, type StoredDump } from "../../../src/dump/store.ts";
import type { OperationTools } from "../../../src/sys/operation.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { sampleManifest } from "../manifest.ts";

export const NOW = new Date("2026-01-31T12:00:00Z");
const HOUR_MS = 3_600_000;

export interface Store {
  root: string;
  folder: string;
  tools: OperationTools;
  notes: string[];
  /** Aborts what goes on, as Ctrl-C does. */
  interrupt(): void;
  put(name: string, bytes: Uint8Array, hours?: number, values?: Partial<Manifest>): Promise<StoredDump>;
  find(name: string): Promise<StoredDump>;
  remove(): Promise<void>;
}

/** A store of its own below the temporary folder. */
export async function makeStore(clock = { now: () => NOW }): Promise<Store> {
  const root = await mkdtemp(join(tmpdir(), "pgrove-remote-"));
  const folder = join(root, "store");
  const notes: string[] = [];
  const stop = new AbortController();
  const tools: OperationTools = {
    ...{ runner: systemRunner, clock, stateDir: join(root, "state"), userKey: join(root, "user.key") },
    ...{ abort: stop.signal, progress: () => undefined, note: (text) => void notes.push(text) },
  };
  const find = async (name: string) => {
    const dump = (await listDumps(folder)).find((each) => each.name === name);
    if (dump === undefined) throw new Error(`no ${name}`);
    return dump;
  };
  return {
    ...{ root, folder, tools, notes, find },
    interrupt: () => stop.abort(new Error("interrupted")),
    put: async (name, bytes, hours = 1, values = {}) => {
      await Bun.write(join(folder, ".keep"), "");
      await writeFile(join(folder, name), bytes);
      const manifest = sampleManifest({
        ...{ name, size_bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
        created_at: new Date(NOW.getTime() - hours * HOUR_MS).toISOString(),
        tables: [{ schema: "public", name: "t", rows: 1, exact: true, bytes: 1 }],
        ...values,
      });
      await writeManifest(join(folder, name), await signManifest(manifest, tools));
      return await find(name);
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** So many bytes that do not repeat, the same for the same seed. */
export function bytesOf(count: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(count);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < count; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}
