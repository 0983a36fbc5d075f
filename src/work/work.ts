/**
 * Work inside a server: an operation with a control session that shows the run alive, claims its databases, clears
 * what killed runs left, and ends the run's own sessions when the work is interrupted or fails.
 */

import { messageOf } from "../errors.ts";
import { connectForAdmin, endDeadRunSessions, endRunSessions } from "../postgres/admin.ts";
import { type Claim, claimDatabases, claimRun, dropDeadScratch, isAtWork } from "../postgres/claims.ts";
import { codeOf } from "../postgres/connect.ts";
import { isLostCode } from "../postgres/lost-connection.ts";
import { endSession, withOpened } from "../postgres/session.ts";
import type { Programs, Sql, Stage, Toolbox } from "../postgres/toolbox.ts";
import { requireUnprotected } from "../resolve/guard.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { type Operation, type OperationTools, withOperation } from "../sys/operation.ts";
import { explainWorkError } from "./explain.ts";
import { clearLeftovers, rememberStage } from "./leftovers.ts";

export interface WorkSubject {
  operation: string;
  claims: readonly Claim[];
  /** Databases that the control session must stay out of. When it may be in the target's, `control` names it. */
  avoid?: readonly string[];
  control?: string;
}

export interface Work {
  operation: Operation;
  tools: OperationTools;
  toolbox: Toolbox;
  /** The session that holds the claims. */
  control: Sql;
  /** Does something on the control session that may take long or wait: cancelled when the run is interrupted. */
  interruptible<T>(body: () => Promise<T>): Promise<T>;
  /**
   * Clears up inside the server: by the control session or, where that was lost, as when the server has restarted, by one
   * of its own. What is done has to bear being begun twice.
   */
  clearUp<T>(body: (sql: Sql) => Promise<T>): Promise<T>;
  /** A folder for files beside programs, the server's or others; written down and removed at the end. */
  stage(programs?: Programs): Promise<Stage>;
}

const POLL_MS = 150;
const END_WAIT_MS = 5_000;

/** Runs the body as one operation on the target's server. */
export async function withWork<T>(
  tools: OperationTools,
  live: LiveTarget,
  subject: WorkSubject,
  body: (work: Work) => Promise<T>,
): Promise<T> {
  const { operation } = subject;
  const named = { operation, target: live.target.label, server: live.server.label, database: live.database };
  return await withOperation(tools, named, async (begun) => {
    try {
      return await workInside(begun, tools, live, subject, body);
    } catch (error) {
      throw await explainWorkError(error, operation, live.server, tools.abort);
    }
  });
}

async function workInside<T>(
  operation: Operation,
  tools: OperationTools,
  live: LiveTarget,
  subject: WorkSubject,
  body: (work: Work) => Promise<T>,
): Promise<T> {
  const { toolbox, database } = live;
  const connect = async () =>
    subject.control === undefined
      ? await connectForAdmin(toolbox, operation.run, subject.avoid ?? [database])
      : await toolbox.connect(subject.control, operation.run, { control: true });
  const control = await connect();
  operation.defer(() => endSession(control));
  await requireUnprotected(control, live, { operation: subject.operation, stateDir: tools.stateDir });
  await claimRun(control, operation.run);
  await clearOldWork(tools, control, live, subject.control === undefined);
  const wait = { waitMs: tools.lockWaitMs ?? 0, abort: operation.abort, note: tools.note };
  await claimDatabases(control, subject.claims, wait);
  const stage = async (programs: Programs = toolbox) => {
    const made = await programs.stage(operation.run);
    const forget = await rememberStage(operation, live.server, programs.place, made);
    operation.defer(async () => {
      await made.remove();
      await forget();
    });
    return made;
  };
  const interruptible = <T>(part: () => Promise<T>) => cancelling(operation, control, connect, part);
  const clearUp = async <T>(part: (sql: Sql) => Promise<T>): Promise<T> => {
    try {
      return await part(control);
    } catch (error) {
      if (!isLostCode(codeOf(error) ?? "")) throw error;
      return await withOpened(connect, part);
    }
  };
  const work = { operation, tools, toolbox, control, interruptible, clearUp, stage };
  return await endingSessions(work, () => body(work));
}

async function clearOldWork(tools: OperationTools, control: Sql, live: LiveTarget, mayDrop: boolean): Promise<void> {
  await clearLeftovers(tools, live.server.label, {
    isAtWork: (run) => isAtWork(control, run),
    end: (run) => endAll(() => endDeadRunSessions(control, run)), // else its claims would outlive it
  });
  if (!mayDrop) return; // a session in the target itself, for reading: the next run that writes drops
  const dropped = await dropDeadScratch(control, (database, error) => {
    tools.note(`${database}, which an interrupted run has left, cannot be dropped yet: ${messageOf(error)}`);
  });
  if (dropped.length > 0) tools.note(`dropped scratch databases of interrupted runs: ${dropped.join(", ")}`);
}

/** The body; when it is aborted or fails, the run's other sessions in the server are ended until none is left. */
async function endingSessions<T>(
  { operation, clearUp }: Pick<Work, "operation" | "clearUp">,
  body: () => Promise<T>,
): Promise<T> {
  const end = () => clearUp((sql) => endRunSessions(sql, operation.run));
  let settled = false;
  const onAbort = async () => {
    while (!settled) {
      await end().catch(() => 0); // a server that is gone has ended them itself
      await Bun.sleep(POLL_MS);
    }
  };
  const listener = () => void onAbort();
  operation.abort.addEventListener("abort", listener, { once: true });
  try {
    return await body();
  } catch (error) {
    await endAll(end);
    throw error;
  } finally {
    settled = true;
    operation.abort.removeEventListener("abort", listener);
  }
}

/** The body; once the run is interrupted, a second session cancels what the control session does until it returns. */
async function cancelling<T>(
  { abort }: Operation,
  control: Sql,
  connect: () => Promise<Sql>,
  body: () => Promise<T>,
): Promise<T> {
  abort.throwIfAborted();
  const [own] = await control<{ pid: number }[]>`select pg_backend_pid() as pid`;
  let settled = false;
  let ending: Promise<void> | undefined;
  const cancel = async (second: Sql) => {
    while (!settled) {
      await second`select pg_cancel_backend(${own?.pid ?? 0})`;
      await Bun.sleep(POLL_MS);
    }
  };
  const onAbort = () => {
    ending = withOpened(connect, cancel).catch(() => undefined); // a server that is gone has cancelled it itself
  };
  abort.addEventListener("abort", onAbort, { once: true });
  try {
    return await body();
  } finally {
    settled = true;
    abort.removeEventListener("abort", onAbort);
    await ending;
  }
}

/** Ends sessions until none is left to end. */
async function endAll(end: () => Promise<number>): Promise<void> {
  const until = Date.now() + END_WAIT_MS;
  while (Date.now() < until) {
    const left = await end().catch(() => 0);
    if (left === 0) return;
    await Bun.sleep(POLL_MS);
  }
}
