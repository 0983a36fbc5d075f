/** What is missing or left over, each with its fix. */
import { access, constants, stat } from "node:fs/promises";
import type { LoadedConfig } from "../config/load-config.ts";
import { messageOf, PgroveError } from "../errors.ts";
import type { Repository } from "../repo/git.ts";
import { findHookPlace } from "../repo/hook-place.ts";
import type { Target } from "../resolve/target.ts";
import { openServer } from "../server/open-server.ts";
import type { Server, ServerTools } from "../server/server.ts";
import { captureDocker } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import { errorCode } from "../sys/files.ts";
import type { Runner } from "../sys/process.ts";
import { findEndedRuns } from "../sys/run-record.ts";
import type { Check } from "./check.ts";
import { checkInside } from "./doctor-server.ts";
import { checkWorktrees } from "./doctor-worktrees.ts";

export interface DoctorTools {
  runner: Runner;
  now: Date;
  storeDir(): Promise<string>;
  stateDir(): Promise<string>;
  /** The file of the key that this user's records are signed with. */
  userKey: string;
  config(): Promise<LoadedConfig | undefined>;
  repository(): Promise<Repository | undefined>;
  serverTools(): Promise<ServerTools>;
  target(): Promise<Target>;
}

/** Every check, in the order in which one would look. None of them changes anything. */
export async function examine(tools: DoctorTools): Promise<Check[]> {
  const config = await checkConfig(tools);
  if (config.state === "problem") return [await checkGit(tools.runner), config];
  const target = await attempt(() => tools.target());
  const [git, docker, programs, store, runs] = await Promise.all([
    checkGit(tools.runner),
    checkEngine(tools.runner, target.value),
    checkPrograms(tools.runner, target.value),
    checkStore(tools),
    checkDeadRuns(tools),
  ]);
  const [worktrees, hooks] = [await checkBooks(tools), await checkHooks(tools)];
  return [git, config, ...docker, programs, ...(await checkServer(tools, target)), ...worktrees, ...hooks, store, runs];
}

interface Attempt<T> {
  value?: T;
  error?: PgroveError;
}

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof PgroveError) return { error };
    throw error;
  }
}

function problemOf(name: string, error: PgroveError, fix = "see the message"): Check {
  return { name, state: "problem", found: messageOf(error), fix: error.hint ?? fix };
}

async function checkGit(runner: Runner): Promise<Check> {
  const { value, error } = await attempt(() =>
    runner.capture({ file: "git", args: ["--version"], env: {}, secrets: [] }, { timeoutMs: 10_000 }),
  );
  if (error !== undefined) return problemOf("git", error, "install git 2.31 or later");
  return { name: "git", state: "ok", found: value?.stdout.trim().replace(/^git version /, "") ?? "" };
}

async function checkConfig(tools: DoctorTools): Promise<Check> {
  const { value, error } = await attempt(() => tools.config());
  if (error !== undefined) return problemOf("pgrove.yaml", error);
  if (value === undefined) {
    return { name: "pgrove.yaml", state: "skipped", found: "there is none here", fix: "pgrove init" };
  }
  const { missing, file } = value;
  const [first] = missing;
  if (first === undefined) return { name: "pgrove.yaml", state: "ok", found: file };
  const found = `${first.path} needs ${missing.map(({ name }) => name).join(", ")}, not set here`;
  // A container has its own password and user; only the server's address cannot be guessed.
  return first.path.startsWith("server")
    ? { name: "pgrove.yaml", state: "problem", found, fix: `set ${first.name}` }
    : { name: "pgrove.yaml", state: "ok", found: `${file}; ${found}: the server's own counts` };
}

async function checkEngine(runner: Runner, target: Target | undefined): Promise<Check[]> {
  const kind = target?.server.kind;
  const needed = kind === "compose" || kind === "container";
  const name = engineOf(runner);
  const engine = await ask(runner, name, ["version", "--format", "{{.Server.Version}}"], needed);
  if (kind !== "compose" || engine.state === "problem") return [engine];
  return [engine, await ask(runner, `${name} compose`, ["compose", "version", "--short"], true)];
}

async function ask(runner: Runner, name: string, args: string[], needed: boolean): Promise<Check> {
  const { value, error } = await attempt(() => captureDocker(runner, args, { timeoutMs: 15_000 }));
  if (error === undefined) return { name, state: "ok", found: value?.trim() ?? "" };
  if (!needed) return { name, state: "skipped", found: `not needed here; ${messageOf(error).split("\n")[0]}` };
  return problemOf(name, error, "https://docs.docker.com/compose/install/");
}

async function checkPrograms(runner: Runner, target: Target | undefined): Promise<Check> {
  const name = "host programs";
  const { findHostPrograms, listVersions } = await import("../server/host-programs.ts");
  const found = await findHostPrograms(runner);
  const kind = target?.server.kind;
  const said = found.length === 0 ? "no pg_dump, pg_restore, psql here" : `PostgreSQL ${listVersions(found)}`;
  if (kind !== "local" && kind !== "url") return { name, state: "skipped", found: `not needed here; ${said}` };
  if (found.length > 0) return { name, state: "ok", found: said };
  if (kind === "url") return { name, state: "ok", found: `${said}; a client image does instead` };
  return {
    name,
    state: "problem",
    found: said,
    fix: "install PostgreSQL's server package (apt-get install postgresql)",
  };
}

async function checkServer(tools: DoctorTools, { value: target, error }: Attempt<Target>): Promise<Check[]> {
  if (error !== undefined) return [problemOf("target", error)];
  if (target === undefined) return [];
  const server: Server = openServer(target.server, target.login, await tools.serverTools());
  const { value: checks, error: wrong } = await attempt(async () =>
    checkInside(server, await server.open(), tools.now),
  );
  return checks ?? (wrong === undefined ? [] : [problemOf("server", wrong, "pgrove up")]);
}

async function checkBooks(tools: DoctorTools): Promise<Check[]> {
  const repository = await tools.repository();
  if (repository === undefined) return [];
  const { value, error } = await attempt(async () => checkWorktrees(repository, await tools.stateDir(), tools.runner));
  if (error !== undefined) return [problemOf("worktrees", error)];
  return value === undefined ? [] : [value];
}

/** Hooks that are switched off are somebody's choice, and no problem; but then no hook of ours runs. */
async function checkHooks({ repository, runner }: DoctorTools): Promise<Check[]> {
  const found = await repository();
  if (found === undefined) return [];
  const { value, error } = await attempt(() => findHookPlace(found, runner));
  if (error !== undefined) return [problemOf("git hooks", error)];
  if (value?.off === undefined) return [];
  const { folder, off } = value;
  return [{ name: "git hooks", state: "skipped", found: `switched off: core.hooksPath is ${folder}`, fix: off }];
}

async function checkStore(tools: DoctorTools): Promise<Check> {
  const name = "dump store";
  const folder = await tools.storeDir();
  try {
    const found = await stat(folder);
    if (!found.isDirectory())
      return { name, state: "problem", found: `${folder} is not a folder`, fix: "set dumps.dir" };
    await access(folder, constants.W_OK | constants.X_OK);
    if ((found.mode & 0o077) === 0) return { name, state: "ok", found: folder };
    return { name, state: "problem", found: `${folder} can be read by others`, fix: `chmod 700 '${folder}'` };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { name, state: "ok", found: `${folder}, made with the first dump` };
    return { name, state: "problem", found: `${folder} cannot be written (${errorCode(error)})`, fix: "set dumps.dir" };
  }
}

async function checkDeadRuns(tools: DoctorTools): Promise<Check> {
  const name = "interrupted runs";
  const { dead, foreign } = await findEndedRuns({ stateDir: await tools.stateDir(), userKey: tools.userKey });
  if (foreign.length > 0) {
    const found = `${foreign.join(", ")}: not signed by you, and left alone`;
    return { name, state: "problem", found, fix: "look at what it names, and remove it" };
  }
  if (dead.length === 0) return { name, state: "ok", found: "none" };
  const what = dead.map(({ operation, target }) => `${operation} of ${target}`).join(", ");
  return {
    name,
    state: "problem",
    found: what,
    fix: "pgrove dump        clears what they left, as any later operation does",
  };
}
