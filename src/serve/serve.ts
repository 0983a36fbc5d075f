/** The server: an address, an application behind it, and an end in order. */
import type { Environment } from "../config/env-vars.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { missingError } from "../errors.ts";
import type { Repository } from "../repo/git.ts";
import type { Clock } from "../sys/clock.ts";
import { errorCode } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import { findGrant, type Grant, isSecret, makeSecret, type TokenPlace } from "./access-tokens.ts";
import { AnswerCache } from "./answer-cache.ts";
import { createApp } from "./app.ts";
import { createConfigReader } from "./config-reader.ts";
import { Jobs } from "./jobs.ts";
import { type Listening, ownNames, type TlsFiles } from "./listening.ts";
import { createOwnProgram } from "./own-program.ts";
import { listWatched } from "./watched-files.ts";

export interface ServeOptions {
  listening: Listening;
  tls: TlsFiles | undefined;
  repository: Pick<Repository, "root" | "commonDir" | "mainRoot">;
  loaded: LoadedConfig;
  stateDir: string;
  storeDir: string;
  trustFile: string;
  tokens: TokenPlace;
  runner: Runner;
  clock: Clock;
  environment: Environment;
  /** The program that runs the commands, and what stands before their names. */
  own: { file: string; args: readonly string[] };
  pgroveVersion: string;
  complain(error: unknown): void;
}

export interface Served {
  /** Where it is asked. */
  url: string;
  /** The token of this run; undefined beyond this machine, where only made ones count. */
  token: string | undefined;
  /** Ends it: jobs first, then streams, then the address. */
  stop(): Promise<void>;
}

/** Larger bodies are refused before they are read. */
const MOST_BODY_BYTES = 64 * 1024;
/** Seconds after which a connection that says nothing is closed; a stream of events has a beat of its own, and does not last longer unread. */
const IDLE_S = 120;

/** Opens the address. Throws (exit 4) where it cannot be had. */
export async function startServing(options: ServeOptions): Promise<Served> {
  const { clock, listening, environment, loaded, tokens } = options;
  const ending = new AbortController();
  const config = createConfigReader(loaded, environment);
  const program = createOwnProgram({ ...options, ...options.own, cwd: options.repository.root });
  const cache = new AnswerCache({
    watched: () => listWatched({ ...options, ...placeOf(options), config }),
    nowMs: () => performance.now(),
  });
  const jobs = new Jobs({ program, clock, stateDir: options.stateDir });
  const own = listening.isLoopback ? makeSecret() : undefined;
  const findOwnGrant = async (text: string): Promise<Grant | undefined> => {
    if (own !== undefined && isSecret(text, own.hash)) return { id: "start", scope: "admin", targets: [] };
    return await findGrant(tokens, text, clock.now());
  };
  let server: Bun.Server<undefined> | undefined;
  const app = createApp({
    ...{ program, cache, jobs, clock, config, environment, ending: ending.signal },
    ...{ pgroveVersion: options.pgroveVersion, complain: options.complain },
    names: () => ownNames(listening, server?.port ?? listening.port),
    ...{ findGrant: findOwnGrant, nowMs: () => performance.now() },
    clientOf: (request) => server?.requestIP(request)?.address ?? "",
  });
  server = listen(options, app.fetch);
  const running = server;
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${shownHost(listening)}:${running.port}/`,
    token: own?.text,
    stop: async () => {
      await jobs.close();
      ending.abort();
      await running.stop(true);
    },
  };
}

function placeOf({ repository }: ServeOptions) {
  return { root: repository.mainRoot ?? repository.root, commonDir: repository.commonDir };
}

function shownHost({ address }: Listening): string {
  return address.includes(":") ? `[${address}]` : address;
}

function listen(
  { listening, tls }: ServeOptions,
  answer: (request: Request) => Response | Promise<Response>,
): Bun.Server<undefined> {
  const { address, port } = listening;
  try {
    return Bun.serve({
      ...{ hostname: address, port, idleTimeout: IDLE_S, maxRequestBodySize: MOST_BODY_BYTES, development: false },
      reusePort: false, // else, not being in development, two servers would share it, and each get some of the requests
      ...(tls === undefined ? {} : { tls: { cert: Bun.file(tls.certificate), key: Bun.file(tls.key) } }),
      fetch: answer,
    });
  } catch (error) {
    const where = `${address}:${port}`;
    const taken = errorCode(error) === "EADDRINUSE" ? "somebody else has it" : "the system does not give it";
    throw missingError(
      "address_taken",
      `${where} cannot be listened on: ${taken}`,
      "pgrove serve --listen 127.0.0.1:0",
    );
  }
}
