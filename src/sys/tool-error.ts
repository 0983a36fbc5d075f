import { EXIT, PgroveError } from "../errors.ts";

/** How a program ended. The argv and the output are redacted. */
export interface ToolFailure {
  program: string;
  argv: readonly string[];
  exitCode: number | undefined;
  signal: string | undefined;
  stderr: readonly string[];
  aborted: boolean;
  lost: boolean;
}

/** A program failed, was ended, or could not be followed to its end. The argv and the output are redacted. */
export class ToolError extends PgroveError {
  readonly failure: ToolFailure;

  constructor(failure: ToolFailure) {
    super({ code: failure.aborted ? "interrupted" : "tool_failed", message: describe(failure), exit: EXIT.failed });
    this.name = "ToolError";
    this.failure = failure;
  }

  /** How it ended, without what it said. */
  get how(): string {
    return describeEnd(this.failure);
  }
}

function describe(failure: ToolFailure): string {
  const words = failure.aborted ? "" : lastWords(failure.stderr);
  return words === "" ? describeEnd(failure) : `${describeEnd(failure)}:\n${words}`;
}

function describeEnd({ program, exitCode, signal, aborted, lost }: ToolFailure): string {
  if (aborted) return `${program} was interrupted`;
  const how = lost
    ? "the connection to it was lost before it ended"
    : signal === undefined
      ? `exit ${exitCode}`
      : `ended by ${signal}`;
  return `${program} failed (${how})`;
}

/** What a server says besides, in whatever words. */
const NOTICE = /^(?:psql:\S* )?(?:NOTICE|INFO|WARNING|LOG|DEBUG): /;
const WRONG = /from TOC entry|error|fatal|failed|cannot|could not/i;

/**
 * The lines from the first error on, or from where pg_restore says at which entry it was; chatter such as `pg_dump:
 * dumping contents …` is left out.
 */
function lastWords(stderr: readonly string[]): string {
  const words = stderr.filter((line) => line !== "" && !/^pg_(dump|restore): [a-z]+ing /.test(line));
  const first = words.findIndex((line) => WRONG.test(line) && !NOTICE.test(line));
  return words
    .slice(first < 0 ? -3 : first)
    .slice(0, 8)
    .map((line) => `  ${line}`)
    .join("\n");
}
