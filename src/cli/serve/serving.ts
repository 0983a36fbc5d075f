/** `serve` from its options to its end. */
import { rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { version } from "../../../package.json";
import { messageOf, usageError } from "../../errors.ts";
import { trustFile } from "../../repo/trust.ts";
import { listTokens } from "../../serve/access-tokens.ts";
import { planListening, type TlsFiles } from "../../serve/listening.ts";
import { type Served, startServing } from "../../serve/serve.ts";
import { writeFileAtomic } from "../../sys/files.ts";
import type { Command } from "../../sys/process.ts";
import type { Context } from "../context.ts";
import { tokenPlace } from "./token-place.ts";

interface ServeArgs {
  listen: string | undefined;
  open: boolean;
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  behindProxy: string | undefined;
}

/** Serves until a signal ends it. `begun` is told where, and gives what a browser is to open. */
export async function serveUntilEnded(
  context: Context,
  args: ServeArgs,
  begun: (served: Served) => Promise<string>,
): Promise<void> {
  if (context.flags.envFile !== undefined) {
    throw usageError("serve takes no --env-file", "name it in pgrove.yaml: environments: {staging: {env_file: …}}");
  }
  const tls = readTls(context, args);
  const tokens = await tokenPlace(context);
  const [loaded, repository] = await Promise.all([context.requireConfig(), context.repository()]);
  if (repository === undefined) return;
  const hasTokens = (await listTokens(tokens)).length > 0;
  const exposure = { tls, behindProxy: args.behindProxy, hasTokens };
  const listening = await planListening(args.listen, exposure);
  const { abort } = context.interruptions();
  const { runner, clock, environment, home } = context;
  const served = await startServing({
    ...{ listening, tls, repository, loaded, tokens, runner, clock, environment },
    ...{ stateDir: await context.stateDir(), storeDir: await context.storeDir() },
    ...{ trustFile: trustFile(environment, home), own: ownProgram(), pgroveVersion: version },
    complain: (error) => context.output.warn(`a request failed: ${messageOf(error)}`),
  });
  const way = join(await context.stateDir(), "open-page.html");
  try {
    const page = await begun(served);
    if (args.open) await openBrowser(context, page, way);
    await untilAborted(abort);
  } finally {
    if (args.open) await rm(way, { force: true });
    await served.stop();
  }
}

function readTls({ cwd }: Context, { tlsCert, tlsKey }: ServeArgs): TlsFiles | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw usageError("--tls-cert and --tls-key belong together");
  return { certificate: resolve(cwd, tlsCert), key: resolve(cwd, tlsKey) };
}

/** This program: one file when it was built, Bun and the source else. */
function ownProgram(): { file: string; args: string[] } {
  const isBuilt = import.meta.path.startsWith("/$bunfs/") || import.meta.path.includes("~BUN");
  const main = resolve(dirname(import.meta.path), "../../main.ts");
  return { file: process.execPath, args: isBuilt ? [] : [main] };
}

async function untilAborted(abort: AbortSignal): Promise<void> {
  if (abort.aborted) return;
  await new Promise<void>((done) => abort.addEventListener("abort", () => done(), { once: true }));
}

const OPENERS: Readonly<Record<string, [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/**
 * By way of a file that only we can read: the words of a command, and so a token among them, are there for all users of the
 * machine. A browser that cannot be opened is no failure: the URL is on the screen.
 */
async function openBrowser({ runner, output }: Context, page: string, way: string): Promise<void> {
  const refresh = `<meta http-equiv="refresh" content="0; url=${page}">`;
  await writeFileAtomic(way, `<!doctype html><title>pgrove</title>${refresh}\n`, { mode: 0o600, durable: false });
  const [file, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const command: Command = { file, args: [...args, pathToFileURL(way).href], env: {}, secrets: [] };
  await runner
    .capture(command, { timeoutMs: 5_000 })
    .catch(() => output.note("no browser could be opened; the URL is above"));
}
