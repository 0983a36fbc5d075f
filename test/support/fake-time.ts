/** A clock that is wrong: Debian's libfaketime, unpacked beside the engine's images. */
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { unpackPackage } from "./engine/apt.ts";
import { withLock } from "./engine/lock.ts";

let library: Promise<string> | undefined;

/** The variables by which a program sees another time, once FAKETIME says which: `-1d`. How long things last stays as it is. */
export async function findFakeTime(): Promise<Record<string, string>> {
  library ??= findLibrary();
  return { LD_PRELOAD: await library, FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1", NO_FAKE_STAT: "1" };
}

async function findLibrary(): Promise<string> {
  return await withLock("libfaketime", 120_000, async () => {
    const folder = await unpackPackage("libfaketime");
    const found = [...new Bun.Glob("usr/lib/*/faketime/libfaketime.so.1").scanSync(folder)][0];
    if (found === undefined || !existsSync(join(folder, found))) throw new Error(`no libfaketime in ${folder}`);
    chmodSync(folder, 0o755);
    return join(folder, found);
  });
}
