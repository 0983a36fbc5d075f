/** The exit codes that scripts rely on. 129, 130 and 143 are what a shell reports for SIGHUP, SIGINT and SIGTERM. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  missing: 4,
  refused: 5,
  problems: 6,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorDetails {
  /** Stable, for scripts: lower case with underscores, such as "dump_damaged". */
  code: string;
  /** One line: what happened, to what. Further lines add facts. */
  message: string;
  /** The next command to type, or what to change. */
  hint?: string | undefined;
  exit: ExitCode;
  cause?: unknown;
  /** Where in a file, when the message begins with that place. */
  place?: FilePlace | undefined;
}

/** A place in a file. Line and column count from 1. */
export interface FilePlace {
  file: string;
  line?: number | undefined;
  column?: number | undefined;
}

/** Every failure that a user can cause or meet. Anything else that is thrown is a bug of pgrove. */
export class PgroveError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exit: ExitCode;
  readonly place: FilePlace | undefined;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "PgroveError";
    this.code = details.code;
    this.hint = details.hint;
    this.exit = details.exit;
    this.place = details.place;
  }
}

/** `file:line:column`, or what is known of it. */
export function showFilePlace({ file, line, column }: FilePlace): string {
  return [file, line, column].filter((part) => part !== undefined).join(":");
}

/** The place in a file that an error, or one of what it comes from, names; undefined where none does. */
export function filePlaceOf(error: unknown): FilePlace | undefined {
  if (!(error instanceof PgroveError)) return undefined;
  return error.place ?? filePlaceOf(error.cause);
}

/** The command was typed wrongly: exit 2. */
export function usageError(message: string, hint?: string): PgroveError {
  return new PgroveError({ code: "usage", message, exit: EXIT.usage, hint });
}

/** pgrove.yaml, an env file or a URL is wrong: exit 3. */
export function configError(message: string, hint?: string): PgroveError {
  return new PgroveError({ code: "config", message, exit: EXIT.config, hint });
}

/** Something needed is absent or not running: exit 4. */
export function missingError(code: string, message: string, hint?: string): PgroveError {
  return new PgroveError({ code, message, exit: EXIT.missing, hint });
}

/** pgrove will not do it without consent, or because something is in the way: exit 5. */
export function refusal(code: string, message: string, hint?: string): PgroveError {
  return new PgroveError({ code, message, exit: EXIT.refused, hint });
}

/** It was tried and went wrong: exit 1. */
export function failure(code: string, message: string, hint?: string, cause?: unknown): PgroveError {
  return new PgroveError({ code, message, exit: EXIT.failed, hint, cause });
}

/** The signals that end a run in order. */
export type Interruption = "SIGINT" | "SIGTERM" | "SIGHUP";

const INTERRUPTED: Readonly<Record<Interruption, ExitCode>> = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hungUp,
};

/** The run was ended by Ctrl-C, by a TERM signal, or by its terminal's end. */
export function interruption(signal: Interruption): PgroveError {
  return new PgroveError({ code: "interrupted", message: `interrupted by ${signal}`, exit: INTERRUPTED[signal] });
}

/** The message of anything that was thrown, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
