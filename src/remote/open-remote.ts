/** Opens a remote of pgrove.yaml. Each kind is loaded only where it is used. */
import { resolve } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import { REMOTE_KINDS, type RemoteConfig, type RemoteKind } from "../config/schema-remote.ts";
import { usageError } from "../errors.ts";
import { folderName } from "../repo/store-dir.ts";
import { expandHome } from "../sys/files.ts";
import type { Remote, RemoteTools } from "./remote.ts";

export interface RemoteSpot extends RemoteTools {
  project: string;
  environment: Environment;
  home: string;
  /** What a relative folder is relative to: that of pgrove.yaml. */
  baseDir: string;
  /** Where is written down which folders were used. */
  usedFolder: string;
}

/** The remotes that are meant: the named one, or all. Throws (exit 2) when there is none of that name. */
export function chooseKinds(config: RemoteConfig, named: string | undefined): RemoteKind[] {
  const there = REMOTE_KINDS.filter((kind) => config[kind] !== undefined);
  if (named === undefined) return there;
  const found = there.find((kind) => kind === named);
  if (found !== undefined) return [found];
  throw usageError(`there is no remote ${named}`, `dumps.remote in pgrove.yaml has: ${there.join(", ")}`);
}

/** Opens it. Throws (exit 4) when it is not there, or there are no keys for it. */
export async function openRemote(kind: RemoteKind, config: RemoteConfig, spot: RemoteSpot): Promise<Remote> {
  const project = folderName(spot.project);
  const { dir, s3, ssh } = config;
  if (kind === "dir" && dir !== undefined) {
    const { openDir } = await import("./dir-remote.ts");
    const root = resolve(spot.baseDir, expandHome(dir, spot.home));
    return await openDir(root, project, spot.usedFolder);
  }
  if (kind === "s3" && s3 !== undefined) {
    const { openS3 } = await import("./s3-remote.ts");
    return await openS3(s3, { ...spot, project }, spot);
  }
  if (kind === "ssh" && ssh !== undefined) {
    const { openSsh } = await import("./ssh-remote.ts");
    return await openSsh(ssh, project, spot);
  }
  throw usageError(`there is no remote ${kind}`);
}
