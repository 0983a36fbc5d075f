/** pgrove.yaml under a server that runs for days: read again when it was changed. */
import { stat } from "node:fs/promises";
import type { Environment } from "../config/env-vars.ts";
import { type LoadedConfig, loadConfig } from "../config/load-config.ts";

/** Reads the file when it has changed; while it cannot be read, what it said last counts: the commands say what is wrong. */
export function createConfigReader(first: LoadedConfig, environment: Environment): () => Promise<LoadedConfig> {
  let known = { loaded: first, state: "" };
  return async () => {
    const state = await stateOf(first.file);
    if (state === known.state) return known.loaded;
    const loaded = await loadConfig(first.file, { environment }).catch(() => known.loaded);
    known = { loaded, state };
    return loaded;
  };
}

async function stateOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return "missing";
  }
}
