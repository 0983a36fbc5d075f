/** The dumps' folder, made ready for an operation; and the keys by which a dump is known as one's own. */
import { dirname, join } from "node:path";
import { requireStoreFolder } from "../dump/store.ts";
import type { OperationTools } from "../sys/operation.ts";
import { createDumpKeys } from "./dump-keys.ts";
import { findOutside, isInRepository } from "./outside-repository.ts";
import { requireTrust, type TrustContext } from "./trust.ts";

/** The tools with the shared key, where there is one. Throws (exit 5) where a store within the repository was not approved. */
export async function openStore(context: TrustContext, tools: OperationTools): Promise<OperationTools> {
  const dumps = (await context.config())?.config.dumps;
  if (dumps?.dir !== undefined) await requireTrust(context, { keys: ["dumps.dir"] });
  const folder = await context.storeDir();
  // Whoever writes into it asks once more, and says what is wrong: one that can only be read is still there to restore from.
  const isWritable = await requireStoreFolder(folder).then(
    () => true,
    () => false,
  );
  const sharedKey = dumps?.key_file === undefined ? undefined : await findSharedKey(context, dumps.key_file);
  const dumpKeys = createDumpKeys(context, dumps);
  const whole = { ...tools, dumpKeys, ...(sharedKey === undefined ? {} : { sharedKey }) };
  if (isWritable) await signWhatIsOwn(context, folder, whole, dumps?.dir === undefined);
  return whole;
}

/** Whoever may write to the repository could sign with a key that lies there. */
async function findSharedKey(context: TrustContext, written: string): Promise<string> {
  await requireTrust(context, { keys: ["dumps.key_file"] });
  return await findOutside(context, "dumps.key_file", written);
}

/** Dumps of before, in a store that is not the repository's. */
async function signWhatIsOwn(
  context: TrustContext,
  folder: string,
  tools: OperationTools,
  isUsual: boolean,
): Promise<void> {
  const seenFile = join(dirname(tools.userKey), "stores.json");
  const { findUnseen, signOldStore } = await import("../dump/sign-store.ts");
  if (!(await findUnseen(folder, seenFile)) || (await isInRepository(context, folder))) return;
  await signOldStore({ folder, seenFile, isUsual }, tools);
}
