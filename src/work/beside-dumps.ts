/** Clears what lies beside dumps that a killed run was just naming, or removing. */
import { rm } from "node:fs/promises";
import { basename, isAbsolute, join, normalize } from "node:path";
import { identityAt, pathExists } from "../sys/files.ts";
import type { BesideDumps } from "../sys/run-record.ts";

/** Whether a run writes such a thing down: all that it names lies in that folder, and beside a file of it. */
export function isOwnBeside({ folder, endings, manifests }: BesideDumps): boolean {
  const names = Object.keys(manifests);
  return (
    isAbsolute(folder) &&
    normalize(folder) === folder &&
    endings.every((ending) => /^(\.[a-z]+)+$/.test(ending)) &&
    names.every((name) => name === basename(name) && !name.startsWith("."))
  );
}

/** The manifest goes last, and only the one that was meant: whatever else has come to its name by now stays. */
export async function clearBeside({ folder, endings, manifests }: BesideDumps): Promise<void> {
  if (!(await pathExists(folder))) throw new Error(`the folder of the dumps is not there: ${folder}`);
  for (const [name, manifest] of Object.entries(manifests)) {
    const dump = join(folder, name);
    const isTorn = identityAt(dump) === undefined && identityAt(`${dump}${endings.at(-1)}`) === manifest;
    if (!isTorn) continue;
    for (const ending of endings) await rm(`${dump}${ending}`, { force: true });
  }
}
