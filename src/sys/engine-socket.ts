/**
 * Docker's engine, asked by its own socket: its client takes 60 ms of processor time for each question, the socket two.
 * Only questions go this way, and only where the client would plainly go it too; for anything else, and for any trouble,
 * the client is asked, which knows the way and says what is wrong with it.
 */
import { engineEndpoint, type Variables } from "./engine-endpoint.ts";
import { hasDockersClient } from "./engine-program.ts";

export interface EngineAnswer {
  /** HTTP's. */
  status: number;
  body: unknown;
}

/** A question to the engine by its path (`containers/NAME/json`); undefined where its client is to be asked. */
export type AskEngine = (path: string) => Promise<EngineAnswer | undefined>;

/** The client is waited for three times as long. */
const ANSWER_MS = 10_000;

const USUAL = "unix:///var/run/docker.sock";

/** The socket's path; undefined where the engine is elsewhere, or the client was told more than where it is. */
function findSocket(env: Variables): string | undefined {
  if (env.DOCKER_API_VERSION || !hasDockersClient(env.PATH)) return undefined;
  return /^unix:\/\/(\/.+)$/.exec(engineEndpoint("docker", env) ?? USUAL)?.[1];
}

/** Asks Docker's engine of this machine. Its answers never throw. */
export function askerOf(env: Variables): AskEngine {
  return async (path) => {
    const unix = findSocket(env);
    return unix === undefined ? undefined : await askSocket(unix, path);
  };
}

async function askSocket(unix: string, path: string): Promise<EngineAnswer | undefined> {
  try {
    const answer = await fetch(`http://docker/${path}`, {
      ...{ unix, signal: AbortSignal.timeout(ANSWER_MS), redirect: "error", keepalive: false },
      headers: { accept: "application/json" },
    });
    return { status: answer.status, body: await answer.json() };
  } catch {
    return undefined; // away, silent, forbidden, or no engine at all
  }
}
