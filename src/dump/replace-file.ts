/** A dump and its manifest put in the place of what stands there: of that which was agreed to, and all or nothing. */
import { link, rename, rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { refusal } from "../errors.ts";
import { errorCode, identityAt, publishFile, readTextIfExists, temporaryPathFor } from "../sys/files.ts";
import type { Operation } from "../sys/operation.ts";
import type { ReplacedFile } from "../sys/run-record.ts";
import { hashFile } from "./inspect.ts";
import { manifestPath, parseManifest } from "./manifest.ts";

/** What stands under the two names of a dump; undefined where there is nothing. */
export interface FileStanding {
  dump: string | undefined;
  manifest: string | undefined;
}

/**
 * What stands there, before the work begins. Throws (exit 5) for what is not to be replaced: without `overwrite` anything,
 * else what is no file, or no manifest of a dump.
 */
export async function findFileStanding(path: string, overwrite: boolean): Promise<FileStanding> {
  const manifest = manifestPath(path);
  const standing = { dump: identityAt(path), manifest: identityAt(manifest) };
  if (standing.dump !== undefined) {
    if ((await stat(path).catch(() => undefined))?.isFile() === false) {
      throw refusal("not_a_file", `${path} is not a file, so it is not replaced`, "-o - writes to stdout");
    }
    if (!overwrite) {
      throw refusal("file_exists", `${path} exists already`, "choose another name, or add --yes to replace it");
    }
  }
  if (standing.manifest !== undefined && !(overwrite && (await isManifest(manifest)))) {
    const message = `the manifest of ${basename(path)} would take the place of ${manifest}, which is none of that dump`;
    throw refusal("file_exists", message, "choose another name, or move that file away");
  }
  return standing;
}

/**
 * Throws (exit 5) where the server's roles would take the place of a file that is none of that dump: its manifest does not
 * know it by its content.
 */
export async function requireRolesReplaceable(path: string, roles: readonly string[]): Promise<void> {
  for (const file of roles) {
    if (identityAt(file) === undefined) continue;
    const text = await readTextIfExists(manifestPath(path)).catch(() => undefined);
    const known = text === undefined ? undefined : parseManifest(text)?.globals?.sha256;
    if (known !== undefined && (await hashFile(file, () => undefined).catch(() => undefined)) === known) continue;
    const message = `the roles of ${basename(path)} would take the place of ${file}, which is none of that dump`;
    throw refusal("file_exists", message, "choose another name, or move that file away");
  }
}

async function isManifest(path: string): Promise<boolean> {
  const text = await readTextIfExists(path).catch(() => undefined); // a folder, or not to be read
  return text !== undefined && parseManifest(text) !== undefined;
}

/** The finished files, and the name that they are to get. */
export interface FinishedDump {
  temporary: string;
  manifestTemporary: string;
  path: string;
}

/**
 * Gives them their names. Where that fails, what stood there stands there again; where it is killed, the next run sees to that. Throws (exit 5)
 * when it is not what was agreed to.
 */
export async function publishAs(
  finished: FinishedDump,
  agreed: FileStanding,
  { remember }: Pick<Operation, "remember">,
): Promise<void> {
  const { path, temporary } = finished;
  const asides = { "": temporaryPathFor(path), [manifestPath("")]: temporaryPathFor(manifestPath(path)) };
  const by = identityAt(temporary) ?? "";
  const forget = await remember({ kind: "replaced-file", path, by, asides });
  await takePlace(finished, agreed, asides);
  await forget();
}

async function takePlace(finished: FinishedDump, agreed: FileStanding, asides: ReplacedFile["asides"]): Promise<void> {
  requireUnchanged(finished, agreed);
  const { temporary, manifestTemporary, path } = finished;
  const manifest = manifestPath(path);
  const kept = await keepAside(path, asides);
  const placed: string[] = [];
  try {
    await rm(manifest, { force: true }); // never the one dump with the other's manifest
    if (agreed.dump !== undefined) await rename(temporary, path);
    else if (!(await publishFile(temporary, path))) throw changed(path);
    placed.push(path);
    if (!(await publishFile(manifestTemporary, manifest))) throw changed(manifest);
  } catch (error) {
    for (const name of placed) await rm(name, { force: true });
    for (const [name, aside] of kept) await bringBack(name, aside);
    throw error;
  }
  for (const [, aside] of kept) await rm(aside, { force: true });
}

/** What a stranger has just written under the name stays, and the old one under its second name. */
async function bringBack(name: string, aside: string): Promise<void> {
  if (isSameFile(name, aside)) await rm(aside);
  else await publishFile(aside, name);
}

function isSameFile(name: string, aside: string): boolean {
  const [here, there] = [identityAt(name), identityAt(aside)];
  return here !== undefined && here === there;
}

function requireUnchanged({ path }: FinishedDump, agreed: FileStanding): void {
  if (identityAt(path) !== agreed.dump) throw changed(path);
  const manifest = manifestPath(path);
  if (identityAt(manifest) !== agreed.manifest) throw changed(manifest);
}

function changed(path: string): Error {
  return refusal(
    "file_exists",
    `${path} is not what it was when this began: somebody has written it meanwhile, and it was not replaced`,
    "look at it; then run this again, or choose another name",
  );
}

/** Gives what is there its second name, from which it comes back. */
async function keepAside(path: string, asides: ReplacedFile["asides"]): Promise<[name: string, aside: string][]> {
  const kept: [string, string][] = [];
  for (const [ending, aside] of Object.entries(asides)) {
    const name = path + ending;
    try {
      await link(name, aside);
    } catch (error) {
      if (errorCode(error) === "ENOENT") continue;
      await rename(name, aside); // a file system without hard links
    }
    kept.push([name, aside]);
  }
  return kept;
}
