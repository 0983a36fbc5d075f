import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { runOk, say } from "./run.ts";

/** A whole run's volumes take a quarter of it. */
const LEAST_MEMORY = 16 * 2 ** 30;

/**
 * Keeps the volumes of the private engine, and with them the servers' data, in memory where there is enough of it: the
 * tests make and drop hundreds of databases of hundreds of files each, and ext4 looks for a number for each file among
 * those that were given back a moment ago. Images stay on the disk. To be called before the engine starts: what volumes there were are gone where this is true.
 */
export async function keepVolumesInMemory(dataRoot: string): Promise<boolean> {
  const volumes = join(dataRoot, "volumes");
  if (process.platform !== "linux" || totalmem() < LEAST_MEMORY) return false;
  // Those of an engine that was killed: they would fill the memory, run after run.
  if (isMounted(volumes)) await runOk("umount", ["--lazy", volumes]);
  rmSync(volumes, { recursive: true, force: true });
  mkdirSync(volumes, { recursive: true });
  try {
    // dockerd mounts a folder that is no mount of its own over itself, and hides what was mounted below.
    if (!isMounted(dataRoot)) await runOk("mount", ["--bind", dataRoot, dataRoot]);
    const options = `size=${Math.floor(totalmem() / 2)},mode=0701`;
    await runOk("mount", ["-t", "tmpfs", "-o", options, "pgrove-test-volumes", volumes]);
  } catch (error) {
    say(`the engine's volumes stay on the disk: ${String(error)}`);
  }
  return true;
}

/** Removes containers that have outlived their volumes, as after a restart of the machine. All of the private engine are the tests'. */
export async function removeStoppedContainers(host: string): Promise<void> {
  await runOk("docker", ["--host", host, "container", "prune", "--force"]);
}

function isMounted(folder: string): boolean {
  return readFileSync("/proc/self/mounts", "utf8").includes(` ${folder} `);
}
