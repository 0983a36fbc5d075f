/** sharePaths as a program, for a file system that only its own mount namespace sees. usage: FOLDER MODE PATH… */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemRunner } from "../../src/sys/process.ts";
import { sharePaths } from "../../src/worktree/share.ts";
import { runOk } from "./engine/run.ts";

const [folder = "", mode = "", ...paths] = process.argv.slice(2);
if (mode !== "auto" && mode !== "hardlink" && mode !== "copy") throw new Error(`no such mode: ${mode}`);
const [from, to] = [join(folder, "main"), join(folder, "linked")];
await runOk("git", ["init", "-q", from]);
mkdirSync(to);
for (const path of paths) {
  mkdirSync(join(from, path), { recursive: true });
  writeFileSync(join(from, path, "file"), `${path}\n`.repeat(10_000));
}
const abort = new AbortController().signal;
const shared = await sharePaths({ from, to, paths, mode, runner: systemRunner, abort });
writeFileSync(join(from, paths[0] ?? "", "file"), "changed");
const kept = paths.every((path) => readFileSync(join(to, path, "file"), "utf8") === `${path}\n`.repeat(10_000));
process.stdout.write(JSON.stringify({ shared, kept }));
