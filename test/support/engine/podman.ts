import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canInstall, installPackages } from "./apt.ts";
import { ensureCompose } from "./compose.ts";
import { ensureImage, type Major } from "./images.ts";
import { withLock } from "./lock.ts";
import { runtimeDir, stateDir } from "./paths.ts";
import { run, runOk, say, waitFor } from "./run.ts";

const home = join(stateDir, "podman");
const socket = join(runtimeDir, "podman.sock");
const logFile = join(home, "service.log");

/** A machine that has podman and no docker: what programs find there, and the image of that PostgreSQL. */
export interface Podman {
  /** The environment of a program on that machine. */
  env: Record<string, string>;
  image: string;
  podman(...args: string[]): Promise<string>;
}

/** Podman with storage of its own and a service at a socket of its own; nothing of the machine's podman is touched. */
export async function ensurePodman(major: Major): Promise<Podman> {
  await ensureCompose();
  const image = await ensureImage(major);
  return withLock("podman", 300_000, async () => {
    await install();
    const env = writeConfiguration();
    await startService(env);
    await bringImage(image, env);
    const path = linkPrograms();
    const compose = process.env.DOCKER_CONFIG;
    return {
      env: {
        ...{ ...env, PATH: path, DOCKER_HOST: "", CONTAINER_HOST: `unix://${socket}` },
        ...(compose === undefined ? {} : { DOCKER_CONFIG: compose }),
      },
      image,
      podman: (...args) => runOk("podman", args, { env }),
    };
  });
}

async function install(): Promise<void> {
  if (Bun.which("podman") !== null && Bun.which("runc") !== null) return;
  if (!canInstall()) throw new Error("the tests of podman need it: install podman and runc, and run them as root");
  say("installing podman");
  await installPackages(["podman", "runc"]);
}

/** As its own user a virtual machine may raise no limits, and has control groups of both versions, which crun does not take. */
function writeConfiguration(): Record<string, string> {
  mkdirSync(home, { recursive: true });
  const [storage, containers] = [join(home, "storage.conf"), join(home, "containers.conf")];
  const root = `graphroot = "${join(home, "storage")}"\nrunroot = "${join(runtimeDir, "podman")}"`;
  writeFileSync(storage, `[storage]\ndriver = "overlay"\n${root}\n`);
  const limits = '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]';
  writeFileSync(containers, `${limits}\n[engine]\nruntime = "runc"\n`);
  return { CONTAINERS_STORAGE_CONF: storage, CONTAINERS_CONF: containers };
}

async function startService(env: Record<string, string>): Promise<void> {
  const answers = async () => (await run("podman", ["--url", `unix://${socket}`, "version"], { env })).code === 0;
  if (existsSync(socket) && (await answers())) return;
  const log = openSync(logFile, "w");
  const child = spawn("podman", ["system", "service", "--time", "0", `unix://${socket}`], {
    ...{ detached: true, stdio: ["ignore", log, log] as const, env: { ...process.env, ...env } },
    cwd: "/", // it outlives the folder that it was started from
  });
  child.unref();
  closeSync(log);
  await waitFor("podman's service", 30_000, answers).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${logFile} says:\n${readFileSync(logFile, "utf8")}`);
  });
}

/** The image under the name that compose asks podman for: Docker's registry is taken for granted there. */
async function bringImage(image: string, env: Record<string, string>): Promise<void> {
  const full = `docker.io/${image.includes("/") ? "" : "library/"}${image}`;
  const id = async (file: string, options: { env?: Record<string, string> }) =>
    (await run(file, ["image", "inspect", "-f", "{{.Id}}", image], options)).stdout.trim().replace(/^sha256:/, "");
  if ((await id("podman", { env })) !== (await id("docker", {}))) {
    await runOk("sh", ["-c", 'docker save "$1" | podman load -q', "sh", image], { env });
  }
  await runOk("podman", ["tag", image, full], { env });
}

/** A folder of every program of PATH but docker's, in which podman is found. */
function linkPrograms(): string {
  const folder = join(home, "bin");
  mkdirSync(folder, { recursive: true });
  for (const name of ["bash", "cat", "env", "git", "node", "podman", "psql", "sed", "sh", "uname"]) {
    const program = Bun.which(name);
    if (program !== null && !existsSync(join(folder, name))) symlinkSync(program, join(folder, name));
  }
  return folder;
}
