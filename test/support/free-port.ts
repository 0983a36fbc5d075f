/** Ports for what can only be told a number: chosen where the kernel takes none for connections of its own. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below what Linux and macOS hand out, and beside the ports that pgrove's tests name. */
const [FROM, TO] = [10_000, 20_000];
const TRIES = 100;

/** A port of loopback that nothing listens on, the first of as many. Nobody else is given them by the kernel before they are used. */
export async function findFreePort(count = 1): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const first = randomInt(FROM, TO);
    const free = await Promise.all(Array.from({ length: count }, (_, at) => isFree(first + at)));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no free port from ${FROM} to ${TO}`);
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = createServer();
  probe.once("error", () => resolve(false));
  probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  return await promise;
}
