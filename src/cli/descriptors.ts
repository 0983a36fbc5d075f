/** Writes to this process's stdout and stderr, whatever they are. */
import { readFileSync, write } from "node:fs";
import { once } from "../sys/once.ts";

const LONGEST_PAUSE_MS = 10;

/**
 * Writes all of it, waiting where a non-blocking pipe is full; throws as the system does when it cannot be. By the system
 * call itself, since everything else has its price: Bun.write repeats bytes on such a pipe, Bun's own writer makes it one
 * for every program that shares it and leaves it so, and process.stdout costs 10 ms at start.
 */
export async function writeAll(descriptor: 1 | 2, chunk: string | Uint8Array): Promise<void> {
  if (wasClosed[descriptor]()) throw Object.assign(new Error("bad file descriptor"), { code: "EBADF" });
  const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
  let pauseMs = 0;
  for (let done = 0; done < bytes.length; ) {
    const written = await writeSome(descriptor, bytes.subarray(done));
    if (written === undefined) await Bun.sleep(Math.min(++pauseMs, LONGEST_PAUSE_MS));
    else [done, pauseMs] = [done + written, 0];
  }
}

/** How many bytes were taken; undefined when there is no room just now. */
function writeSome(descriptor: 1 | 2, bytes: Uint8Array): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, (error, written) => {
      if (!error) resolve(written);
      else if (error.code === "EAGAIN") resolve(undefined);
      else reject(error);
    });
  });
}

const O_CLOEXEC = 0o2000000;

const wasClosed = { 1: once(() => isStandIn(1)), 2: once(() => isStandIn(2)) };

/**
 * Whether the descriptor was closed when the process began (`>&-`): Bun opens /dev/null in its place, which would take an
 * answer that nobody ever gets. What was handed down cannot carry the flag of what is closed on exec; Bun's own does.
 */
function isStandIn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
  } catch {
    return false; // no /proc to ask
  }
}
