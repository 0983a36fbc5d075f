/** Says why work inside a server failed: the server went away, or it refused a statement. */
import { failure, PgroveError } from "../errors.ts";
import { codeOf } from "../postgres/connect.ts";
import { isLostCode } from "../postgres/lost-connection.ts";
import { READ_ONLY_CODE, READ_ONLY_WAYS } from "../postgres/read-only.ts";
import type { Server, ServerState } from "../server/server.ts";
import { ToolError } from "../sys/tool-error.ts";

/** How long docker may take until it says that a container has ended whose programs were cut off. */
const END_SEEN_MS = 2_000;
const POLL_MS = 100;

/** Why a server had no room, in words, with the way out. */
export interface Explanation {
  /** The error's code. */
  code: string;
  why: string;
  hint: string;
}

/** What is full: both say that there is no space left on a device. Undefined where that is not what was said. */
export function explainFull(said: string): Explanation | undefined {
  if (/could not resize shared memory segment/i.test(said)) {
    return {
      code: "server_shm_full",
      why: "the server's shared memory (/dev/shm) is full, and not its disk",
      hint: "give the container more: shm_size: 256mb in the compose file, or docker run --shm-size=256m",
    };
  }
  if (!/No space left on device/i.test(said)) return undefined;
  return {
    code: "server_disk_full",
    why: "the server's disk is full",
    hint: "make room on the server's disk, then try again",
  };
}

const LOST_WORDS = /server closed the connection|terminating connection|the connection to it was lost/;

/** The error, in words that name the server when that is what failed. What was interrupted stays as it is. */
export async function explainWorkError(
  error: unknown,
  operation: string,
  server: Server,
  abort: AbortSignal,
): Promise<unknown> {
  const tool = toolErrorIn(error);
  if (abort.aborted || (error instanceof PgroveError && tool === undefined)) return error;
  const code = codeOf(error) ?? "";
  const lost = tool === undefined ? isLostCode(code) : LOST_WORDS.test(tool.message);
  if (lost) {
    const state = await waitForEnd(server);
    if (state.condition !== "running") return gone(error, operation, server.label, state);
  }
  const message = error instanceof Error ? error.message : String(error);
  const full = tool === undefined || error === tool ? explainFull(message) : undefined;
  if (full !== undefined) {
    const { code: what, why, hint } = full;
    return failure(what, `the ${operation} failed on ${server.label}: ${why}\n${message}`, hint, error);
  }
  if (error === tool)
    return failure("tool_failed", `the ${operation} failed on ${server.label}: ${message}`, undefined, error);
  if (lost) {
    return failure(
      "connection_lost",
      `the connection to ${server.label} was lost during the ${operation}: ${message}`,
      "pgrove status",
      error,
    );
  }
  if (!/^[0-9A-Z]{5}$/.test(code)) return error;
  const hint = code === READ_ONLY_CODE ? READ_ONLY_WAYS : undefined;
  return failure("statement_failed", `the ${operation} failed on ${server.label}: ${message}`, hint, error);
}

function toolErrorIn(error: unknown): ToolError | undefined {
  if (error instanceof ToolError) return error;
  return error instanceof PgroveError && error.cause instanceof ToolError ? error.cause : undefined;
}

async function waitForEnd(server: Server): Promise<ServerState> {
  const until = Date.now() + END_SEEN_MS;
  for (;;) {
    const state = await server.inspect(true);
    if (state.condition !== "running" || Date.now() >= until) return state;
    await Bun.sleep(POLL_MS);
  }
}

function gone(error: unknown, operation: string, label: string, { condition, detail }: ServerState): PgroveError {
  const why = detail === undefined ? condition : `${condition}, ${detail}`;
  return failure(
    "server_gone",
    `${label} is not running any more (${why}); the ${operation} was not finished`,
    "pgrove up, then try again",
    error,
  );
}
