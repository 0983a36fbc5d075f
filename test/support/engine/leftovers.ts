/** What an engine that was killed leaves in the system, and the next one stumbles over. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "./run.ts";

/** Where dockerd keeps the network namespaces of its containers, below its exec root. */
const NAMESPACES = "netns";

/** The folders of an engine: dockerd's `--data-root` and `--exec-root`. */
export interface EngineFolders {
  dataRoot: string;
  execRoot: string;
}

/**
 * Clears the way for a new engine in the folders of one that was killed: networks that were being made then, over which the
 * next one stumbles (`index out of range` in libnetwork's reservePools, 20.10), the namespaces of its containers, and
 * containerd's pid file, once nobody or a stranger has its number.
 */
export async function dropLeftovers({ dataRoot, execRoot }: EngineFolders): Promise<void> {
  rmSync(join(dataRoot, "network/files"), { recursive: true, force: true });
  await releaseNamespaces(join(execRoot, NAMESPACES));
  const containerd = join(execRoot, "containerd/containerd.pid");
  if (livingPid(containerd, execRoot) === undefined) rmSync(containerd, { force: true });
}

/**
 * Network namespaces outlive the containers that they were made for, with their addresses on the engine's bridge: a new
 * engine, which does not know of them, would give the same address to a server, and who asks for that one would be
 * answered by nobody.
 */
async function releaseNamespaces(folder: string): Promise<void> {
  for (const mounted of mountsBelow(folder)) await runOk("umount", ["--lazy", mounted]);
  rmSync(folder, { recursive: true, force: true });
}

/** The process of that pid file, if it lives and its command line has the mark in it. */
export function livingPid(file: string, mark: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
  const commandLine = `/proc/${pid}/cmdline`;
  return existsSync(commandLine) && readFileSync(commandLine, "utf8").includes(mark) ? pid : undefined;
}

/** What is mounted below a folder, the newest first. */
function mountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${folder}/`))
    .reverse();
}
