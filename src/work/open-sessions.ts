/** Opens a target for sessions alone: without PostgreSQL's programs where they are not needed, and with patience. */
import { missingError, PgroveError } from "../errors.ts";
import { openConnection } from "../postgres/connect.ts";
import { endSession } from "../postgres/session.ts";
import type { Toolbox } from "../postgres/toolbox.ts";
import { type LiveTarget, openTarget, type Target } from "../resolve/target.ts";
import { openServer } from "../server/open-server.ts";
import type { Server, ServerTools } from "../server/server.ts";
import { newRunId } from "../sys/run-id.ts";

const RETRY_EVERY_MS = 250;

/** What a server that is being started, or a host that is being set up, looks like from here. */
const NOT_THERE_YET = new Set([
  ...["server_down", "server_starting", "server_absent", "container_absent"],
  ...["server_unreachable", "host_unknown"],
]);

export interface Patience {
  /** How long to wait for a server that is not there yet; left out, not at all. */
  waitMs?: number;
  abort?: AbortSignal;
}

/**
 * The target for work that needs sessions: of a server that this machine reaches by itself nothing is asked beforehand, and
 * its toolbox can only connect; `server.open()` makes the whole one. Throws (exit 4) when the server is not there in time.
 */
export async function openForSessions(
  target: Target,
  tools: ServerTools,
  { waitMs = 0, abort }: Patience = {},
): Promise<LiveTarget> {
  const until = Date.now() + waitMs;
  let told = false;
  for (;;) {
    abort?.throwIfAborted();
    try {
      return await openOnce(target, tools, waitMs > 0);
    } catch (error) {
      if (!(error instanceof PgroveError && NOT_THERE_YET.has(error.code)) || Date.now() >= until) throw error;
      if (!told) tools.note(`waiting: ${error.message}`);
      told = true;
      await Bun.sleep(RETRY_EVERY_MS);
    }
  }
}

async function openOnce(target: Target, tools: ServerTools, prove: boolean): Promise<LiveTarget> {
  const { kind } = target.server;
  if (kind !== "url") return await openTarget(target, tools);
  const server = openServer(target.server, target.login, tools);
  const { database, user } = await server.access();
  const toolbox = connectingToolbox(server, user);
  if (prove) await toolbox.connect(database, newRunId(new Date())).then(endSession);
  return { target, server, database, toolbox };
}

/** A toolbox that connects, and has no programs: a container that only migrates has neither psql nor docker. */
function connectingToolbox(server: Server, user: string): Toolbox {
  const lacking = (): never => {
    throw missingError("programs_missing", `PostgreSQL's programs were not opened for ${server.label}`);
  };
  return {
    label: server.label,
    place: "host",
    user,
    major: undefined,
    command: lacking,
    interactive: lacking,
    connect: async (database, run, options = {}) => {
      const connection = await server.reach(database);
      if (connection === undefined) return lacking();
      return await openConnection(connection, run, { ...options, label: server.label });
    },
    stage: lacking,
    freeDataBytes: () => Promise.resolve(undefined),
  };
}
