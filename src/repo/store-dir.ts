import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { Environment } from "../config/env-vars.ts";
import { renderTemplate } from "../config/text-template.ts";
import { expandHome } from "../sys/files.ts";
import { xdgFolder } from "./state.ts";

export interface StoreQuestion {
  /** `dumps.dir` of pgrove.yaml, as written. */
  configured?: string | undefined;
  project: string;
  environment: Environment;
  home: string;
  /** What a relative folder is relative to: the folder of pgrove.yaml, else the current one. */
  baseDir: string;
}

/**
 * The folder of a project's dumps: BACKUP_DIR, else `dumps.dir`, else pgrove's own below XDG_DATA_HOME. Absolute;
 * nothing is created. Throws a configError (exit 3) for an unknown placeholder in `dumps.dir`.
 */
export function dumpStoreDir({ configured, project, environment, home, baseDir }: StoreQuestion): string {
  const name = folderName(project);
  const asked = environment.BACKUP_DIR?.trim();
  if (asked !== undefined && asked !== "") return resolve(baseDir, expandHome(asked, home));
  if (configured !== undefined) {
    return resolve(baseDir, expandHome(renderTemplate(configured, { project: name }, "dumps.dir"), home));
  }
  return join(xdgFolder(environment.XDG_DATA_HOME, join(home, ".local", "share")), "pgrove", "dumps", name);
}

const LONGEST = 100;

/** A name as one folder's: what had to be changed gets a piece of its hash, so that two projects stay two. */
export function folderName(name: string): string {
  const clean = name
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+/, "")
    .slice(0, LONGEST);
  if (clean === name && clean !== "") return clean;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return clean === "" ? hash : `${clean}-${hash}`;
}
