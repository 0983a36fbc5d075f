import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { run, runOk, say } from "./run.ts";

/** A whole run's volumes take a quarter of it. */
const LEAST_MEMORY = 16 * 2 ** 30;

/**
 * Keeps the volumes of the private engine, and with them the servers' data, in memory where there is enough of it: the
 * tests make and drop hundreds of databases of hundreds of files each, and ext4 looks for a number for each file among
 * those that were given back a moment ago. Images stay on the disk. True where there are no volumes any more.
 */
export async function keepVolumesInMemory(dataRoot: string, memory: string): Promise<boolean> {
  if (process.platform !== "linux" || totalmem() < LEAST_MEMORY || isMounted(memory)) return false;
  // A link, since dockerd mounts its folder over itself, and what was mounted below would be hidden.
  const volumes = join(dataRoot, "volumes");
  rmSync(volumes, { recursive: true, force: true });
  mkdirSync(memory, { recursive: true });
  mkdirSync(dataRoot, { recursive: true });
  symlinkSync(memory, volumes);
  const options = `size=${Math.floor(totalmem() / 2)},mode=0701`;
  const mounted = await run("mount", ["-t", "tmpfs", "-o", options, "pgrove-test-volumes", memory]);
  if (mounted.code !== 0) say(`the engine's volumes stay on the disk: ${mounted.stderr.trim()}`);
  return true;
}

/** Removes containers that have outlived their volumes, as after a restart of the machine. All of the private engine are the tests'. */
export async function removeStoppedContainers(host: string): Promise<void> {
  await runOk("docker", ["--host", host, "container", "prune", "--force"]);
}

function isMounted(folder: string): boolean {
  return readFileSync("/proc/self/mounts", "utf8").includes(` ${folder} `);
}
