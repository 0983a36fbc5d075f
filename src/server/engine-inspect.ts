/** What the engine says of containers, each as `docker inspect` shows it: asked by its socket where that can be, else of its client. */
import { captureDocker, parseDockerJson } from "../sys/docker.ts";
import type { EngineAnswer } from "../sys/engine-socket.ts";
import type { Runner } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import { stringAt } from "../sys/untyped.ts";
import { listOnEngine } from "./engine-list.ts";

const TIMEOUT_MS = 30_000;

/** The container of that name or id; undefined when there is none. Throws (exit 4) without an engine. */
export async function inspectNamed(runner: Runner, container: string): Promise<unknown> {
  const answer = await askFor(runner, container);
  if (answer !== undefined) return answer.status === 200 ? answer.body : undefined;
  try {
    return (await inspectByClient(runner, [container]))[0];
  } catch (error) {
    if (error instanceof ToolError && isUnknown(error.failure.stderr.join("\n"))) return undefined;
    throw error;
  }
}

/** All that there are, stopped ones included, but for those that are removed meanwhile. Throws (exit 4) without an engine. */
export async function inspectAll(runner: Runner): Promise<unknown[]> {
  const ids = (await listOnEngine(runner, "container", [])).map(({ id }) => id);
  if (ids.length === 0) return [];
  const answers = await Promise.all(ids.map((id) => askFor(runner, id)));
  const known = answers.filter((answer) => answer !== undefined);
  if (known.length === ids.length) return known.filter(({ status }) => status === 200).map(({ body }) => body);
  // One that was removed meanwhile makes the client complain, after it has shown the others.
  return await inspectByClient(runner, ids, true);
}

/** What can stand in a path as it is. */
const PLAIN_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The container (200), or that there is none (404); undefined where the client is to be asked. */
async function askFor(runner: Runner, container: string): Promise<EngineAnswer | undefined> {
  if (!PLAIN_NAME.test(container)) return undefined;
  const answer = await runner.ask?.(`containers/${container}/json`);
  if (answer?.status === 200) return stringAt(answer.body, "Id") === undefined ? undefined : answer;
  return answer?.status === 404 && isUnknown(stringAt(answer.body, "message")) ? answer : undefined;
}

async function inspectByClient(
  runner: Runner,
  containers: readonly string[],
  allowFailure = false,
): Promise<unknown[]> {
  const args = ["inspect", "--type", "container", "--", ...containers];
  const said = await captureDocker(runner, args, { timeoutMs: TIMEOUT_MS, allowFailure });
  const answer = parseDockerJson(said, `the container ${containers.join(", ")}`);
  return Array.isArray(answer) ? answer : [];
}

function isUnknown(said = ""): boolean {
  return /no such (object|container)/i.test(said);
}
