/** The `docker compose` command line, and its complaints in words that help. */
import { dirname, join } from "node:path";
import { failure, missingError, type PgroveError } from "../errors.ts";
import type { EngineName } from "../sys/command.ts";
import { dockerCommand, explainDockerError } from "../sys/docker.ts";
import type { Command } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import type { ComposeSpec, FoundService } from "./compose-find.ts";
import { findComposeEnvFiles, findProjectName } from "./compose-project.ts";

/** `docker compose` for the spec's files, run beside the first one as its relative paths expect. */
export async function composeCommand(
  spec: ComposeSpec,
  found: FoundService | undefined,
  args: readonly string[],
): Promise<Command> {
  const first = spec.files[0] ?? "";
  const folder = dirname(first);
  const envFiles = await listEnvFiles(spec, first);
  const wanted = found === undefined ? await findProjectName({ ...spec, env: process.env }) : undefined;
  const project = spec.project ?? (found?.unusual || wanted?.given ? (found?.project ?? wanted?.name) : undefined);
  const flags = [
    ...spec.files.flatMap((file) => ["-f", file]),
    ...(project === undefined ? [] : ["-p", project]),
    ...envFiles.flatMap((file) => ["--env-file", file]),
    ...spec.profiles.flatMap((profile) => ["--profile", profile]),
  ];
  return { ...dockerCommand(["compose", ...flags, ...args]), cwd: folder };
}

/** The env files to name, the last one first in rank; compose itself finds a `.env` that lies beside the first file. */
async function listEnvFiles({ mainFile }: ComposeSpec, first: string): Promise<string[]> {
  const own = await findComposeEnvFiles(first, process.env);
  const mains = mainFile === undefined ? [] : await findComposeEnvFiles(mainFile, process.env);
  if (mains.length > 0) return [...new Set([...mains, ...own])];
  return own.length === 1 && own[0] === join(dirname(first), ".env") ? [] : own;
}

/** Compose's complaints in words that help. */
export function explainComposeError(error: unknown, spec: ComposeSpec, engine: EngineName): unknown {
  const explained = explainDockerError(error, engine);
  if (!(explained instanceof ToolError) || explained.failure.aborted) return explained;
  if (isComposeAway(explained)) return composeMissing(engine);
  const said = explained.failure.stderr.join("\n");
  const missing = /env file (\S+) not found/.exec(said)?.[1];
  if (missing !== undefined) {
    return failure(
      "env_file_missing",
      `the compose files name an env file that is not there: ${missing}`,
      "make it; or have worktrees given main's: worktrees.share in pgrove.yaml",
    );
  }
  const lines = explained.failure.stderr.filter((line) => line.trim() !== "").slice(-6);
  return failure(
    "compose_failed",
    `${engine} compose failed for the service ${spec.service}:\n${lines.map((line) => `  ${line.trim()}`).join("\n")}`,
    hintFor(said, engine) ?? `check ${spec.files.join(", ")}`,
    error,
  );
}

/** What lies at neither the compose files nor the engine. */
function hintFor(said: string, engine: EngineName): string | undefined {
  if (UNREACHABLE.test(said)) {
    return "the image's registry was not reached: look at the network, a proxy or a VPN, then try again";
  }
  return NO_LOGIN.test(said) ? `${engine} login, where the image's registry wants one; then try again` : undefined;
}

const NO_LOGIN = /toomanyrequests|unauthorized: |no basic auth credentials|authentication required/i;
/** No name, no way, no answer, or one that another than the registry has given. */
const UNREACHABLE =
  /dial (?:tcp|udp)|lookup \S+(?: on \S+)?: |no such host|TLS handshake timeout|i\/o timeout|Client\.Timeout exceeded|context deadline exceeded|connection reset by peer|network is unreachable|x509: /i;

/** The same where only compose itself is asked about, such as for its version. */
export function explainNoCompose(error: unknown, engine: EngineName): unknown {
  const explained = explainDockerError(error, engine);
  return explained instanceof ToolError && isComposeAway(explained) ? composeMissing(engine) : explained;
}

function isComposeAway({ failure }: ToolError): boolean {
  return NO_COMPOSE.test(failure.stderr.join("\n"));
}

const NO_COMPOSE =
  /'compose' is not a docker command|unknown shorthand flag: 'f'|unknown flag: --short|unknown command: docker compose|unrecognized command .podman compose|looking up compose provider failed/i;

function composeMissing(engine: EngineName): PgroveError {
  if (engine === "docker") {
    return missingError(
      "compose_missing",
      "docker has no compose: `docker compose` (version 2) is needed, docker-compose version 1 does not do",
      "install Docker's compose plugin: https://docs.docker.com/compose/install/",
    );
  }
  return missingError(
    "compose_missing",
    "podman has no compose here: Docker's (version 2) is needed beside podman's socket; podman-compose does not do",
    [
      "install docker-compose, version 2: https://docs.docker.com/compose/install/standalone/",
      "systemctl --user enable --now podman.socket        as root without --user; elsewhere: podman system service --time 0 &",
    ].join("\n"),
  );
}
