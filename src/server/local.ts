/** A private cluster of this machine's own PostgreSQL programs: no Docker, loopback only, a password always set. */
import { missingError } from "../errors.ts";
import { codeOf } from "../postgres/connect.ts";
import { createHostToolbox } from "../postgres/host-toolbox.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { withSession } from "../postgres/session.ts";
import type { Sql, Toolbox } from "../postgres/toolbox.ts";
import { type Connection, parametersOf } from "../postgres/url.ts";
import type { Runner } from "../sys/process.ts";
import { newRunId } from "../sys/run-id.ts";
import { servicesByName, startContainers } from "./container-services.ts";
import { chooseServerPrograms, findHostPrograms, type HostPrograms, listVersions } from "./host-programs.ts";
import { findAccount } from "./local-account.ts";
import { type Cluster, createCluster, loadCluster, readPassword, saveSettings } from "./local-cluster.ts";
import { findPostmaster, type Postmaster } from "./local-pid.ts";
import { type Control, choosePort, isPortFree, startPostmaster, stopPostmaster } from "./local-postmaster.ts";
import type {
  Access,
  Login,
  LogOptions,
  ServerOfKind,
  ServerSpec,
  ServerState,
  ServerTools,
  StartOptions,
} from "./server.ts";

export type LocalSpec = Extract<ServerSpec, { kind: "local" }>;

const LABEL = "local server";
const HOST = "127.0.0.1";

/** The private server of a repository. */
export function createLocalServer(spec: LocalSpec, login: Login, tools: ServerTools): ServerOfKind {
  const { runner } = tools;

  const requireCluster = async (): Promise<Cluster> => {
    const cluster = await loadCluster(spec.folder);
    if (cluster === undefined) throw missingError("server_absent", "the local server was not made yet", "pgrove up");
    return cluster;
  };
  const open = () => openLocal(spec, login, tools);

  const start = async ({ services = [], ...wait }: StartOptions): Promise<void> => {
    const cluster = await findOrCreate(spec, login, tools, wait.abort);
    await ensureRunning(cluster, tools, wait);
    await ensureDatabase(await open(), login.database);
    await startContainers(runner, services);
  };

  const stop = async (services?: readonly string[]): Promise<void> => {
    if (services !== undefined && services.length > 0) {
      await servicesByName(runner).stopServices(services);
      return;
    }
    const cluster = await loadCluster(spec.folder);
    if (cluster === undefined || (await findPostmaster(runner, cluster)) === undefined) return;
    await stopPostmaster(await controlOf(runner, cluster), cluster);
  };

  return {
    spec,
    label: LABEL,
    inspect: () => inspectLocal(runner, spec),
    access: async () => accessOf(await requireCluster(), login),
    reach: async (database) => {
      const cluster = await requireCluster();
      return await connectionTo(cluster, await findPostmaster(runner, cluster), login, database);
    },
    open,
    start,
    stop,
    logs: async (options) => tailCommand((await requireCluster()).logFile, options),
    ...servicesByName(runner),
  };
}

async function openLocal(spec: LocalSpec, login: Login, { runner, stageParent }: ServerTools): Promise<Toolbox> {
  const cluster = await loadCluster(spec.folder);
  const postmaster = cluster === undefined ? undefined : await findPostmaster(runner, cluster);
  if (cluster === undefined || postmaster === undefined) {
    throw missingError("server_down", `the ${LABEL} is not running`, "pgrove up");
  }
  const { major } = cluster.settings;
  const programs = await requirePrograms(runner, major, `the data in ${cluster.dataFolder} was made by it`);
  return createHostToolbox(runner, {
    label: `${LABEL} (PostgreSQL ${major})`,
    programs: programs.folder,
    major: programs.major,
    connection: await connectionTo(cluster, postmaster, login, "postgres"),
    administrator: await administratorsConnection(cluster, postmaster),
    stageParent,
    dataIsHere: true,
  });
}

async function connectionTo(
  cluster: Cluster,
  postmaster: Postmaster | undefined,
  login: Login,
  database: string,
): Promise<Connection> {
  const { user, password, options } = await accessOf(cluster, login);
  const port = postmaster?.port ?? cluster.settings.port;
  const connection: Connection = { host: HOST, port, user, database, parameters: parametersOf({ options }) };
  return password === undefined ? connection : { ...connection, password };
}

async function administratorsConnection(cluster: Cluster, { port }: Postmaster): Promise<Connection | undefined> {
  const { administrator: user } = cluster.settings;
  const password = await readPassword(cluster, "administrator");
  if (user === undefined || password === undefined) return undefined;
  return { host: HOST, port, user, password, database: "postgres", parameters: {} };
}

async function inspectLocal(runner: Runner, spec: LocalSpec): Promise<ServerState> {
  const cluster = await loadCluster(spec.folder);
  if (cluster === undefined) return { condition: "absent" };
  const postmaster = await findPostmaster(runner, cluster);
  const { major, port } = cluster.settings;
  const detail = `PostgreSQL ${major} in ${cluster.home}`;
  if (postmaster === undefined) return { condition: "stopped", detail, host: HOST, port };
  const condition = postmaster.ready ? "running" : "starting";
  return { condition, detail, host: HOST, port: postmaster.port, startedAt: postmaster.startedAt };
}

async function accessOf(cluster: Cluster, login: Login): Promise<Access> {
  const user = login.user ?? cluster.settings.user;
  const access: Access = { user, database: login.database ?? "postgres" };
  const password = login.password ?? (user === cluster.settings.user ? await readPassword(cluster) : undefined);
  if (password !== undefined) access.password = password;
  if (login.options !== undefined) access.options = login.options;
  return access;
}

/** The programs of that version, or the newest. Throws (exit 4) with what to install. */
async function requirePrograms(runner: Runner, major: number | undefined, why: string): Promise<HostPrograms> {
  const found = await findHostPrograms(runner);
  const programs = chooseServerPrograms(found, major);
  if (programs !== undefined) return programs;
  const servers = found.filter((one) => one.hasServer);
  const wanted = major === undefined ? "PostgreSQL's server programs" : `PostgreSQL ${major}'s server programs`;
  throw missingError(
    "programs_missing",
    `the local server needs ${wanted}, and this machine has ${listVersions(servers)} (${why})`,
    installHint(major),
  );
}

function installHint(major: number | undefined): string {
  const number = major ?? 17;
  return process.platform === "darwin"
    ? `brew install postgresql@${number}`
    : `install the package ${major === undefined ? "postgresql" : `postgresql-${number}`} (Debian, Ubuntu: apt-get install)`;
}

async function controlOf(runner: Runner, cluster: Cluster): Promise<Control> {
  const why = `the data in ${cluster.dataFolder} was made by it`;
  const programs = await requirePrograms(runner, cluster.settings.major, why);
  return { runner, programs, account: await findAccount() };
}

async function findOrCreate(
  spec: LocalSpec,
  login: Login,
  { runner, note }: ServerTools,
  abort: AbortSignal,
): Promise<Cluster> {
  const there = await loadCluster(spec.folder);
  if (there !== undefined) {
    const { major } = there.settings;
    if (spec.version === undefined || spec.version === major) return there;
    throw missingError(
      "version_differs",
      `pgrove.yaml asks for PostgreSQL ${spec.version}, and the local server's data is of version ${major} (${there.dataFolder})`,
      `set server.local.version to ${major}; to change it: dump, remove ${spec.folder}, pgrove up, restore`,
    );
  }
  const programs = await requirePrograms(runner, spec.version, "server.local in pgrove.yaml asks for it");
  note(`making a local server with PostgreSQL ${programs.major}.${programs.minor}`);
  return await createCluster(runner, {
    folder: spec.folder,
    programs,
    account: await findAccount(),
    user: login.user ?? "postgres",
    password: login.password,
    port: await choosePort(spec.folder),
    abort,
  });
}

async function ensureRunning(
  cluster: Cluster,
  { runner, note }: ServerTools,
  wait: Pick<StartOptions, "waitMs" | "abort">,
): Promise<void> {
  const running = await findPostmaster(runner, cluster);
  if (running?.ready) return;
  const control = await controlOf(runner, cluster);
  const wanted = cluster.settings.port;
  const port = running !== undefined || (await isPortFree(wanted)) ? wanted : await choosePort(cluster.folder);
  await startPostmaster(control, cluster, port, wait);
  const actual = (await findPostmaster(runner, cluster))?.port ?? port;
  if (actual === wanted) return;
  note(`port ${wanted} is taken; the local server listens on ${actual} from now on`);
  await saveSettings(cluster, { ...cluster.settings, port: actual });
}

/** The project's database is made with its server. */
async function ensureDatabase(toolbox: Toolbox, database: string | undefined): Promise<void> {
  if (database === undefined || database === "postgres") return;
  const source = { toolbox, run: newRunId(new Date()) };
  const create = async (sql: Sql) => {
    const [found] = await sql`select 1 from pg_database where datname = ${database}`;
    if (found !== undefined) return;
    await sql.unsafe(`CREATE DATABASE ${quoteIdentifier(database)} OWNER ${quoteIdentifier(toolbox.user)}`);
  };
  try {
    await withSession(source, "postgres", create, { waitMs: 10_000, administrator: true });
  } catch (error) {
    // Another pgrove was quicker: "duplicate database", or at the very same moment "unique violation".
    if (codeOf(error) !== "42P04" && codeOf(error) !== "23505") throw error;
  }
}

function tailCommand(logFile: string, { follow, tail }: LogOptions) {
  const args = [...(follow ? ["-F"] : []), "-n", tail === undefined ? "+1" : String(tail), "--", logFile];
  return { file: "tail", args, env: {}, secrets: [] };
}
