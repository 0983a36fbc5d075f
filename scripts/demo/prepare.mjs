/** Installs the dependencies and builds dist/pgrove, where that was not done since something changed. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./process.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const binary = join(root, "dist/pgrove");
/** The Bun that package.json pins. */
export const bun = join(root, "node_modules/.bin/bun");

/** Makes the binary. Throws with what failed. */
export async function prepare(say) {
  if (needsInstall()) {
    say("installing the dependencies: npm ci");
    await must("npm", ["ci", "--include=dev"]);
  }
  if (needsBuild()) {
    say("building dist/pgrove: bun run build.ts");
    await must(bun, ["run", "build.ts"]);
  }
}

async function must(file, args) {
  const { code } = await run(file, args, { cwd: root, show: true });
  if (code !== 0) throw new Error(`${file} ${args.join(" ")} failed (exit ${code})`);
}

/** True where nothing is installed, or something else than the lockfile asks for. */
function needsInstall() {
  const stamp = join(root, "node_modules/.package-lock.json");
  return !existsSync(stamp) || !existsSync(bun) || changedAt(stamp) < changedAt(join(root, "package-lock.json"));
}

function needsBuild() {
  const sources = ["build.ts", "package.json", "package-lock.json", "src"].map((name) => join(root, name));
  return !existsSync(binary) || Math.max(...sources.map(newestIn)) > changedAt(binary);
}

function newestIn(path) {
  if (!statSync(path).isDirectory()) return changedAt(path);
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  return Math.max(
    ...entries.filter((one) => one.isFile()).map((one) => changedAt(join(one.parentPath ?? one.path, one.name))),
  );
}

function changedAt(path) {
  return statSync(path).mtimeMs;
}
