/** How failures are told: words for people, JSON for scripts, and the exit code for both. */
import { EXIT, messageOf, PgroveError } from "../errors.ts";
import { isLostCode } from "../postgres/lost-connection.ts";
import { visibleJson } from "../sys/visible-text.ts";
import { createPaint, type Paint } from "./terminal.ts";

export interface Failure {
  code: string;
  message: string;
  hint: string | undefined;
  exit: number;
}

/** Anything that was thrown, as a failure. What is no PgroveError, and no connection's end, is a bug of pgrove's. */
export function describeFailure(error: unknown, verbose: boolean): Failure {
  if (error instanceof PgroveError) {
    const { code, message, hint, exit } = error;
    return { code, message, hint, exit };
  }
  if (error instanceof Error && isLostCode(String(Reflect.get(error, "code")))) {
    const message = `the connection to the server was lost: ${messageOf(error)}`;
    return { code: "connection_lost", message, hint: "pgrove status", exit: EXIT.failed };
  }
  const stack = verbose && error instanceof Error && error.stack !== undefined ? `\n${error.stack}` : "";
  return {
    code: "bug",
    message: `pgrove has a bug: ${messageOf(error)}${stack}`,
    hint: verbose ? "please report it with the lines above" : "run it again with --verbose, and report what it says",
    exit: EXIT.failed,
  };
}

/** `error: …` and `hint:  …`, further lines indented below the first. */
export function renderFailure({ message, hint }: Failure, paint: Paint = createPaint(false)): string {
  const error = `${paint("red", "error:")} ${indent(message)}`;
  return hint === undefined ? error : `${error}\n${paint("cyan", "hint:")}  ${indent(hint)}`;
}

/** The failure as the JSON document that --json puts on stderr. */
export function renderFailureJson({ code, message, hint }: Failure): string {
  return visibleJson(JSON.stringify({ version: 1, error: { code, message, hint: hint ?? null } }));
}

function indent(text: string): string {
  return text.trimEnd().replaceAll("\n", "\n       ");
}
