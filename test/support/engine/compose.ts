import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { openSuite } from "./apt.ts";
import { ensureEngine, userConfiguration } from "./engine.ts";
import { withLock } from "./lock.ts";
import { stateDir } from "./paths.ts";
import { run, runOk, say } from "./run.ts";

const oldestMinor = 24;
const pluginInPackage = "usr/libexec/docker/cli-plugins/docker-compose";

let compose: Promise<void> | undefined;

/**
 * Makes `docker compose` 2.24 or newer answer. Where it is missing, Debian's is unpacked beside the machine's own
 * programs and found through a DOCKER_CONFIG of this process's.
 */
export function ensureCompose(): Promise<void> {
  compose ??= findOrFetch();
  return compose;
}

async function findOrFetch(): Promise<void> {
  await ensureEngine();
  if (await isRecent()) return;
  const host = process.env.DOCKER_HOST ?? (await contextHost());
  const config = join(stateDir, "docker-config");
  const users = userConfiguration();
  await withLock("compose", 300_000, () => unpackPlugin(config));
  for (const name of users === config ? [] : ["config.json", "contexts"]) link(join(users, name), join(config, name));
  // Which context is in use may be an environment's word: the engine is named.
  Object.assign(process.env, { DOCKER_CONFIG: config, DOCKER_HOST: host });
  if (!(await isRecent())) throw new Error("install Docker's compose plugin, 2.24 or newer: docker compose version");
}

async function isRecent(): Promise<boolean> {
  const said = (await run("docker", ["compose", "version", "--short"])).stdout;
  const version = said.match(/^v?(\d+)\.(\d+)/);
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  return major > 2 || (major === 2 && minor >= oldestMinor);
}

async function contextHost(): Promise<string> {
  return (await runOk("docker", ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"])).trim();
}

async function unpackPlugin(config: string): Promise<void> {
  const home = join(stateDir, "compose");
  const plugin = join(home, "unpacked", pluginInPackage);
  if (!existsSync(plugin)) {
    say("docker compose is missing or old: unpacking Debian's");
    const suite = await openSuite("trixie");
    const debs = join(home, "debs");
    rmSync(home, { recursive: true, force: true });
    await suite.download(["docker-compose"], debs, /^(?!docker-compose$)/);
    await runOk("bash", ["-c", 'dpkg-deb -x "$1"/docker-compose_*.deb "$2"', "unpack", debs, join(home, "unpacked")]);
  }
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  link(plugin, join(config, "cli-plugins/docker-compose"));
}

/** A link to what is there; none where nothing is. The folder is the tests' own: what docker has made there since goes. */
function link(to: string, path: string): void {
  rmSync(path, { recursive: true, force: true });
  if (existsSync(to)) symlinkSync(to, path);
}
