/** The remotes of dumps.remote, approved and open. */
import { dirname, join } from "node:path";
import type { RemoteConfig, RemoteKind } from "../config/schema-remote.ts";
import { configError, usageError } from "../errors.ts";
import type { Remote } from "../remote/remote.ts";
import { thisObserver } from "../sys/machine.ts";
import type { Context } from "./context.ts";
import { defineArgs } from "./grammar.ts";
import { requireTrust } from "./trust.ts";

/** `--remote [NAME]` of what looks at a remote or at the store. */
export const AT_REMOTE = defineArgs({
  remote: {
    type: "string",
    valueHint: "NAME",
    optionalValue: true,
    description: "at the remote of dumps.remote instead: s3, dir or ssh, where there are several",
  },
});

/** `--remote NAME` of what has to do with remotes anyway. */
export const WHICH_REMOTE = defineArgs({
  remote: { type: "string", valueHint: "NAME", description: "the remote: s3, dir or ssh, where there are several" },
});

/** A name of one folder, wherever it is: what leads out of it, is hidden, or looks like a flag is none. */
const FOLDER_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}._ -]{0,99}$/u;

/** The folder of this machine at every remote. Throws (exit 3) where it was given a name that is none of a folder. */
export function ownHost(context: Pick<Context, "environment">): string {
  const { machine } = thisObserver(context.environment);
  if (FOLDER_NAME.test(machine)) return machine;
  throw configError(
    `PGROVE_MACHINE names the folder of this machine's dumps at a remote, and ${JSON.stringify(machine)} is no name of one`,
    "up to 100 letters, digits, and . _ - or blanks within, such as PGROVE_MACHINE=web-1",
  );
}

/** Which remotes are meant: all, or the named one. Throws (exit 2, 3) when there is none, (exit 5) when it is not approved. */
export async function chooseRemotes(context: Context, named: string | undefined): Promise<RemoteKind[]> {
  const config = await requireRemotes(context);
  const { chooseKinds } = await import("../remote/open-remote.ts");
  const kinds = chooseKinds(config, named);
  await requireTrust(context, { keys: ["dumps.remote"] });
  return kinds;
}

/** All remotes, or the named one. Throws as `chooseRemotes`, and (exit 4) when one is not there. */
export async function openRemotes(context: Context, named: string | undefined): Promise<Remote[]> {
  const opened: Remote[] = [];
  for (const kind of await chooseRemotes(context, named)) opened.push(await openRemoteOf(context, kind));
  return opened;
}

/** The only remote, or the named one. Throws as `openRemotes`, and (exit 2) where one has to be named. */
export async function openOneRemote(context: Context, named: string | undefined): Promise<Remote> {
  const { chooseKinds } = await import("../remote/open-remote.ts");
  const kinds = chooseKinds(await requireRemotes(context), named);
  if (kinds.length > 1) throw usageError(`which remote? ${kinds.join(", ")}`, `--remote ${kinds[0]}`);
  const [remote] = await openRemotes(context, kinds[0]);
  if (remote === undefined) throw usageError("there is no remote");
  return remote;
}

async function requireRemotes(context: Context): Promise<RemoteConfig> {
  const { remote } = (await context.requireConfig()).config.dumps;
  if (remote !== undefined) return remote;
  throw configError("pgrove.yaml has no dumps.remote", "dumps: {remote: {dir: /mnt/backup}}; or s3, or ssh");
}

/** One that was chosen. Throws (exit 4) when it is not there. */
export async function openRemoteOf(context: Context, kind: RemoteKind): Promise<Remote> {
  const config = await requireRemotes(context);
  const { openRemote } = await import("../remote/open-remote.ts");
  const { runner, clock, environment, home, output, userKey } = context;
  const loaded = await context.requireConfig();
  return await openRemote(kind, config, {
    ...{ runner, clock, environment, home, note: output.note, abort: context.interruptions().abort },
    ...{ project: loaded.config.project, baseDir: loaded.dir },
    usedFolder: join(dirname(userKey), "remotes"),
  });
}
