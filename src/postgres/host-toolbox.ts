/** PostgreSQL's programs of this machine, for a private server or one that somebody else runs. */
import { mkdtemp, open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../sys/files.ts";
import type { Command, Runner } from "../sys/process.ts";
import { applicationName, type RunId } from "../sys/run-id.ts";
import { openConnection } from "./connect.ts";
import { withEnvironment, writingEnvironment } from "./own-settings.ts";
import { takingBack } from "./psql-input.ts";
import type { ConnectOptions, Programs, Stage, Toolbox, ToolOptions } from "./toolbox.ts";
import { type Connection, connectionEnvironment } from "./url.ts";

export interface HostAccess {
  label: string;
  /** The folder of pg_dump, pg_restore and psql. */
  programs: string;
  major: number;
  connection: Connection;
  /** The administrator's, where there is one. */
  administrator?: Connection | undefined;
  /** Where temporary folders are made: beside the dumps, since /tmp may be small. */
  stageParent: string;
  /** The server's files are on this machine, so that its free space can be seen. */
  dataIsHere: boolean;
}

/** The toolbox of a server that is reached from this machine. */
export function createHostToolbox(runner: Runner, access: HostAccess): Toolbox {
  const { connection, administrator } = access;
  const secrets = [connection.password, administrator?.password].filter((each) => each !== undefined);
  const loginOf = (options: Pick<ConnectOptions, "administrator">) =>
    options.administrator === true ? (administrator ?? connection) : connection;
  const environment = (run: RunId, database: string | undefined, login = connection) => ({
    ...connectionEnvironment(login),
    PGAPPNAME: applicationName(run),
    ...(database === undefined ? {} : { PGDATABASE: database }),
  });
  return {
    label: access.label,
    place: "host",
    user: connection.user,
    ...(administrator === undefined ? {} : { administrator: administrator.user }),
    major: access.major,
    command: (tool, args, run, options: ToolOptions = {}) => {
      const env = withEnvironment(
        { ...environment(run, options.database, loginOf(options)), LC_ALL: "C" },
        options.env,
      );
      return {
        file: join(access.programs, tool),
        args,
        env: access.dataIsHere ? writingEnvironment(tool, env) : env,
        secrets,
        ...takingBack(tool, options),
      };
    },
    interactive: (args, run, database) => ({
      file: join(access.programs, "psql"),
      args,
      env: environment(run, database),
      secrets,
    }),
    connect: (database, run, options = {}) =>
      openConnection({ ...loginOf(options), database }, run, {
        ...options,
        isAdministrator: options.administrator === true && administrator !== undefined,
        label: access.label,
        direct: access.dataIsHere,
      }),
    stage: (run) => hostStage(runner, access.stageParent, run),
    freeDataBytes: async (folder) => (access.dataIsHere ? await freeBytesOf(folder) : undefined),
  };
}

/** The programs of a folder, without a server. */
export function createHostPrograms(
  runner: Runner,
  { label, programs, major, stageParent }: Omit<HostAccess, "connection" | "administrator" | "dataIsHere">,
): Programs {
  return {
    ...{ label, place: "host", major },
    command: (tool, args, _run, options = {}) => ({
      ...{ file: join(programs, tool), args, env: { LC_ALL: "C", ...options.env }, secrets: [] },
    }),
    stage: (run) => hostStage(runner, stageParent, run),
  };
}

async function freeBytesOf(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined; // the data belongs to another user; the check is a courtesy
  }
}

/** A temporary folder on this machine. */
export async function hostStage(runner: Runner, parent: string, run: RunId): Promise<Stage> {
  const folder = await mkdtemp(join(parent, `.${applicationName(run)}-`));
  const path = (name: string) => join(folder, name);
  const tar = (args: readonly string[]): Command => ({ file: "tar", args, env: {}, secrets: [] });
  return {
    path,
    hostFolder: folder,
    mounts: [],
    create: () => Promise.resolve(),
    lend: (hostFile) => Promise.resolve(hostFile),
    write: async (name, bytes) => {
      const file = await open(path(name), "w", 0o600);
      try {
        for await (const chunk of bytes) await writeWhole(file, chunk);
      } finally {
        await file.close();
      }
      return path(name);
    },
    unpack: async (name, input, abort) => {
      const { mkdir } = await import("node:fs/promises");
      await mkdir(path(name), { mode: 0o700 });
      await runner.stream(tar(["-xf", "-", "-C", path(name)]), { input }, abort);
      return path(name);
    },
    packCommand: (name) => tar(["-C", path(name), "-cf", "-", "."]),
    freeBytes: async () => (await freeBytesOf(folder)) ?? Number.MAX_SAFE_INTEGER,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
