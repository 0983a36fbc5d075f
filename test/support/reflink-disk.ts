/** A disk whose files can share their bytes (btrfs in a file), in a mount namespace of its own: gone with its program. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { canInstall, unpackPackage } from "./engine/apt.ts";
import { runOk } from "./engine/run.ts";

/** Whether such a disk can be had here: only root may mount it, and mkfs.btrfs must be there or be fetched. */
export const hasReflinkDisk =
  process.getuid?.() === 0 && (canInstall() || Bun.which("mkfs.btrfs") !== null) && existsSync("/sys/fs/btrfs");

/** The command with such a disk mounted on `folder`. The image is made beside it. */
export async function onReflinkDisk(folder: string, command: readonly string[]): Promise<string> {
  const [image, mkfs] = [`${folder}.img`, await findMkfs()];
  mkdirSync(folder, { recursive: true });
  await runOk("truncate", ["-s", "128M", image]);
  await runOk(mkfs, ["-q", image]);
  const script = 'mount -o loop "$1" "$2" || exit 99; shift 2; exec "$@"';
  return await runOk("unshare", ["--mount", "sh", "-c", script, "sh", image, folder, ...command]);
}

/** Debian's btrfs-progs, unpacked beside the engine's images where the machine has none. */
async function findMkfs(): Promise<string> {
  const installed = Bun.which("mkfs.btrfs", { PATH: `${process.env.PATH}:/usr/sbin:/sbin` });
  if (installed !== null) return installed;
  const folder = await unpackPackage("btrfs-progs");
  const mkfs = ["sbin", "usr/sbin"].map((bin) => join(folder, bin, "mkfs.btrfs"));
  return mkfs.find((path) => existsSync(path)) ?? "mkfs.btrfs";
}
