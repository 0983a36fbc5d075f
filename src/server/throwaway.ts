/** A server of a given version that is there for one thing and gone afterwards: a container, else a cluster of this machine's programs. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { messageOf, missingError } from "../errors.ts";
import { CLIENT_LABEL } from "../postgres/client-image-toolbox.ts";
import { captureDocker } from "../sys/docker.ts";
import type { RunId } from "../sys/run-id.ts";
import { chooseServerPrograms, findHostPrograms } from "./host-programs.ts";
import { removeCluster } from "./local-cluster.ts";
import { openServer } from "./open-server.ts";
import type { Login, ServerSpec, ServerTools } from "./server.ts";

export interface ThrowawayServer {
  spec: ServerSpec;
  login: Login;
  label: string;
  remove(): Promise<void>;
}

const START_WAIT_MS = 120_000;

/**
 * Starts it. A container carries the run's label: the next run removes what a killed one has left. Throws (exit 4) when there is
 * neither an image nor programs of that version, with `what` asks for it.
 */
export async function startThrowaway(
  major: number,
  what: string,
  { run, abort }: { run: RunId; abort: AbortSignal },
  tools: ServerTools,
): Promise<ThrowawayServer> {
  const login = { user: "postgres", password: randomBytes(18).toString("base64url") };
  const made = (await prefersCluster(major, tools))
    ? planCluster(major, tools)
    : await runContainer(major, what, run, login, tools);
  const server = { ...made, login, label: `a throw-away server (PostgreSQL ${major})` };
  try {
    await openServer(server.spec, login, tools).start({ waitMs: START_WAIT_MS, abort });
    return server;
  } catch (error) {
    await server.remove();
    throw error;
  }
}

/** Where the programs are here, and the image would have to be fetched. */
async function prefersCluster(major: number, { runner, clientImage }: ServerTools): Promise<boolean> {
  if (chooseServerPrograms(await findHostPrograms(runner), major) === undefined) return false;
  const images = captureDocker(runner, ["image", "ls", "-q", imageOf(clientImage, major)], { timeoutMs: 30_000 });
  return (await images.catch(() => "")).trim() === "";
}

function imageOf(clientImage: string, major: number): string {
  return clientImage.replaceAll("{major}", String(major));
}

type Made = Pick<ThrowawayServer, "spec" | "remove">;

async function runContainer(
  major: number,
  what: string,
  run: RunId,
  { user, password }: Required<Pick<Login, "user" | "password">>,
  tools: ServerTools,
): Promise<Made> {
  const { runner, clientImage, approveImage } = tools;
  await approveImage?.();
  const image = imageOf(clientImage, major);
  const container = `pgrove-throwaway-${run}-${randomBytes(3).toString("hex")}`;
  const args = ["run", "--detach", "--name", container, "--label", `${CLIENT_LABEL}=${run}`, "--network", "none"];
  const env = { POSTGRES_USER: user, POSTGRES_PASSWORD: password };
  const names = Object.keys(env).flatMap((name) => ["--env", name]);
  const remove = async () => {
    await captureDocker(runner, ["rm", "--force", "--volumes", container]);
  };
  try {
    await captureDocker(runner, [...args, ...names, image], { timeoutMs: 600_000, env });
  } catch (error) {
    await remove().catch(() => undefined); // it may have been made, and not have started
    throw missingError(
      "server_missing",
      `${what}; this machine has no server programs of PostgreSQL ${major}, and the image ${image} did not start: ${messageOf(error)}`,
      `start Docker, or install postgresql-${major}`,
    );
  }
  return { spec: { kind: "container", container }, remove };
}

function planCluster(major: number, tools: ServerTools): Made {
  const folder = join(tools.stageParent, `pgrove-throwaway-${process.pid}-${randomBytes(4).toString("hex")}`);
  const spec = { kind: "local", folder, version: major } as const;
  const remove = async () => {
    await openServer(spec, {}, tools).stop();
    await removeCluster(folder);
  };
  return { spec, remove };
}
