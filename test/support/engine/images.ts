import { join } from "node:path";
import { buildImage, type Recipe, recipeDigest } from "./build-image.ts";
import { ensureEngine } from "./engine.ts";
import { withLock } from "./lock.ts";
import { testLabel } from "./paths.ts";
import { run, say } from "./run.ts";

/** The PostgreSQL versions that the tests run on. */
export type Major = 15 | 17 | 18;

/** All of them, oldest first. */
export const majors: readonly Major[] = [15, 17, 18];

const suites: Record<Major, readonly string[]> = { 15: ["bookworm"], 17: ["trixie"], 18: ["forky", "sid"] };

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

let registryAnswers = true;

/**
 * The name of an image of this PostgreSQL on the engine: the official one where it is there or can be pulled,
 * else one built from Debian's packages that behaves alike.
 */
export async function ensureImage(major: Major): Promise<string> {
  return ensure(`postgres:${major}`, postgresRecipe(major));
}

/** The name of an image with glibc, bash and coreutils, and without PostgreSQL, Node or Bun. */
export async function ensurePlainImage(): Promise<string> {
  return ensure("debian:bookworm-slim", {
    tag: "pgrove-test/plain:latest",
    suites: ["bookworm"],
    packages: ["bash", "gzip", "tar", "tzdata"],
    config: { Cmd: ["bash"], Env: [`PATH=${systemPath}`] },
  });
}

/** The name of an image with stores for dumps: Ceph's object store, and OpenSSH's server. */
export async function ensureStoreImage(): Promise<string> {
  return ensure(undefined, {
    tag: "pgrove-test/stores:latest",
    suites: ["bookworm"],
    packages: ["radosgw", "ceph-mon", "ceph-osd", "openssh-server", "procps", "passwd"],
    entrypoint: join(import.meta.dir, "../remotes/entrypoint.sh"),
    config: {
      Entrypoint: ["docker-entrypoint.sh"],
      Env: [`PATH=${systemPath}`],
      ExposedPorts: { "7480/tcp": {}, "22/tcp": {} },
    },
  });
}

async function ensure(official: string | undefined, recipe: Recipe): Promise<string> {
  await ensureEngine();
  if (official !== undefined && (await isPresent(official))) return official;
  if (await isBuilt(recipe)) return recipe.tag;
  return withLock("images", 600_000, async () => {
    if (await isBuilt(recipe)) return recipe.tag;
    if (official !== undefined && (await pull(official))) return official;
    say(`building ${recipe.tag} from Debian's packages`);
    await buildImage(recipe);
    return recipe.tag;
  });
}

function postgresRecipe(major: Major): Recipe {
  // From 18 on the official image keeps a folder per version inside its volume.
  const volume = major >= 18 ? "/var/lib/postgresql" : "/var/lib/postgresql/data";
  const dataDirectory = major >= 18 ? `/var/lib/postgresql/${major}/docker` : volume;
  return {
    tag: `pgrove-test/postgres:${major}`,
    suites: suites[major],
    packages: [`postgresql-${major}`, "locales", "util-linux", "zstd", "gzip", "tar"],
    entrypoint: join(import.meta.dir, "entrypoint.sh"),
    config: {
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["postgres"],
      Env: [
        `PATH=${systemPath}:/usr/lib/postgresql/${major}/bin`,
        "LANG=en_US.utf8",
        `PG_MAJOR=${major}`,
        `PGDATA=${dataDirectory}`,
      ],
      Volumes: { [volume]: {} },
      ExposedPorts: { "5432/tcp": {} },
      StopSignal: "SIGINT",
    },
  };
}

async function isPresent(image: string): Promise<boolean> {
  return (await run("docker", ["image", "inspect", image])).code === 0;
}

async function isBuilt(recipe: Recipe): Promise<boolean> {
  const format = `{{index .Config.Labels "${testLabel}-recipe"}}`;
  const built = await run("docker", ["image", "inspect", "-f", format, recipe.tag]);
  return built.code === 0 && built.stdout.trim() === recipeDigest(recipe);
}

/** Pulls an image; gives up soon where no registry answers, and does not ask again in this process. */
async function pull(image: string): Promise<boolean> {
  if (!registryAnswers) return false;
  say(`pulling ${image}`);
  const child = Bun.spawn(["docker", "pull", image], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const noAnswer = setTimeout(() => child.kill("SIGKILL"), 12_000);
  const tooLong = setTimeout(() => child.kill("SIGKILL"), 300_000);
  // The first line of progress comes once the registry has answered.
  for await (const _progress of child.stdout) clearTimeout(noAnswer);
  const pulled = (await child.exited) === 0;
  clearTimeout(noAnswer);
  clearTimeout(tooLong);
  registryAnswers = pulled;
  return pulled;
}
