/** What is missing or left over, each with its fix. */
import type { LoadedConfig } from "../config/load-config.ts";
import { messageOf, PgroveError } from "../errors.ts";
import type { Repository } from "../repo/git.ts";
import { findHookPlace } from "../repo/hook-place.ts";
import { type LiveTarget, openTarget, type Target } from "../resolve/target.ts";
import type { ServerTools } from "../server/server.ts";
import type { EngineName } from "../sys/command.ts";
import { captureDocker } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import { engineEndpoint, engineIsLocal } from "../sys/engine-endpoint.ts";
import type { Runner } from "../sys/process.ts";
import { redact } from "../sys/redact.ts";
import { findEndedRuns } from "../sys/run-record.ts";
import type { Check } from "./check.ts";
import { checkFiles } from "./doctor-files.ts";
import { checkInside, clearRuns, type MendTools } from "./doctor-server.ts";
import { checkWorktrees, type Provision } from "./doctor-worktrees.ts";

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
  /** For what is mended. */
  operationTools: MendTools;
  provision: Provision;
}

/** Every check, in the order in which one would look. None of them changes anything; what can be mended has its mends. */
export async function examine(tools: DoctorTools): Promise<Check[]> {
  const config = await checkConfig(tools);
  if (config.state === "problem") return [await checkGit(tools.runner), config];
  const target = await attempt(() => tools.target());
  const [git, docker, programs, files] = await Promise.all([
    checkGit(tools.runner),
    checkEngine(tools.runner, target.value),
    checkPrograms(tools.runner, target.value),
    checkFiles(tools),
  ]);
  const [worktrees, hooks] = [await checkBooks(tools), await checkHooks(tools)];
  const { checks, live } = await checkServer(tools, target);
  const runs = await checkDeadRuns(tools, live);
  return [git, config, ...docker, programs, ...checks, ...worktrees, ...hooks, ...files, runs];
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
  return { name, state: "problem", found: redact(messageOf(error)), fix: redact(error.hint ?? fix) };
}

const INSTALL_GIT = "install git 2.31 or later";

async function checkGit(runner: Runner): Promise<Check> {
  const { value, error } = await attempt(() =>
    runner.capture({ file: "git", args: ["--version"], env: {}, secrets: [] }, { timeoutMs: 10_000 }),
  );
  if (error !== undefined) return problemOf("git", error, INSTALL_GIT);
  const found = value?.stdout.trim().replace(/^git version /, "") ?? "";
  const [major = 0, minor = 0] = found.split(".").map((part) => Number.parseInt(part, 10));
  if (major > 2 || (major === 2 && minor >= 31)) return { name: "git", state: "ok", found };
  return { name: "git", state: "problem", found: `${found} is too old`, fix: INSTALL_GIT };
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
  const asked = await ask(runner, name, ["version", "--format", "{{.Server.Version}}"], needed);
  const engine =
    asked.state === "ok" && !engineIsLocal(name) ? { ...asked, found: asked.found + elsewhere(name) } : asked;
  if (kind !== "compose" || engine.state === "problem") return [engine];
  const { explainNoCompose } = await import("../server/compose-command.ts");
  const explain = (refused: unknown) => explainNoCompose(refused, name);
  return [engine, await ask(runner, `${name} compose`, ["compose", "version", "--short"], true, explain)];
}

function elsewhere(engine: EngineName): string {
  return ` on another machine (${engineEndpoint(engine)}): published ports and bind mounts are that machine's, so pgrove url has none to name`;
}

async function ask(
  runner: Runner,
  name: string,
  args: string[],
  needed: boolean,
  explain = (refused: unknown) => refused,
): Promise<Check> {
  const { value, error } = await attempt(() =>
    captureDocker(runner, args, { timeoutMs: 15_000 }).catch((refused: unknown) => {
      throw explain(refused);
    }),
  );
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

interface ServerChecks {
  checks: Check[];
  live?: LiveTarget;
}

async function checkServer(tools: DoctorTools, { value: target, error }: Attempt<Target>): Promise<ServerChecks> {
  if (error !== undefined) return { checks: [problemOf("target", error)] };
  if (target === undefined) return { checks: [] };
  const { value, error: wrong } = await attempt(async () => {
    const live = await openTarget(target, await tools.serverTools());
    return { live, checks: await checkInside(live, tools.now, tools.operationTools) };
  });
  return value ?? { checks: wrong === undefined ? [] : [problemOf("server", wrong, "pgrove up")] };
}

async function checkBooks(tools: DoctorTools): Promise<Check[]> {
  const repository = await tools.repository();
  if (repository === undefined) return [];
  const { value, error } = await attempt(async () =>
    checkWorktrees(repository, await tools.stateDir(), tools.runner, tools.provision),
  );
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

async function checkDeadRuns(tools: DoctorTools, live: LiveTarget | undefined): Promise<Check> {
  const name = "interrupted runs";
  const { dead, foreign } = await findEndedRuns({ stateDir: await tools.stateDir(), userKey: tools.userKey });
  if (foreign.length > 0) {
    const found = `${foreign.join(", ")}: not signed by you, and left alone`;
    return { name, state: "problem", found, fix: "look at what it names, and remove it" };
  }
  if (dead.length === 0) return { name, state: "ok", found: "none" };
  const what = dead.map(({ operation, target }) => `${operation} of ${target}`).join(", ");
  const said = `what interrupted runs have left will be cleared, and their sessions ended: ${what}`;
  return {
    name,
    state: "problem",
    found: what,
    fix: "pgrove doctor --fix        clears what they left, as any later operation does",
    ...(live === undefined ? {} : { mends: [clearRuns(live, said, tools.operationTools)] }),
  };
}
