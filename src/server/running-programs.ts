/** PostgreSQL's programs in the image of a container that runs here and publishes a server's port: they need no pull. */
import { dockerCommand } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import { engineIsLocal } from "../sys/engine-endpoint.ts";
import type { Runner } from "../sys/process.ts";
import { objectAt, stringAt } from "../sys/untyped.ts";
import { inspectAll } from "./engine-inspect.ts";
import { publishedPorts } from "./ports.ts";

const DOCKER_TIMEOUT_MS = 30_000;
const LOOPBACK = /^(localhost|127\.[\d.]+|::1)$/;

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
  for (const container of await inspectAll(runner)) {
    const ports = objectAt(objectAt(container, "NetworkSettings"), "Ports");
    if (stringAt(objectAt(container, "State"), "Status") !== "running" || !publishedPorts(ports).has(port)) continue;
    const asked = dockerCommand(["exec", stringAt(container, "Id") ?? "", "pg_dump", "--version"]);
    const { stdout } = await runner.capture(asked, { allowFailure: true, timeoutMs: DOCKER_TIMEOUT_MS });
    if (new RegExp(`^pg_dump \\(PostgreSQL\\) ${major}\\b`).test(stdout)) return stringAt(container, "Image");
  }
  return undefined;
}
