/**
 * Gives a worktree what it needs: names and ports, a database with data, shared files, an env file, its setup steps.
 * Each part is looked at before it is made, so that a second run completes what the first one did not, and else changes
 * nothing.
 */
import { relative, resolve } from "node:path";
import { EXIT, PgroveError, refusal } from "../errors.ts";
import type { Connection } from "../postgres/url.ts";
import { captureBesideGits, gitCommand } from "../repo/git.ts";
import { type InitialData, readRegistry, updateRow, type WorktreeRow } from "../repo/registry.ts";
import { ensureRepositoryIdentity } from "../repo/repository-identity.ts";
import type { GitWorktree } from "../repo/worktree.ts";
import { findWhereabouts, ownConnection, portUnpublished, whereaboutsOf } from "../resolve/reach.ts";
import { findStrayFiles, findWays, type StrayFile } from "../resolve/stray-variables.ts";
import type { LiveTarget } from "../resolve/target.ts";
import { hasOwnServer, mainTarget } from "../resolve/worktree-target.ts";
import { allocateRow } from "./allocate.ts";
import { type DataReport, type DataRequest, ensureData, requireInitialData } from "./data.ts";
import { type ContainerPlan, claimProject, planContainers, portsOfPlan, writeOverride } from "./own-containers.ts";
import { type SharedPath, sharePaths } from "./share.ts";
import { runSteps } from "./steps.ts";
import type { WorktreeTools } from "./tools.ts";
import { type WrittenEnv, writeEnvFiles } from "./write-env.ts";

export interface ProvisionRequest extends Omit<DataRequest, "repository" | "as"> {
  /** What a worktree that is new to pgrove starts with. */
  data: InitialData;
  name?: string;
  /** Whether the setup steps may run; asked only when there are some to run. */
  maySetUp: () => Promise<boolean>;
  /** What the steps' environment has beside the env file's variables, whatever these say. */
  stepVariables?: Readonly<Record<string, string>>;
}

export interface Provisioned {
  row: WorktreeRow;
  data: DataReport;
  /** How this machine reaches the database; undefined when only `docker exec` does. */
  connection?: Connection;
  env?: WrittenEnv;
  /** Where pgrove.yaml has several env files, the others. */
  otherEnvs: WrittenEnv[];
  shared: SharedPath[];
  /** What in the worktree's env files leads to main's database all the same. */
  strays: StrayFile[];
  /** What became of the setup steps in this run. */
  setup: "ran" | "none" | "skipped";
}

/** Provisions a worktree. Throws with what is missing; what was done until then stays, for the next run to go on with. */
export async function provisionWorktree(
  tools: WorktreeTools,
  worktree: GitWorktree,
  request: ProvisionRequest,
): Promise<Provisioned> {
  const repository = await ensureRepositoryIdentity(tools.repository.commonDir, tools.stateDir);
  const { rows, parked } = await readRegistry(tools.stateDir);
  const known = [...rows, ...parked.map(({ row }) => row)].find(({ id }) => id === worktree.id);
  // First of all: compose files may name what is shared as their env files.
  const shared = known?.state === "ready" ? [] : await shareFiles(tools, worktree);
  const plan = await planOwnContainers(tools, worktree, known);
  const publishedPorts = plan === undefined ? {} : portsOfPlan(plan);
  const data = known === undefined ? await settleData(tools, request) : request.data;
  const allocated = await allocateRow(tools, {
    ...{ worktree, data, ports: { ...tools.loaded.config.ports, ...publishedPorts } },
    ...(request.name === undefined ? {} : { name: request.name }),
  });
  if (worktree.unfinished) await finishWorktree(tools, worktree);
  if (allocated.state === "removing") {
    throw refusal("removing", `the worktree ${allocated.name} is half removed`, `pgrove remove ${allocated.name}`);
  }
  const claimed = plan === undefined ? allocated : await claimProject(tools, allocated, repository);
  if (plan !== undefined) await writeOverride(tools, claimed, repository, plan);
  const as = worktree.unfinished ? "new" : "provision";
  const report = await ensureData(tools, claimed, { ...request, repository, as });
  const { row, live } = report;
  const reached = await live.server.reach(row.database);
  const connection = reached === undefined ? undefined : ownConnection(reached, live.target);
  const where = connection === undefined ? await findWhereabouts(live.target, tools.server) : whereaboutsOf(connection);
  const [env, ...otherEnvs] = await writeEnvFiles(tools, worktree, live.target, where);
  if (row.state !== "ready") await updateRow(tools.stateDir, row.id, { state: "ready" });
  const strays = await findStrays(tools, worktree, live, connection);
  const own = Object.fromEntries(strays.flatMap(({ variables }) => variables.map((each) => [each.name, each.own])));
  const setup = await setUp(tools, worktree, row, {
    request,
    variables: {
      ...{ ...own, ...Object.assign({}, ...otherEnvs.map((each) => each.variables)), ...env?.variables },
      ...request.stepVariables,
    },
  });
  const done: WorktreeRow = { ...row, state: "ready" };
  return {
    ...{ row: done, data: report, shared, setup, strays, otherEnvs },
    ...(connection === undefined ? {} : { connection }),
    ...(env === undefined ? {} : { env }),
  };
}

async function findStrays(
  { loaded, place, server }: WorktreeTools,
  { root }: GitWorktree,
  opened: LiveTarget,
  connection: Connection | undefined,
): Promise<StrayFile[]> {
  const main = () => mainTarget(loaded, place);
  const ways = await findWays(opened.target, connection, { main, opened, serverTools: async () => server });
  return ways === undefined ? [] : await findStrayFiles(root, ways, loaded);
}

/** The data as they are found again from any folder. A dump that is not there is missed only where it is needed. */
async function settleData(tools: WorktreeTools, { data, dumps }: ProvisionRequest): Promise<InitialData> {
  try {
    return await requireInitialData(tools, data, dumps);
  } catch (error) {
    if (error instanceof PgroveError && error.exit === EXIT.missing) return data;
    throw error;
  }
}

/** What the worktree's own containers publish, where it has some. */
async function planOwnContainers(
  tools: WorktreeTools,
  worktree: GitWorktree,
  row: WorktreeRow | undefined,
): Promise<ContainerPlan | undefined> {
  return hasOwnServer(row ?? tools.loaded.config) ? await planContainers(tools, worktree, row) : undefined;
}

/** Writes the blocks of the main worktree's env files, which nothing else does. Throws (exit 4) when no URL leads there. */
export async function writeMainEnv(tools: WorktreeTools, worktree: GitWorktree): Promise<WrittenEnv[]> {
  const target = await mainTarget(tools.loaded, tools.place);
  const written = await writeEnvFiles(tools, worktree, target, await findWhereabouts(target, tools.server));
  if (written.length === 0) throw await portUnpublished(target, tools.server);
  return written;
}

/** It has its identity and its row now: what is left over can be found by them. Another run may have been faster. */
async function finishWorktree({ operation, repository }: WorktreeTools, { root }: GitWorktree): Promise<void> {
  const command = gitCommand(repository.commonDir, ["worktree", "unlock", root]);
  await captureBesideGits(operation.runner, command);
}

async function shareFiles(
  { loaded, repository, operation }: WorktreeTools,
  { root }: GitWorktree,
): Promise<SharedPath[]> {
  const { share, share_mode: mode } = loaded.config.worktrees;
  if (share.length === 0) return [];
  if (repository.mainRoot === undefined) {
    operation.note(
      `${share.join(", ")} (worktrees.share) not brought along: no main worktree was found to take it from`,
    );
    return [];
  }
  const paths = share.map((path) => relative(loaded.root, resolve(loaded.dir, path)));
  const { runner, abort } = operation;
  return await sharePaths({ from: repository.mainRoot, to: root, paths, mode, runner, abort });
}

/** Runs the setup steps, once in a worktree's life. A step that fails leaves them to the next run. */
async function setUp(
  { loaded, operation, stateDir }: WorktreeTools,
  { root }: GitWorktree,
  row: WorktreeRow,
  { request, variables }: { request: ProvisionRequest; variables: Readonly<Record<string, string>> },
): Promise<Provisioned["setup"]> {
  const steps = loaded.config.worktrees.setup;
  if (row.setup !== "pending" || steps.length === 0) return "none";
  if (!(await request.maySetUp())) return "skipped";
  const { runner, abort, note: say } = operation;
  await runSteps(steps, { cwd: root, env: variables, runner, say, abort, goOn: `pgrove provision ${row.name}` });
  await updateRow(stateDir, row.id, { setup: "done" });
  return "ran";
}
