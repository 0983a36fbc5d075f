import type { Programs, Toolbox } from "../postgres/toolbox.ts";
import type { Connection } from "../postgres/url.ts";
import type { Command, Runner } from "../sys/process.ts";

/** Which server, as plain data. Paths are absolute. */
export type ServerSpec =
  | {
      kind: "compose";
      files: readonly string[];
      service: string;
      /** Only when pgrove.yaml names it; else found as compose finds it. */
      project?: string;
      profiles: readonly string[];
      /** For a worktree's own project: main's first file, whose env file counts where the worktree's says nothing. */
      mainFile?: string;
    }
  | { kind: "container"; container: string }
  | { kind: "local"; folder: string; version?: number }
  | { kind: "url"; connection: Connection };

/** Who logs in, where pgrove.yaml says so; what is left out comes from the server itself. */
export interface Login {
  user?: string;
  password?: string;
  database?: string;
  /** libpq's `options`: settings of its sessions. */
  options?: string;
}

/** What the servers need from outside. */
export interface ServerTools {
  runner: Runner;
  /** The image for PostgreSQL's programs where this machine has none, with `{major}` in it. */
  clientImage: string;
  /** Asked before that image is used, where a repository names it; throws to refuse. */
  approveImage?(): Promise<void>;
  /** Where temporary folders are made. */
  stageParent: string;
  /** Where answers are kept that cost something to ask for again; left out, they are asked for each time. */
  memory?: Memory;
  /** For notes on the way, to people. */
  note(text: string): void;
}

/** A folder for what is remembered from run to run, and the file of the key that it is signed with. */
export interface Memory {
  folder(): Promise<string>;
  key: string;
}

export type ServerCondition = "running" | "starting" | "stopped" | "absent" | "unreachable";

/** What can be said of a server without logging in. */
export interface ServerState {
  condition: ServerCondition;
  /** Why, where that helps: "Exited (1) 2 minutes ago". */
  detail?: string;
  container?: { id: string; name: string; image: string };
  /** How this machine reaches it; absent when it publishes no port. */
  host?: string;
  port?: number;
  /** The port that it publishes on another machine, where its engine runs. */
  farPort?: number;
  startedAt?: string;
}

/** The login that counts, after the server's own defaults were asked. */
export interface Access {
  user: string;
  password?: string;
  database: string;
  options?: string;
}

export interface LogOptions {
  follow: boolean;
  tail?: number;
  services?: readonly string[];
}

export interface StartOptions {
  /** Further services of the compose file to start; left out, the server's own. */
  services?: readonly string[];
  /** How long to wait until it takes connections, in ms. */
  waitMs: number;
  abort: AbortSignal;
  /** Asks whether containers that are there may be made anew; left out, they may not. */
  mayRecreate?: (what: string) => Promise<boolean>;
}

export type BeforeStop = (handles: readonly string[]) => Promise<void>;

/** A server: where it is, how it starts and stops, and PostgreSQL's programs for it. Remembers what it has asked. */
export interface Server extends ServerOfKind {
  /**
   * Programs of that version or newer, for what the toolbox's are too old for: to read an archive. Throws (exit 4),
   * saying `what` asks for them, when there are none.
   */
  findPrograms(major: number, what: string): Promise<Programs>;
}

/** What differs from kind to kind. */
export interface ServerOfKind {
  readonly spec: ServerSpec;
  /** For people; no secrets. */
  readonly label: string;
  /** `again`: what was seen before does not count, for the server may have gone since. */
  inspect(again?: boolean): Promise<ServerState>;
  /** Throws (exit 4) when the server cannot say, because it does not exist. */
  access(): Promise<Access>;
  /** How programs of this machine reach `database`; undefined when only `docker exec` does. */
  reach(database: string): Promise<Connection | undefined>;
  /** The toolbox of a running server. Throws (exit 4), with the way to start it, when it does not run. */
  open(): Promise<Toolbox>;
  start(options: StartOptions): Promise<void>;
  stop(services?: readonly string[]): Promise<void>;
  logs(options: LogOptions): Promise<Command>;
  /**
   * Stops those of the services that run and resolves with what `startServices` needs to start them again. `before` is
   * told that beforehand: stopping takes seconds, in which this process may be killed.
   */
  stopServices(services: readonly string[], before?: BeforeStop): Promise<readonly string[]>;
  startServices(handles: readonly string[]): Promise<void>;
}
