/** Which errors are PostgreSQL's own answers, and which of them leave the session usable. */
import { messageOf, PgroveError } from "../../errors.ts";
import { codeOf } from "../../postgres/connect.ts";
import { errorField } from "../../postgres/error-field.ts";
import { redact } from "../../sys/redact.ts";

const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Class 08, connection exceptions, and 57P01 to 57P05, by which a server ends a session. */
const ENDS_SESSION = /^(?:08|57P)/;

/** Whether it is PostgreSQL that refused something, and not the connection that failed. */
export function isServerError(error: unknown): boolean {
  return !(error instanceof PgroveError) && SQLSTATE.test(codeOf(error) ?? "");
}

/** Whether the session can be spoken to after the error. */
export function leavesSession(error: unknown, abort: AbortSignal): boolean {
  const isFatal = errorField(error, "severity") === "FATAL"; // transaction_timeout, for one
  return isServerError(error) && !isFatal && !ENDS_SESSION.test(codeOf(error) ?? "") && !abort.aborted;
}

/** What stands behind these words is the migration's text, or a value: the ledger stays, and others read it. */
const QUOTING = /(\bat or near |: )".*$/s;

/** One line of it, for the ledger. */
export function shortServerError(error: unknown): string {
  const [line = ""] = messageOf(error).split("\n");
  return `${redact(line.replace(QUOTING, '$1"…"'))} (${codeOf(error) ?? "unknown"})`;
}
