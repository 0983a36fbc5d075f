import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSuite } from "./apt.ts";
import { isRoot, testLabel } from "./paths.ts";
import { runOk } from "./run.ts";

/** What an image is made of: Debian packages of a suite, and the configuration that a Dockerfile would give it. */
export interface Recipe {
  tag: string;
  /** Suites to try, in this order: the first that has the first package is used. */
  suites: readonly string[];
  packages: readonly string[];
  config: Record<string, unknown>;
  entrypoint?: string;
}

// Dependencies that only the packages' installation scripts need, and the JIT, which is switched off.
const leftOut =
  /^(perl|perl-base|perl-modules-.*|libperl.*|lib.*-perl|libllvm.*|libz3-4|postgresql(-client)?-common(-dev)?|ssl-cert|openssl|debconf|ucf|adduser|passwd|libsemanage.*|procps|libproc2-0|libgdbm.*|libc-l10n|libdb5.*|init-system-helpers|sysvinit-utils)$/;

const assembler = join(import.meta.dir, "assemble.sh");

/** A word that changes when an image would come out differently: kept as a label, so an outdated image is built again. */
export function recipeDigest(recipe: Recipe): string {
  const { entrypoint, ...rest } = recipe;
  const hash = createHash("sha256").update(JSON.stringify(rest)).update(String(leftOut));
  for (const file of [assembler, entrypoint]) if (file !== undefined) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

/** Builds the image from Debian's packages and loads it into the engine. */
export async function buildImage(recipe: Recipe): Promise<void> {
  if (!isRoot) throw new Error(`${recipe.tag} cannot be built: that needs root on Debian or Ubuntu`);
  const scratch = mkdtempSync(join(tmpdir(), "pgrove-image-"));
  try {
    const root = join(scratch, "root");
    await downloadPackages(recipe, join(scratch, "debs"));
    await runOk("bash", [assembler, join(scratch, "debs"), root]);
    if (recipe.entrypoint !== undefined) {
      const inside = join(root, "usr/local/bin/docker-entrypoint.sh");
      copyFileSync(recipe.entrypoint, inside);
      chmodSync(inside, 0o755);
    }
    await loadImage(recipe, root, join(scratch, "image"));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function downloadPackages(recipe: Recipe, into: string): Promise<void> {
  const base = ["base-files", "base-passwd", "libc-bin", "bash", "dash", "coreutils", "grep", "sed", "findutils"];
  for (const name of recipe.suites) {
    const suite = await openSuite(name);
    if (!(await suite.has(recipe.packages[0] ?? "bash"))) continue;
    return suite.download([...base, ...recipe.packages], into, leftOut);
  }
  throw new Error(`Debian's ${recipe.suites.join(", ")} have no ${recipe.packages[0]}`);
}

/** Writes the archive that `docker load` reads: one layer and its configuration; every engine takes it, without a builder. */
async function loadImage(recipe: Recipe, root: string, archive: string): Promise<void> {
  await runOk("mkdir", [archive]);
  const layer = join(archive, "layer.tar");
  await runOk("tar", ["-C", root, "--numeric-owner", "--sort=name", "-cf", layer, "."]);
  const config = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created: new Date().toISOString(),
    config: {
      ...recipe.config,
      Labels: { [`${testLabel}-image`]: "1", [`${testLabel}-recipe`]: recipeDigest(recipe) },
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${await digestFile(layer)}`] },
  };
  writeFileSync(join(archive, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: [recipe.tag], Layers: ["layer.tar"] }];
  writeFileSync(join(archive, "manifest.json"), JSON.stringify(manifest));
  const bundle = `${archive}.tar`;
  await runOk("tar", ["-C", archive, "-cf", bundle, "."]);
  await runOk("docker", ["load", "-q", "-i", bundle]);
  await runOk("docker", ["image", "prune", "-f", "--filter", `label=${testLabel}-image`]);
}

async function digestFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}
