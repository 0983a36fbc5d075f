/** Provisioning as `new`, `provision` and the git hook ask for it, and how its outcome is told. */

import { describeStrays } from "../monitor/env-check.ts";
import { formatConnectionUrl } from "../postgres/url.ts";
import type { InitialData } from "../repo/registry.ts";
import { quoteWord } from "../sys/shell-word.ts";
import type { Provisioned, ProvisionRequest } from "../worktree/provision.ts";
import type { WorktreeTools } from "../worktree/tools.ts";
import { warnOfStrays } from "./answers/status.ts";
import type { Context } from "./context.ts";
import { approveForeign } from "./foreign-dump.ts";
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
  if (!choice.silent) await requireVariables(context);
  return {
    data,
    start: choice.start,
    dumps: { storeDir: await context.storeDir(), cwd, home },
    approveForeign: async (foreign, database) => {
      await approveForeign(context, { label: database, name: database, protected: false }, foreign);
    },
    whenBusy: async (label, sessions) => (choice.silent ? "stream" : await askAboutSessions(context, label, sessions)),
    maySetUp: () => maySetUp(context, choice),
  };
}

async function maySetUp(context: Context, { setup, silent }: ProvisionChoice): Promise<boolean> {
  if (!setup) return false;
  const { isTrusted, requireTrust } = await import("./trust.ts");
  const keys = ["worktrees.setup"] as const;
  if (silent) return await isTrusted(context, keys);
  await requireTrust(context, { keys, instead: "--no-setup      leaves the commands out" });
  return true;
}

/** What is written into an env file, or given to commands, may change what programs do. */
export async function requireVariables(context: Context): Promise<void> {
  const { requireTrust } = await import("./trust.ts");
  await requireTrust(context, { keys: ["env.set"] });
}

/** The lines that tell what was provisioned. */
export function describeProvisioned({
  row,
  data,
  env,
  otherEnvs,
  shared,
  setup,
}: Provisioned): [string, string | undefined][] {
  const { made } = data;
  const place = row.schema ? `${row.schema} in ${row.database}` : row.database;
  const came = made === undefined ? "was there already" : describeMade(made);
  return [
    [row.schema ? "schema" : "database", `${place}  ${came}`],
    ["env", env === undefined ? "not written: the database has no port on this machine" : describeEnv(env)],
    ...otherEnvs.map((each): [string, string] => ["env", describeEnv(each)]),
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

function describeEnv({ file, variables, overridden, unreachable }: NonNullable<Provisioned["env"]>): string {
  const plain = (name: string, value: string) => (/^\d+$/.test(value) ? `${name}=${value}` : name);
  const names = Object.entries(variables).map(([name, value]) => plain(name, value));
  const warning = overridden.length === 0 ? "" : `; set again further down, where it counts: ${overridden.join(", ")}`;
  const without =
    unreachable.length === 0 ? "" : `; the database has no port on this machine for ${unreachable.join(", ")}`;
  return `${file}: ${names.join(", ")}${without}${warning}`;
}

/** Says what in the worktree's env files leads to main's data, and that git would take up a password. */
export function warnOfProvisioned({ output }: Context, { row, connection, env, otherEnvs, strays }: Provisioned): void {
  for (const { git, file } of env === undefined ? [] : [env, ...otherEnvs]) {
    if (git === "untracked") {
      output.warn(
        `warning: git does not ignore ${file}, which has the database's password now\nnext: echo ${quoteWord(file)} >> .gitignore`,
      );
    }
    if (git === "tracked") {
      output.note(`${file} is tracked by git: pgrove's lines in it show up as a change; leave them out of commits`);
    }
  }
  const named = describeStrays(strays, row.path);
  for (const warning of warnOfStrays(row.name, named, connection === undefined)) output.warn(warning);
}

/** Says that git would take up the worktree itself, which lies within the main one. */
export async function warnOfInside({ output }: Context, tools: WorktreeTools, root: string): Promise<void> {
  const { findUnignoredFolder } = await import("../worktree/inside-main.ts");
  const folder = await findUnignoredFolder(tools, root);
  if (folder === undefined) return;
  output.warn(
    `warning: git does not ignore ${folder}, where the worktrees lie: git add would take them up as repositories of their own\n` +
      `next: echo ${quoteWord(`/${folder}/`)} >> .gitignore`,
  );
}

/** The part of a JSON document that says what was provisioned. */
export function provisionDocument({
  row,
  data,
  connection,
  env,
  shared,
  strays,
  setup,
}: Provisioned): Record<string, unknown> {
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
    strays: describeStrays(strays, row.path),
    setup,
  };
}
