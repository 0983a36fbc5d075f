/** Bun's own program for another platform, as a release is built from: the very one that package-lock.json names by its hash. */
import { join } from "node:path";

/** The package that holds it: npm's word for arm64 is Bun's aarch64. */
export function runtimePackage(platform: string): string {
  return `@oven/bun-${platform.replace("arm64", "aarch64")}`;
}

interface Locked {
  version: string;
  integrity: string;
}

/** What the lockfile says of a package. Throws where it does not pin it, or to another version than the one that builds. */
export function requireLocked(lockfile: { packages: Record<string, Partial<Locked>> }, name: string): Locked {
  const { version, integrity } = lockfile.packages[`node_modules/${name}`] ?? {};
  if (version !== Bun.version || integrity === undefined) {
    throw new Error(`package-lock.json does not pin ${name} ${Bun.version}`);
  }
  return { version, integrity };
}

/** Throws where the bytes are not those of the hash. */
export function requireIntegrity(bytes: Uint8Array, integrity: string, name: string): void {
  const actual = `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`;
  if (actual !== integrity) throw new Error(`${name} is not the package that package-lock.json names: ${actual}`);
}

/** Fetches the program into the folder, and resolves with its path. Nothing is unpacked that has another hash. */
export async function fetchRuntime(platform: string, folder: string): Promise<string> {
  const name = runtimePackage(platform);
  const { version, integrity } = requireLocked(await Bun.file("package-lock.json").json(), name);
  const packed = await run(["npm", "pack", `${name}@${version}`, "--silent", "--pack-destination", folder]);
  const archive = join(folder, packed.trim());
  requireIntegrity(await Bun.file(archive).bytes(), integrity, name);
  const program = platform.startsWith("windows") ? "bun.exe" : "bun";
  const into = join(folder, platform);
  await run(["mkdir", "-p", into]);
  await run(["tar", "-xzf", archive, "-C", into, `package/bin/${program}`]);
  return join(into, "package/bin", program);
}

async function run(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "inherit" });
  const [said, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with exit ${code}`);
  return said;
}
