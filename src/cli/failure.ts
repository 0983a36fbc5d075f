/** How failures are told: words for people, JSON for scripts, and the exit code for both. */
import type { ErrorDocument } from "../answers/error.ts";
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

/** What the machine may refuse to every program, and what helps. */
const REFUSED_BY_MACHINE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ENOSPC: "make room on the disk, then run it again: it goes on from what is there",
    EDQUOT: "make room within your quota, then run it again: it goes on from what is there",
    EROFS: "the disk is mounted read-only; mount it for writing, then run it again",
    EIO: "look at the disk; the kernel's log says more: dmesg",
    EACCES: "look at whose file it is: ls -l",
    EPERM: "look at whose file it is, and whether it may be changed: ls -l, lsattr",
    EISDIR: "a folder has the name of a file: look at it, and move it away",
    ENOTDIR: "a file has the name of a folder: look at it, and move it away",
    ESTALE: "the network's file system has changed behind this: mount it again",
    ENAMETOOLONG: "shorten the name",
    EMFILE: "allow more open files: ulimit -n",
    ENFILE: "the machine has no more open files; end other programs",
  }),
);

/**
 * Anything that was thrown, as a failure. What is no PgroveError, no connection's end, and nothing that the machine
 * refused, is a bug of pgrove's.
 */
export function describeFailure(error: unknown, verbose: boolean): Failure {
  if (error instanceof PgroveError) {
    const { code, message, hint, exit } = error;
    return { code, message, hint, exit };
  }
  const systemCode = error instanceof Error ? String(Reflect.get(error, "code")) : "";
  if (systemCode === "ENOENT" && /\bcwd\b/.test(messageOf(error))) {
    const message = "the current folder is not there any more: it was removed, or made anew";
    return { code: "folder_missing", message, hint: "cd to one that is there: cd .. or cd $PWD", exit: EXIT.missing };
  }
  const help = REFUSED_BY_MACHINE.get(systemCode.replace(/^ERR_FS_/, "")); // what rm says of a folder
  if (help !== undefined) {
    return { code: "machine", message: `the machine refused: ${messageOf(error)}`, hint: help, exit: EXIT.failed };
  }
  if (isLostCode(systemCode)) {
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

/** The failure as a document. */
export function failureDocument({ code, message, hint }: Failure): ErrorDocument {
  return { version: 1, error: { code, message, hint: hint ?? null } };
}

/** The same as --json puts it on stderr. */
export function renderFailureJson(failure: Failure): string {
  return visibleJson(JSON.stringify(failureDocument(failure)));
}

function indent(text: string): string {
  return text.trimEnd().replaceAll("\n", "\n       ");
}
