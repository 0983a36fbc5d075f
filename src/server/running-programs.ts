/** PostgreSQL's programs in the image of a container that runs here and publishes a server's port: they need no pull. */
import { captureDocker, dockerCommand, parseDockerJson } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import { engineIsLocal } from "../sys/engine-endpoint.ts";
import type { Runner } from "../sys/process.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { publishedPorts } from "./ports.ts";

const DOCKER_TIMEOUT_MS = 30_000;
const LOOPBACK = /^(localhost|127\.[\d.]+|::1)$/;
/** What a container is of, and what of it is published on this machine. */
const FACTS = '{"id":{{json .Id}},"image":{{json .Image}},"ports":{{json .NetworkSettings.Ports}}}';

/**
 * The id of the image; undefined where the address is none of this machine's, no container publishes the port, or the one
 * that does has no pg_dump of that version: it is a pooler, say.
 */
export async function findImageAt(
  runner: Runner,
  { host, port }: { host: string; port: number },
  major: number,
): Promise<string | undefined> {
  if (!LOOPBACK.test(host) || !engineIsLocal(engineOf(runner))) return undefined;
  const listed = await captureDocker(runner, ["ps", "-q", "--no-trunc"], { timeoutMs: DOCKER_TIMEOUT_MS });
  const ids = listed.split("\n").filter((id) => id !== "");
  if (ids.length === 0) return undefined;
  const inspect = ["inspect", "--type", "container", "--format", FACTS, ...ids];
  const said = await captureDocker(runner, inspect, { timeoutMs: DOCKER_TIMEOUT_MS, allowFailure: true });
  for (const line of said.split("\n").filter((each) => each !== "")) {
    const facts = parseDockerJson(line, "docker inspect");
    if (!publishedPorts(objectAt(facts, "ports")).has(port)) continue;
    const asked = dockerCommand(["exec", stringAt(facts, "id") ?? "", "pg_dump", "--version"]);
    const { stdout } = await runner.capture(asked, { allowFailure: true, timeoutMs: DOCKER_TIMEOUT_MS });
    if (new RegExp(`^pg_dump \\(PostgreSQL\\) ${major}\\b`).test(stdout)) return stringAt(facts, "image");
  }
  return undefined;
}
