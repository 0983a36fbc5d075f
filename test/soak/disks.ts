/** Small disks that a soak fills up: tmpfs whose bound is drawn in. Their mount namespace is the soak's own, and ends with it. */
import { statfs } from "node:fs/promises";
import { run, runOk } from "../support/engine/run.ts";

const INSIDE = "PGROVE_SOAK_DISKS";

/** Where the disks can be mounted without anybody else's seeing them: whether this process is there already. */
export const canMount = process.env[INSIDE] === "1";

/** Runs this program once more, where it can mount; resolves with its exit code. */
export async function runWhereDisksAre(): Promise<number> {
  const namespace = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-current-user", "--keep-caps", "--mount"];
  const child = Bun.spawn(["unshare", ...namespace, process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, [INSIDE]: "1" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return await child.exited;
}

/** A disk of its own, mounted on a folder that is there. */
export class Disk {
  private constructor(
    private readonly folder: string,
    private readonly sizeMb: number,
  ) {}

  static async mount(folder: string, sizeMb: number): Promise<Disk> {
    await runOk("mount", ["-t", "tmpfs", "-o", `size=${sizeMb}m,mode=755`, "none", folder]);
    return new Disk(folder, sizeMb);
  }

  /** Leaves so many KiB free, no more. False where others have written meanwhile, and there is less. */
  async fill(leaveKb: number): Promise<boolean> {
    const { blocks, bfree, bsize } = await statfs(this.folder);
    const usedKb = ((blocks - bfree) * bsize) / 1024;
    const drawn = await run("mount", ["-o", `remount,size=${usedKb + leaveKb}k`, this.folder]);
    return drawn.code === 0;
  }

  async empty(): Promise<void> {
    await runOk("mount", ["-o", `remount,size=${this.sizeMb}m`, this.folder]);
  }

  async remove(): Promise<void> {
    await runOk("umount", ["-l", this.folder]);
  }
}
