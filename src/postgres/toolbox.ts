import type { Duplex } from "node:stream";
import type { Sql as PostgresSql } from "postgres";
import type { Env } from "../sys/child-environment.ts";
import type { Command } from "../sys/process.ts";
import type { RunId } from "../sys/run-id.ts";

/** One connection of postgres.js. Whoever opens it ends it. */
export type Sql = PostgresSql;

export type PgTool = "pg_dump" | "pg_dumpall" | "pg_restore" | "psql";

export interface ToolOptions {
  /** The database to work on; left out, the program connects to none (`pg_restore -f`). */
  database?: string;
  /** Added to the program's environment. Values do not appear on any command line. */
  env?: Env;
  /** The program reads standard input. */
  input?: boolean;
  /** The folder or file that the program reads or writes besides its streams. */
  stage?: Stage;
  /** As the administrator, where there is one. */
  administrator?: boolean;
}

/** A folder of a run that PostgreSQL's programs can read and write, wherever they run. Removed with `remove`. */
export interface Stage {
  /** The path of a file in it, as the programs see it. */
  path(name: string): string;
  /** Makes the folder, where it is not made yet. */
  create(): Promise<void>;
  /** Makes a file of this machine readable by the programs; resolves with the path as they see it. */
  lend(hostFile: string, abort: AbortSignal): Promise<string>;
  /** Writes a file into it, under `name`; resolves with the path as the programs see it. */
  write(name: string, bytes: AsyncIterable<Uint8Array>, abort: AbortSignal): Promise<string>;
  /** Unpacks a tar stream into it, under `name`. */
  unpack(name: string, tar: AsyncIterable<Uint8Array>, abort: AbortSignal): Promise<string>;
  /** The command that writes what is under `name` as a tar stream to stdout. */
  packCommand(name: string): Command;
  /** Room for new files, in bytes. */
  freeBytes(): Promise<number>;
  remove(): Promise<void>;
  /** Further arguments for the program that starts PostgreSQL's programs (mounts of a client container). */
  readonly mounts: readonly string[];
  /** The folder on this machine, where there is one. */
  readonly hostFolder?: string;
}

/** PostgreSQL's own programs, wherever they run: `docker exec` in a container, the host's, or a client image's. */
export interface Toolbox {
  /** For people; no secrets. */
  readonly label: string;
  readonly place: "container" | "host" | "client-image";
  readonly user: string;
  /**
   * The superuser whom pgrove's own sessions log in as, where `user` is not meant to be one. Nothing that comes from a
   * file, and nothing that somebody else has put into a database, is run as it.
   */
  readonly administrator?: string;
  /** The programs' major version where it is known before the server was asked. */
  readonly major: number | undefined;
  command(tool: PgTool, args: readonly string[], run: RunId, options?: ToolOptions): Command;
  /** An interactive psql that takes over the terminal. */
  interactive(args: readonly string[], run: RunId, database: string, tty: boolean): Command;
  connect(database: string, run: RunId, options?: ConnectOptions): Promise<Sql>;
  /** Bytes to and from the server's port, for where no port of this machine leads there. */
  dial?(): Duplex;
  /** A stage for the run. `id` becomes part of the path. */
  stage(run: RunId): Promise<Stage>;
  /** Room for the server's data in bytes; undefined where it cannot be asked. */
  freeDataBytes(dataDirectory: string): Promise<number | undefined>;
}

/** PostgreSQL's programs by themselves, for what needs no server: to read an archive. */
export type Programs = Pick<Toolbox, "label" | "place" | "major" | "command" | "stage">;

export interface ConnectOptions {
  /** How long to wait for a server that is starting, in ms. */
  waitMs?: number;
  /** The session is one that ends the run's other sessions, and is not to be ended with them. */
  control?: boolean;
  /** As the administrator, where there is one: to make, name and drop databases and roles. Such a session reads no table. */
  administrator?: boolean;
  /** Statements of the user's run in it: the time limits that the role or the database has for them hold. */
  runsUsersSql?: boolean;
  /** With the SQLSTATE that the server has given it. */
  notice?: (message: string, code: string) => void;
}
