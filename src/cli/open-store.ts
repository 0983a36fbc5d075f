/** The dumps' folder, made ready for an operation; and the keys by which a dump is known as one's own. */
import { dirname, join, resolve } from "node:path";
import { requireStoreFolder } from "../dump/store.ts";
import { configError } from "../errors.ts";
import { expandHome, isInside } from "../sys/files.ts";
import type { OperationTools } from "../sys/operation.ts";
import { requireTrust, type TrustContext } from "./trust.ts";
import { ownFolders } from "./trust-collect.ts";

/** The tools with the shared key, where there is one. Throws (exit 5) where a store within the repository was not approved. */
export async function openStore(context: TrustContext, tools: OperationTools): Promise<OperationTools> {
  const dumps = (await context.config())?.config.dumps;
  if (dumps?.dir !== undefined) await requireTrust(context, { keys: ["dumps.dir"] });
  const folder = await context.storeDir();
  await requireStoreFolder(folder);
  const sharedKey = dumps?.key_file === undefined ? undefined : await findSharedKey(context, dumps.key_file);
  const whole = sharedKey === undefined ? tools : { ...tools, sharedKey };
  await signWhatIsOwn(context, folder, whole, dumps?.dir === undefined);
  return whole;
}

/** Throws (exit 3) for a key in the repository: whoever may write there could sign with it. */
async function findSharedKey(context: TrustContext, written: string): Promise<string> {
  await requireTrust(context, { keys: ["dumps.key_file"] });
  const { dir } = await context.requireConfig();
  const file = resolve(dir, expandHome(written, context.home));
  if (!(await isInRepository(context, file))) return file;
  throw configError(
    `dumps.key_file lies in the repository, where it is no secret: ${file}`,
    "keep it elsewhere, and hand it on by other ways: ~/.config/pgrove/team.key",
  );
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

async function isInRepository(context: TrustContext, path: string): Promise<boolean> {
  const inside = await Promise.all((await ownFolders(context)).map((each) => isInside(each, path)));
  return inside.includes(true);
}
