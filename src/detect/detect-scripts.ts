/** How a repository's own scripts call docker compose: with which files, and under which name. */
import { dirname, join, normalize } from "node:path";
import { loadTextFile } from "../config/text-file.ts";
import type { FoundEntry } from "./detect-entries.ts";

/** Files that something starts together. */
export interface ComposeCall {
  /** Relative to the root. */
  files: readonly string[];
  project?: string;
  /** Its `--env-file`s, which only COMPOSE_ENV_FILES gives to another caller. */
  envFiles?: readonly string[];
}

const SCRIPTS = /^(?:package\.json|Makefile|GNUmakefile|makefile|justfile|Justfile|Taskfile\.ya?ml)$/;
const CALL = /\bdocker(?:-compose|\s+compose)((?:\s+--?[a-z][a-z-]*(?:=|\s+)(?:"[^"\n]+"|'[^'\n]+'|[^\s"'\\]+))+)/g;
const OPTION = /(--?[a-z][a-z-]*)(?:=|\s+)(?:"([^"]+)"|'([^']+)'|(\S+))/g;

/** The calls that name files, in the order of the scripts; what has a variable in it only the shell could read. */
export async function findComposeCalls(root: string, entries: readonly FoundEntry[]): Promise<ComposeCall[]> {
  const scripts = entries.filter(({ name, isFolder }) => !isFolder && SCRIPTS.test(name));
  const calls = await Promise.all(
    scripts.map(async ({ path }) => {
      const text = await loadTextFile(join(root, path), "the script").catch(() => "");
      return [...text.replaceAll('\\"', "'").matchAll(CALL)].flatMap(([, options]) =>
        readCall(dirname(path), options ?? ""),
      );
    }),
  );
  return [...calls.flat(), ...(await findDevcontainerCalls(root, entries))];
}

/** The compose files of a devcontainer, whose JSON may have comments. */
async function findDevcontainerCalls(root: string, entries: readonly FoundEntry[]): Promise<ComposeCall[]> {
  const found = entries.filter(({ name, isFolder }) => !isFolder && /^\.?devcontainer\.json$/.test(name));
  const calls = await Promise.all(
    found.map(async ({ path }) => {
      const text = await loadTextFile(join(root, path), "the devcontainer").catch(() => "");
      const written = /^\s*"dockerComposeFile"\s*:\s*("[^"]*"|\[[^\]]*\])/m.exec(text)?.[1] ?? "";
      const files = [...written.matchAll(/"([^"]+)"/g)].map(([, file]) => normalize(join(dirname(path), file ?? "")));
      return files.length === 0 || files.some((file) => /\$|^\.\./.test(file)) ? [] : [{ files }];
    }),
  );
  return calls.flat();
}

function readCall(folder: string, options: string): ComposeCall[] {
  const given = [...options.matchAll(OPTION)].map(([, name, ...values]) => [name ?? "", values.join("")] as const);
  const valuesOf = (...names: string[]) => given.filter(([name]) => names.includes(name)).map(([, value]) => value);
  const files = valuesOf("-f", "--file").map((file) => normalize(join(folder, file)));
  const project = valuesOf("-p", "--project-name").at(-1);
  if (files.length === 0 || [...files, project ?? ""].some((each) => each.includes("$") || each.startsWith("..")))
    return [];
  const envFiles = valuesOf("--env-file").map((file) => normalize(join(folder, file)));
  return [{ files, ...(project === undefined ? {} : { project }), ...(envFiles.length === 0 ? {} : { envFiles }) }];
}
