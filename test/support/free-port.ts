/** Ports for what can only be told a number: chosen where the kernel takes none for connections of its own. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below what Linux and macOS hand out, and beside the ports that pgrove's tests name. */
const [FROM, TO] = [10_000, 20_000];
const TRIES = 100;

/** A port of loopback that nothing listens on. Nobody else is given it by the kernel before it is used. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(FROM, TO);
    if (await isFree(port)) return port;
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
