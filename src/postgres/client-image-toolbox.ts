/** PostgreSQL's programs of a container image, for a server elsewhere when this machine has none or only older ones. */

import { basename, dirname } from "node:path";
import type { Env } from "../sys/child-environment.ts";
import { dockerCommand } from "../sys/docker.ts";
import type { Command, Runner } from "../sys/process.ts";
import { applicationName, type RunId } from "../sys/run-id.ts";
import { openConnection } from "./connect.ts";
import { namedVariables, programEnvironment, wrapProgram } from "./container-programs.ts";
import { hostStage } from "./host-toolbox.ts";
import { withEnvironment } from "./own-settings.ts";
import { takingBack } from "./psql-input.ts";
import { findTlsFiles, TLS_VARIABLES, type TlsFiles } from "./tls.ts";
import type { Programs, Stage, Toolbox, ToolOptions } from "./toolbox.ts";
import { type Connection, connectionEnvironment } from "./url.ts";

export interface ClientImageAccess {
  label: string;
  image: string;
  major: number;
  connection: Connection;
  stageParent: string;
}

/** Every container that pgrove starts for its programs carries this label, with the run as its value. */
export const CLIENT_LABEL = "dev.pgrove.run";

const STAGE_INSIDE = "/pgrove/stage";
const LENT_INSIDE = "/pgrove/lent";
const SOCKET_INSIDE = "/pgrove/socket";
const TLS_INSIDE = "/pgrove/tls";

/** The command that starts a program in a container of its own. */
function startInImage(
  { image, network }: { image: string; network: readonly string[] },
  flags: readonly string[],
  program: readonly string[],
  run: RunId,
  { env, secrets }: Pick<Command, "env" | "secrets">,
): Command {
  const start = ["run", "--rm", "--network", ...network, "--label", `${CLIENT_LABEL}=${run}`, ...flags];
  const entrypoint = ["--entrypoint", program[0] ?? "sh", image, ...program.slice(1)];
  return { ...dockerCommand([...start, ...namedVariables(env), ...entrypoint], env, secrets), remote: true };
}

/** The toolbox that starts a short-lived container of its own for each program. */
export function createClientImageToolbox(runner: Runner, access: ClientImageAccess): Toolbox {
  const secrets = access.connection.password === undefined ? [] : [access.connection.password];
  const { host, mounts: socketMounts } = hostSeenFromInside(access.connection.host);
  const tls = tlsSeenFromInside(findTlsFiles(access.connection));
  const mounts = [...socketMounts, ...tls.mounts];
  const start = (flags: readonly string[], program: readonly string[], run: RunId, env: Env) =>
    startInImage({ image: access.image, network: ["host", ...mounts] }, flags, program, run, { env, secrets });
  const server = { ...connectionEnvironment({ ...access.connection, host }), ...tls.env };
  return {
    label: access.label,
    place: "client-image",
    user: access.connection.user,
    major: access.major,
    command: (tool, args, run, options: ToolOptions = {}) => {
      const env = withEnvironment(server, programEnvironment(access.connection, run, options));
      const { words, proof } = wrapProgram([tool, ...args]);
      return { ...start(flagsFor(options), words, run, env), proof, ...takingBack(tool, options) };
    },
    interactive: (args, run, database, tty) => {
      const env = { ...server, PGAPPNAME: applicationName(run), PGDATABASE: database };
      return start(tty ? ["-i", "-t"] : ["-i"], ["psql", ...args], run, env);
    },
    connect: (database, run, options = {}) =>
      openConnection({ ...access.connection, database }, run, { ...options, label: access.label }),
    stage: async (run) => mountedStage(await hostStage(runner, access.stageParent, run)),
    freeDataBytes: () => Promise.resolve(undefined),
  };
}

/** The programs of an image, without a server: their containers have no network. */
export function createImagePrograms(runner: Runner, access: Omit<ClientImageAccess, "connection">): Programs {
  const { label, image, major, stageParent } = access;
  const place = { image, network: ["none"] };
  return {
    ...{ label, place: "client-image", major },
    command: (tool, args, run, options = {}) => {
      const env = { LC_ALL: "C", ...options.env };
      const { words, proof } = wrapProgram([tool, ...args]);
      return { ...startInImage(place, flagsFor(options), words, run, { env, secrets: [] }), proof };
    },
    stage: async (run) => mountedStage(await hostStage(runner, stageParent, run)),
  };
}

function flagsFor({ input, stage }: ToolOptions): string[] {
  return [...(input ? ["-i"] : []), ...(stage?.mounts ?? [])];
}

/** Where Docker runs in a virtual machine, its "host" is not this one; a socket's folder has to be brought along. */
function hostSeenFromInside(
  host: string,
  platform: NodeJS.Platform = process.platform,
): { host: string; mounts: readonly string[] } {
  if (host.startsWith("/")) return { host: SOCKET_INSIDE, mounts: ["-v", `${host}:${SOCKET_INSIDE}`] };
  const loopback = host === "localhost" || host === "::1" || /^127\./.test(host);
  return { host: loopback && platform !== "linux" ? "host.docker.internal" : host, mounts: [] };
}

/** The certificates and the key that libpq would use here: inside there are none by themselves. */
function tlsSeenFromInside(files: TlsFiles): { mounts: string[]; env: Record<string, string> } {
  const kinds = (Object.keys(TLS_VARIABLES) as (keyof TlsFiles)[]).filter((kind) => files[kind] !== undefined);
  return {
    mounts: kinds.flatMap((kind) => ["-v", `${files[kind]}:${TLS_INSIDE}/${kind}:ro`]),
    env: Object.fromEntries(kinds.map((kind) => [TLS_VARIABLES[kind], `${TLS_INSIDE}/${kind}`])),
  };
}

/** A folder of this machine, seen by the programs through a mount. */
function mountedStage(host: Stage): Stage {
  const mounts = ["-v", `${host.path("")}:${STAGE_INSIDE}`];
  return {
    ...host,
    mounts,
    path: (name) => `${STAGE_INSIDE}/${name}`,
    lend: (hostFile) => {
      mounts.push("-v", `${dirname(hostFile)}:${LENT_INSIDE}:ro`);
      return Promise.resolve(`${LENT_INSIDE}/${basename(hostFile)}`);
    },
    write: async (name, bytes, abort) => {
      await host.write(name, bytes, abort);
      return `${STAGE_INSIDE}/${name}`;
    },
    unpack: async (name, tar, abort) => {
      await host.unpack(name, tar, abort);
      return `${STAGE_INSIDE}/${name}`;
    },
  };
}
