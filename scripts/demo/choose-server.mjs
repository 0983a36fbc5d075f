/** Where the demo's PostgreSQL is to run: Docker where an engine answers, else this machine's own programs. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { answers, run } from "./process.mjs";

const PROGRAMS = ["initdb", "pg_ctl", "postgres", "pg_dump", "pg_restore", "psql"];
/** Where PostgreSQL lies when it is not on PATH; pgrove itself knows a few places more. */
const PLACES = [
  "/usr/lib/postgresql",
  "/opt/homebrew/opt",
  "/usr/local/opt",
  "/Applications/Postgres.app/Contents/Versions",
];
const OFFICIAL = "postgres:17";

/** Thrown where there is neither: says what to install. */
export class NothingToRunOn extends Error {
  exitCode = 4;
}

/** Resolves with `{ kind: "compose" | "container", image }` or `{ kind: "local" }`. Says which, and why. */
export async function chooseServer(environment, say) {
  const image = await findImage(environment, say);
  if (image !== undefined) {
    const kind = (await answers("docker", ["compose", "version"], environment)) ? "compose" : "container";
    say(
      `a Docker engine answers: PostgreSQL runs in a ${kind === "compose" ? "compose service" : "container"} of ${image}`,
    );
    return { kind, image };
  }
  if (!hasServerPrograms()) await installPrograms(say);
  say("PostgreSQL runs as a private server, made with this machine's own programs (server: local)");
  return { kind: "local" };
}

/** An image that the engine has or can pull; undefined where no engine answers. */
async function findImage(environment, say) {
  if (!(await answers("docker", ["version"], environment))) {
    say("no Docker engine answers");
    return undefined;
  }
  const wanted = environment.PGROVE_DEMO_IMAGE || OFFICIAL;
  if (await answers("docker", ["image", "inspect", wanted], environment)) return wanted;
  say(`pulling ${wanted}`);
  // Where no registry answers, docker says nothing for a long time.
  const pulled = await run("docker", ["pull", wanted], { env: environment, firstWordMs: 15_000, timeoutMs: 300_000 });
  if (pulled.code === 0) return wanted;
  say(`a Docker engine answers, but ${wanted} is not there and cannot be pulled`);
  return undefined;
}

function hasServerPrograms() {
  const below = PLACES.filter((place) => existsSync(place)).flatMap((place) =>
    readdirSync(place).map((name) => join(place, name, "bin")),
  );
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...below];
  return folders.some((folder) => PROGRAMS.every((name) => existsSync(join(folder, name))));
}

async function installPrograms(say) {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !isDebian()) throw new NothingToRunOn(advice());
  say(
    "there is no PostgreSQL here either: installing Debian's package postgresql (without starting a server of its own)",
  );
  const settings = "/etc/postgresql-common/createcluster.conf";
  if (!existsSync(settings)) {
    mkdirSync("/etc/postgresql-common", { recursive: true });
    writeFileSync(settings, "create_main_cluster = false\n");
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["update", "-q"],
    ["install", "-y", "-q", "--no-install-recommends", "postgresql"],
  ]) {
    const { code, stderr } = await run("apt-get", args, { env });
    if (code !== 0)
      throw new NothingToRunOn(`apt-get ${args[0]} failed (exit ${code}):\n${stderr.trim()}\n${advice()}`);
  }
  if (!hasServerPrograms()) throw new NothingToRunOn(advice());
}

function isDebian() {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

function advice() {
  const install =
    process.platform === "darwin"
      ? "brew install postgresql@17"
      : isDebian()
        ? "sudo apt-get install postgresql"
        : "your system's package of the PostgreSQL server";
  return `the demo needs Docker (https://docs.docker.com/get-docker/) or PostgreSQL's programs: ${install}`;
}
