/** Provisioning as `new`, `provision` and the git hook ask for it, and how its outcome is told. */
import { resolve } from "node:path";
import type { LoadedConfig } from "../config/load-config.ts";
import { usageError } from "../errors.ts";
import { formatConnectionUrl } from "../postgres/url.ts";
import type { InitialData } from "../repo/registry.ts";
import { expandHome } from "../sys/files.ts";
import type { Provisioned, ProvisionRequest } from "../worktree/provision.ts";
import type { Context } from "./context.ts";
import { formatBytes, formatDuration } from "./format.ts";
import { askAboutSessions } from "./sessions.ts";

/** How the user may be asked, and what was said on the command line. */
export interface ProvisionChoice {
  /** Run setup steps at all. */
  setup: boolean;
  start: boolean;
  /** Nobody is asked anything: a git hook runs. */
  silent: boolean;
}

/** The request that a command makes of provisioning. */
export async function provisionRequest(
  context: Context,
  data: InitialData,
  choice: ProvisionChoice,
): Promise<Omit<ProvisionRequest, "name">> {
  const { cwd, home } = context;
  return {
    data,
    start: choice.start,
    dumps: { storeDir: await context.storeDir(), cwd, home },
    whenBusy: async (label, sessions) => (choice.silent ? "stream" : await askAboutSessions(context, label, sessions)),
    maySetUp: () => maySetUp(context, choice),
  };
}

async function maySetUp(context: Context, { setup, silent }: ProvisionChoice): Promise<boolean> {
  if (!setup) return false;
  const { isConfigTrusted, requireTrust } = await import("./trust.ts");
  if (silent) return await isConfigTrusted(context);
  await requireTrust(context);
  return true;
}

/** What `worktrees.data` of pgrove.yaml means; a path in it is relative to the file. */
export function readConfiguredData({ config, dir }: LoadedConfig, home: string): InitialData {
  const { data } = config.worktrees;
  if (data === "copy") return { kind: "copy", source: "main" };
  if (data === "empty") return { kind: "empty" };
  const isPath = data.includes("/") || data.startsWith("~");
  return { kind: "dump", dump: isPath ? resolve(dir, expandHome(data, home)) : data, configured: true };
}

/** What a command is to start with: what the command line says, else the usual, which is its user's choice then. */
export function chooseData(
  given: { copy: string | undefined; restore: string | undefined; empty: boolean },
  usual: InitialData,
): InitialData {
  const choices: InitialData[] = [
    ...(given.copy === undefined ? [] : [{ kind: "copy" as const, source: given.copy }]),
    ...(given.restore === undefined ? [] : [{ kind: "dump" as const, dump: given.restore }]),
    ...(given.empty ? [{ kind: "empty" as const }] : []),
  ];
  if (choices.length > 1) throw usageError("--copy, --restore and --empty exclude each other", "choose one of them");
  if (choices[0] !== undefined) return choices[0];
  return usual.kind === "dump" ? { kind: "dump", dump: usual.dump } : usual;
}

/** The lines that tell what was provisioned. */
export function describeProvisioned({ row, data, env, shared, setup }: Provisioned): [string, string | undefined][] {
  const { made } = data;
  const place = row.schema ? `${row.schema} in ${row.database}` : row.database;
  const came = made === undefined ? "was there already" : describeMade(made);
  return [
    [row.schema ? "schema" : "database", `${place}  ${came}`],
    ["env", env === undefined ? "not written: the database publishes no port" : describeEnv(env)],
    ["shared", describeShared(shared)],
    ["setup", setup === "skipped" ? "left out: pgrove trust, then pgrove provision" : undefined],
  ];
}

function describeMade({ how, from, sizeBytes, durationMs }: NonNullable<Provisioned["data"]["made"]>): string {
  const took = `in ${formatDuration(durationMs)}`;
  if (how === "empty") return `empty, ${took}`;
  const verb = how === "dump" ? "restored from" : "copied from";
  return `${verb} ${from ?? "main"}: ${formatBytes(sizeBytes)} ${took}${how === "dump" ? "" : ` (${how})`}`;
}

function describeShared(shared: Provisioned["shared"]): string | undefined {
  const parts = shared.map(({ path, how, reason }) => (how === "skipped" ? `${path} left out (${reason})` : path));
  return parts.length === 0 ? undefined : parts.join(", ");
}

function describeEnv({ file, variables, overridden }: NonNullable<Provisioned["env"]>): string {
  const plain = (name: string, value: string) => (/^\d+$/.test(value) ? `${name}=${value}` : name);
  const names = Object.entries(variables).map(([name, value]) => plain(name, value));
  const warning = overridden.length === 0 ? "" : `; set again further down, where it counts: ${overridden.join(", ")}`;
  return `${file}: ${names.join(", ")}${warning}`;
}

/** The part of a JSON document that says what was provisioned. */
export function provisionDocument({ row, data, connection, env, shared, setup }: Provisioned): Record<string, unknown> {
  const { made } = data;
  return {
    name: row.name,
    branch: row.branch ?? null,
    path: row.path,
    isolation: row.isolation,
    index: row.index,
    database: row.database,
    schema: row.schema ?? null,
    ports: row.ports,
    url_redacted: connection === undefined ? null : formatConnectionUrl(connection, "hide"),
    data:
      made === undefined
        ? null
        : {
            how: made.how,
            from: made.from ?? null,
            size_bytes: made.sizeBytes,
            duration_ms: Math.round(made.durationMs),
          },
    env: env === undefined ? null : { file: env.file, change: env.change, overridden: env.overridden },
    shared: shared.map(({ path, how, reason }) => ({ path, how, reason: reason ?? null })),
    setup,
  };
}
