import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { canInstall, installPackages } from "./apt.ts";
import { dropLeftovers, livingPid } from "./leftovers.ts";
import { withLock } from "./lock.ts";
import { isRoot, privateHost, runtimeDir, stateDir } from "./paths.ts";
import { run, say, waitFor } from "./run.ts";
import { keepVolumesInMemory, removeStoppedContainers } from "./volumes-in-memory.ts";

/** The Docker engine that the tests use. */
export interface Engine {
  /** Its address, where it is not the default one. */
  host: string | undefined;
  /** True when this process started it. */
  started: boolean;
}

const pidFile = join(runtimeDir, "docker.pid");
const logFile = join(stateDir, "dockerd.log");
const dataRoot = join(stateDir, "docker");
const execRoot = join(runtimeDir, "exec");
/** Docker's own profile is compiled anew for each `docker exec`, which then takes twice as long; the tests ask for thousands. */
const allowAll = join(stateDir, "seccomp.json");

let engine: Promise<Engine> | undefined;

/**
 * Finds a Docker engine, or starts the tests' own, and points DOCKER_HOST of this process at it.
 * Rejects, saying what to install, where there is none and none can be started.
 */
export function ensureEngine(): Promise<Engine> {
  engine ??= findOrStart();
  return engine;
}

/** Stops the tests' own engine, if it runs and no container runs on it; its images stay. No other engine is touched. */
export async function stopPrivateEngine(): Promise<void> {
  const pid = privateEnginePid();
  if (pid === undefined) return;
  const containers = await run("docker", ["--host", privateHost, "ps", "-q"], { timeoutMs: 20_000 });
  if (containers.stdout.trim() !== "") return say("containers are running on the tests' own engine: it stays");
  process.kill(pid, "SIGTERM");
  await waitFor("the private engine's end", 60_000, async () => privateEnginePid() === undefined);
}

async function findOrStart(): Promise<Engine> {
  nameUsersConfiguration();
  const given = process.env.PGROVE_TEST_DOCKER_HOST;
  if (given !== undefined) {
    if (!(await answers(given))) throw new Error(`no Docker engine answers at PGROVE_TEST_DOCKER_HOST=${given}`);
    return use(given, false);
  }
  if (await answers()) return { host: process.env.DOCKER_HOST, started: false };
  if (isRoot && (await answers(privateHost))) return use(privateHost, false);
  if (canInstall()) return withLock("engine", 300_000, startPrivateEngine);
  throw new Error(
    "The tests need a Docker engine, and none answers. Start Docker (or install it: https://docs.docker.com/engine/install/), " +
      "or run the tests as root on Debian or Ubuntu, where they install docker.io and run an engine of their own.",
  );
}

/**
 * Docker's plugins, contexts and credentials lie below HOME, and the tests give the program a home of its own: what is
 * there is handed on by name.
 */
function nameUsersConfiguration(): void {
  const config = userConfiguration();
  if (process.env.DOCKER_CONFIG === undefined && existsSync(config)) process.env.DOCKER_CONFIG = config;
}

/** Where docker looks by itself. */
export function userConfiguration(): string {
  return process.env.DOCKER_CONFIG ?? join(homedir(), ".docker");
}

function use(host: string, started: boolean): Engine {
  process.env.DOCKER_HOST = host;
  return { host, started };
}

async function answers(host?: string): Promise<boolean> {
  const env = host === undefined ? {} : { DOCKER_HOST: host };
  const version = await run("docker", ["version", "--format", "{{.Server.Version}}"], { env, timeoutMs: 20_000 });
  return version.code === 0 && version.stdout.trim() !== "";
}

async function startPrivateEngine(): Promise<Engine> {
  if (await answers(privateHost)) return use(privateHost, false);
  await installEngine();
  let isEmptied = false;
  if (privateEnginePid() === undefined) {
    rmSync(pidFile, { force: true }); // a stranger may have its number by now
    await dropLeftovers({ dataRoot, execRoot });
    isEmptied = await keepVolumesInMemory(dataRoot);
    say(`starting dockerd at ${privateHost}, log in ${logFile}`);
    spawnDockerd();
  }
  await waitFor("the private engine's pid file", 30_000, async () => privateEnginePid() !== undefined).catch(explain);
  await waitFor("the private engine", 60_000, async () => {
    if (privateEnginePid() === undefined) explain(new Error("dockerd ended"));
    return answers(privateHost);
  }).catch(explain);
  if (isEmptied) await removeStoppedContainers(privateHost);
  return use(privateHost, true);
}

async function installEngine(): Promise<void> {
  const missing = ["dockerd", "docker", "iptables"].filter((program) => Bun.which(program) === null);
  if (missing.length === 0) return;
  say(`no Docker engine answers: installing docker.io and iptables (for ${missing.join(", ")})`);
  await installPackages(["docker.io", "iptables"]);
  // Since trixie the client is a package of its own.
  if (Bun.which("docker") === null) await installPackages(["docker-cli"]);
}

function spawnDockerd(): void {
  mkdirSync(runtimeDir, { recursive: true });
  mkdirSync(stateDir, { recursive: true });
  const log = openSync(logFile, "w");
  const roots = ["--data-root", dataRoot, "--exec-root", execRoot];
  writeFileSync(allowAll, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW" }));
  const quick = ["--seccomp-profile", allowAll];
  const child = spawn("dockerd", [...roots, ...quick, "--pidfile", pidFile, "--host", privateHost], {
    detached: true,
    stdio: ["ignore", log, log],
    cwd: "/", // it outlives the folder that it was started from
  });
  child.unref();
  closeSync(log);
}

/** The process of the private engine, when it lives: its pid file is believed only if that process is our dockerd. */
function privateEnginePid(): number | undefined {
  return livingPid(pidFile, privateHost);
}

function explain(error: unknown): never {
  const log = existsSync(logFile) ? readFileSync(logFile, "utf8").trim().split("\n").slice(-15).join("\n") : "";
  throw new Error(`the tests' own Docker engine did not start: ${String(error)}\n${logFile} ends with:\n${log}`);
}
