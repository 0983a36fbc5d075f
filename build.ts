/**
 * Builds dist/pgrove, one file with everything in it, the page of `serve` among it. usage: bun run build.ts [--all]
 *   --all   also every released platform, as dist/pgrove-<platform>, with dist/SHA256SUMS
 */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fetchRuntime } from "./scripts/build/runtime.ts";

/** The platforms that are released. `bun-linux-x64-baseline` would serve older processors; it is slower on the others. */
const RELEASED = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
] as const;

const ENTRY = "src/main.ts";

/** Without the two no-autoload flags the binary would load .env and run bunfig.toml of whatever folder it is started in. */
const FLAGS = [
  "--compile",
  "--minify",
  "--splitting",
  "--bytecode",
  "--format=esm",
  "--sourcemap",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

const { values } = parseArgs({ options: { all: { type: "boolean", default: false } } });
process.chdir(import.meta.dir);
await mkdir("dist", { recursive: true });
await buildPage();
await build("dist/pgrove");
if (values.all) await buildReleases();

async function buildReleases(): Promise<void> {
  const sums: string[] = [];
  const folder = await mkdtemp("dist/.runtimes-");
  try {
    for (const platform of RELEASED) {
      const name = `pgrove-${platform}${platform.startsWith("windows") ? ".exe" : ""}`;
      const runtime = await fetchRuntime(platform, folder);
      await build(`dist/${name}`, [`--target=bun-${platform}`, `--compile-executable-path=${runtime}`]);
      sums.push(`${await sha256(`dist/${name}`)}  ${name}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await Bun.write("dist/SHA256SUMS", `${sums.join("\n")}\n`);
}

/** The page of `serve`: one html file with its script and styles in it. Its name keeps the bundler from taking it apart. */
async function buildPage(): Promise<void> {
  const folder = await mkdtemp("dist/.page-");
  try {
    const flags = ["--compile", "--target=browser", "--production"];
    const command = [process.execPath, "build", ...flags, "page/index.html", "--outdir", folder];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
    const [said, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    if (code !== 0) throw new Error(`the page could not be built (exit ${code})\n${said}`);
    await mkdir("dist/page", { recursive: true });
    await rename(join(folder, "index.html"), "dist/page/page.txt");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In a folder of its own, since bun leaves its source maps beside the binary; then renamed, so that none is half-written. */
async function build(outfile: string, platform: readonly string[] = []): Promise<void> {
  const folder = await mkdtemp("dist/.build-");
  try {
    const made = join(folder, "pgrove");
    const command = [process.execPath, "build", ...FLAGS, ...platform, ENTRY, "--outfile", made];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
    const [said, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    if (code !== 0) throw new Error(`${outfile} could not be built (exit ${code})\n${said}`);
    await rename((await Bun.file(made).exists()) ? made : `${made}.exe`, outfile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  process.stderr.write(`built ${outfile}, ${(Bun.file(outfile).size / 1e6).toFixed(0)} MB\n`);
}

async function sha256(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}
