/** Paths in pgrove.yaml: absolute once loaded, and never outside the repository, whoever wrote the file. */
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { messageOf } from "../errors.ts";
import { errorCode, isInside, readTextIfExists } from "../sys/files.ts";
import type { Config } from "./config-schema.ts";
import type { Path } from "./yaml-source.ts";

export interface PathPlace {
  /** The folder of pgrove.yaml. */
  dir: string;
  /** The repository's folder. */
  root: string;
}

type Report = (path: Path, message: string) => void;

/** The configuration with its paths made absolute. What leads out of the repository is reported. */
export async function resolvePaths(config: Config, place: PathPlace, report: Report): Promise<Config> {
  const inside = async (path: Path, written: string): Promise<string> => {
    const wrong = await findEscape(written, place);
    if (wrong !== undefined) report(path, wrong);
    return resolve(place.dir, written);
  };
  const { migrations, server } = config;
  for (const [index, shared] of config.worktrees.share.entries()) await inside(["worktrees", "share", index], shared);
  const environments: Config["environments"] = {};
  for (const [name, each] of Object.entries(config.environments)) {
    environments[name] = { ...each, env_file: await inside(["environments", name, "env_file"], each.env_file) };
  }
  return {
    ...config,
    environments,
    server: server.kind === "compose" ? { ...server, files: await resolveComposeFiles(server.files, inside) } : server,
    env: await resolveEnvFiles(config.env, inside, place, report),
    seeds: { ...config.seeds, dir: await inside(["seeds", "dir"], config.seeds.dir) },
    migrations: {
      ...migrations,
      dirs: await Promise.all(migrations.dirs.map((dir) => inside(["migrations", "dir"], dir))),
      schema_file:
        migrations.schema_file === undefined
          ? undefined
          : await inside(["migrations", "schema_file"], migrations.schema_file),
    },
  };
}

type EnvFile = NonNullable<Config["env"]["others"]>[number];

async function resolveEnvFiles(
  { others, ...first }: Config["env"],
  inside: (path: Path, written: string) => Promise<string>,
  place: PathPlace,
  report: Report,
): Promise<Config["env"]> {
  const resolveOne = async (each: EnvFile, path: Path): Promise<EnvFile> => {
    const file = await inside([...path, "file"], each.file);
    if (each.template === undefined) return { ...each, file };
    const at: Path = [...path, "template"];
    const template = await inside(at, each.template);
    const isOutside = (await findEscape(each.template, place)) !== undefined;
    const written = isOutside ? {} : await readTemplate(template, at, report);
    return { file, template, set: { ...written, ...each.set } };
  };
  if (others === undefined) return { ...(await resolveOne(first, ["env"])), others };
  const resolved = await Promise.all([first, ...others].map((each, index) => resolveOne(each, ["env", index])));
  const [own = first, ...rest] = resolved;
  return { ...own, others: rest };
}

/** The template's variables. What is wrong with the file is reported. */
async function readTemplate(file: string, path: Path, report: Report): Promise<Record<string, string>> {
  const [{ variablesOfTemplate }, { loadTextFile }] = await Promise.all([
    import("./env-template.ts"),
    import("./text-file.ts"),
  ]);
  try {
    return variablesOfTemplate(await loadTextFile(file, "the template"));
  } catch (error) {
    report(path, messageOf(error));
    return {};
  }
}

async function resolveComposeFiles(
  files: readonly string[],
  inside: (path: Path, written: string) => Promise<string>,
): Promise<string[]> {
  const key = ["server", "compose", files.length > 1 ? "files" : "file"];
  return await Promise.all(files.map((file, index) => inside(files.length > 1 ? [...key, index] : key, file)));
}

/** Why a path, as written relative to `dir`, may not be read: it leads out of the repository. Undefined when it may. */
export async function findEscape(written: string, { dir, root }: PathPlace): Promise<string | undefined> {
  if (written === "~" || written.startsWith("~/"))
    return `is outside the repository (${written}); pgrove reads only files inside it`;
  const path = resolve(dir, written);
  try {
    if (leavesLexically(root, path)) {
      return `leads out of the repository (${written}); pgrove reads only files inside ${root}`;
    }
    const home = await findHome(root, path);
    if (home === undefined) {
      return `is a link that leads out of the repository (${written}); pgrove reads only files inside ${root}`;
    }
    // git's own folder holds hooks and settings that git runs, and credentials
    const named = relative(root, path).toLowerCase().split(sep).includes(".git");
    return named || (await isInside(join(home, ".git"), path)) ? `lies in git's own folder (${written})` : undefined;
  } catch (error) {
    return `cannot be followed (${written}: ${errorCode(error) ?? "unknown error"})`;
  }
}

/** The worktree that a path really lies in: this one, or the main one, which people link their .env to. */
async function findHome(root: string, path: string): Promise<string | undefined> {
  if (await isInside(root, path)) return root;
  const main = await findMainWorktree(root);
  return main !== undefined && (await isInside(main, path)) ? main : undefined;
}

/** A linked worktree's `.git` is a file that names its git folder, `<main worktree>/.git/worktrees/<id>`. */
async function findMainWorktree(root: string): Promise<string | undefined> {
  const pointer = await readTextIfExists(join(root, ".git")).catch(() => undefined); // mostly a folder
  const gitDir = /^gitdir: (.+)$/m.exec(pointer ?? "")?.[1];
  const shared = gitDir === undefined ? undefined : dirname(dirname(resolve(root, gitDir)));
  return shared !== undefined && basename(shared) === ".git" ? dirname(shared) : undefined;
}

function leavesLexically(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way);
}
