import type { Remote, RemoteObject } from "./remote.ts";
import { damaged, persist } from "./trouble.ts";

/** Hands over all bytes of something at a remote, in order; where the connection is lost, what follows is asked for. */
export async function readWhole(
  remote: Remote,
  { name, sizeBytes }: Pick<RemoteObject, "name" | "sizeBytes">,
  abort: AbortSignal,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  let bytes = 0;
  const takeAlong = async (piece: Uint8Array) => {
    abort.throwIfAborted();
    bytes += piece.length;
    await take(piece);
  };
  const rest = async () => {
    if (bytes < sizeBytes) await remote.read(name, { from: bytes }, takeAlong);
  };
  await persist(rest, { abort, reached: () => bytes });
  if (bytes !== sizeBytes) throw damaged(`${remote.place(name)} has ${bytes} bytes, and should have ${sizeBytes}`);
}
