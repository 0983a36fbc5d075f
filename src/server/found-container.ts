/** What a compose service's container and a container with a name have in common, once it is found. */
import { failure, messageOf, missingError, PgroveError } from "../errors.ts";
import { createDockerToolbox } from "../postgres/docker-toolbox.ts";
import { closesSocket } from "../postgres/local-login.ts";
import type { Toolbox } from "../postgres/toolbox.ts";
import { type Connection, parametersOf } from "../postgres/url.ts";
import { captureDocker, dockerCommand, explainDockerError } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import { engineIsLocal } from "../sys/engine-endpoint.ts";
import { readTextIfExists } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import { accessOf, type ContainerFacts, readContainer, stateOf } from "./container-inspect.ts";
import { inspectNamed } from "./engine-inspect.ts";
import { listSecretFiles } from "./image-settings.ts";
import type { Access, Login, Server, ServerState, StartOptions } from "./server.ts";

const DOCKER_TIMEOUT_MS = 30_000;
const POLL_EVERY_MS = 200;

/** The facts of one container; undefined when there is none of that name or id. */
export async function inspectContainer(runner: Runner, container: string): Promise<ContainerFacts | undefined> {
  const inspected = await inspectNamed(runner, container);
  if (inspected === undefined) return undefined;
  const engine = engineOf(runner);
  const local = engineIsLocal(engine);
  const facts = readContainer(inspected, { engine, local, sharesNetwork: local && process.platform === "linux" });
  return { ...facts, env: { ...facts.env, ...(await readSecretFiles(runner, facts)) } };
}

/** The values that the container was given as files, such as docker's secrets: mounted ones, else those inside. */
async function readSecretFiles(
  runner: Runner,
  { id, status, env, mounts }: ContainerFacts,
): Promise<Record<string, string>> {
  const values = Object.entries(listSecretFiles(env)).map(async ([name, file]) => {
    const bound = engineIsLocal(engineOf(runner))
      ? mounts.find(({ type, target }) => type === "bind" && target === file)
      : undefined;
    const mounted = bound === undefined ? undefined : await readTextIfExists(bound.source).catch(() => undefined);
    const inside = () =>
      status === "running"
        ? captureDocker(runner, ["exec", id, "cat", "--", file], { timeoutMs: DOCKER_TIMEOUT_MS }).catch(() => "")
        : "";
    return [name, (mounted ?? (await inside())).replace(/\n+$/, "")];
  });
  return Object.fromEntries(await Promise.all(values));
}

export interface FoundContainer extends Pick<Server, "inspect" | "access" | "reach" | "open"> {
  /** The container, asked once; undefined when there is none. */
  facts(): Promise<ContainerFacts | undefined>;
  /** After the container was started, stopped or made: the next question is asked again. */
  forget(): void;
  /** Throws what `absent` says when there is no container. */
  require(): Promise<ContainerFacts>;
}

export interface ContainerQuestions {
  runner: Runner;
  label: string;
  login: Login;
  find(): Promise<ContainerFacts | undefined>;
  absent(): PgroveError;
}

/** The answers that need no more than one look at the container, which is remembered. */
export function describeContainer({ runner, label, login, find, absent }: ContainerQuestions): FoundContainer {
  let asked: Promise<ContainerFacts | undefined> | undefined;
  const facts = () => {
    asked ??= find();
    return asked;
  };
  const require = async () => {
    const found = await facts();
    if (found === undefined) throw absent();
    return found;
  };
  const access = async (): Promise<Access> => accessOf(await require(), login);
  return {
    facts,
    require,
    forget: () => {
      asked = undefined;
    },
    access,
    inspect: async (again = false): Promise<ServerState> => {
      if (again) asked = undefined;
      try {
        const found = await facts();
        return found === undefined ? { condition: "absent" } : stateOf(found);
      } catch (error) {
        if (isDockerAway(error)) return { condition: "unreachable", detail: messageOf(error) };
        throw error;
      }
    },
    reach: async (database): Promise<Connection | undefined> => {
      const { published } = await require();
      if (published === undefined) return undefined;
      const { user, password, options } = await access();
      const parameters = parametersOf({ options });
      return { ...published, user, database, parameters, ...(password === undefined ? {} : { password }) };
    },
    open: async (): Promise<Toolbox> => {
      const found = await require();
      requireRunning(found, label);
      const { user, password, options } = await access();
      return createDockerToolbox(runner, {
        container: found.id,
        label,
        user,
        ...(options === undefined ? {} : { options }),
        port: found.inside,
        ...(closesSocket(found.env.POSTGRES_INITDB_ARGS) ? { socketClosed: true } : {}),
        addresses: found.addresses,
        ...(password === undefined ? {} : { password }),
        ...(found.published === undefined ? {} : { published: found.published }),
      });
    },
  };
}

function isDockerAway(error: unknown): boolean {
  return error instanceof PgroveError && error.code.startsWith("docker_") && error.code !== "docker_output";
}

function requireRunning(facts: ContainerFacts, label: string): void {
  if (facts.status === "running") return;
  const { detail } = stateOf(facts);
  const why = detail === undefined ? "" : ` (${detail})`;
  if (facts.status === "restarting") {
    throw missingError("server_starting", `${label} is not ready${why}`, "pgrove logs");
  }
  throw missingError("server_down", `${label} is not running${why}`, "pgrove up");
}

/**
 * Waits until the server inside takes connections: over TCP, because the temporary server that makes a new cluster
 * has none. Throws with the container's last words when it ends meanwhile.
 */
export async function waitUntilReady(
  runner: Runner,
  container: string,
  label: string,
  { waitMs, abort }: Pick<StartOptions, "waitMs" | "abort">,
): Promise<void> {
  const until = Date.now() + waitMs;
  for (;;) {
    abort.throwIfAborted();
    const facts = await inspectContainer(runner, container);
    if (facts === undefined) throw failure("container_gone", `${label}: its container was removed while it started`);
    const answer = await askReady(runner, facts, abort);
    if (answer.ready) return;
    if (facts.status !== "running" && facts.status !== "created") {
      const detail = stateOf(facts).detail ?? facts.status;
      const words = await lastWords(runner, container);
      throw failure("server_not_started", `${label} did not start (${detail})${words}`, "pgrove logs");
    }
    if (Date.now() >= until) {
      const [words, others] = await Promise.all([lastWords(runner, container), findOtherPorts(runner, facts)]);
      const seconds = Math.round(waitMs / 1000);
      throw missingError(
        "server_starting",
        `${label} takes no connections after ${seconds} s (${answer.said})${words}`,
        others === ""
          ? "pgrove logs -f"
          : `a server there listens on port ${others}: set PGPORT: ${others} in its environment`,
      );
    }
    await Bun.sleep(POLL_EVERY_MS);
  }
}

async function askReady(
  runner: Runner,
  { id: container, inside }: ContainerFacts,
  abort: AbortSignal,
): Promise<{ ready: boolean; said: string }> {
  try {
    const args = ["exec", container, "pg_isready", "-h", "127.0.0.1", "-p", String(inside)];
    const limits = { allowFailure: true, timeoutMs: DOCKER_TIMEOUT_MS, abort };
    const { exitCode, stdout, stderr } = await runner.capture(dockerCommand(args), limits);
    const said = `${stdout.trim()}\n${stderr.trim()}`.trim();
    // Docker's 126 and 127 also stand for a container that ends at this very moment.
    if (exitCode > 125 && /executable file not found|no such file/i.test(said)) {
      throw missingError("programs_missing", `the container ${container.slice(0, 12)} has no pg_isready: ${said}`);
    }
    return { ready: exitCode === 0, said: said.split("\n")[0] ?? "" };
  } catch (error) {
    throw explainDockerError(error, engineOf(runner));
  }
}

/** The other ports that the sockets inside tell of: its configuration file may name one. */
async function findOtherPorts(runner: Runner, { id, inside }: ContainerFacts): Promise<string> {
  const look = "ls -a /var/run/postgresql /tmp 2>/dev/null";
  const limits = { timeoutMs: DOCKER_TIMEOUT_MS, allowFailure: true };
  const { stdout } = await runner.capture(dockerCommand(["exec", id, "sh", "-c", look]), limits);
  const ports = [...stdout.matchAll(/^\.s\.PGSQL\.(\d+)$/gm)].map(([, port]) => port ?? "");
  return [...new Set(ports)].filter((port) => port !== String(inside)).join(", ");
}

const SHOWN_LINES = 8;

/** The last lines of a container's log, set under an error. */
async function lastWords(runner: Runner, container: string): Promise<string> {
  const command = dockerCommand(["logs", "--tail", String(SHOWN_LINES), container]);
  const said = await runner.capture(command, { allowFailure: true, timeoutMs: DOCKER_TIMEOUT_MS });
  const lines = `${said.stdout}\n${said.stderr}`.split("\n").filter((line) => line.trim() !== "");
  return lines.length === 0 ? "" : `; its log ends with:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
