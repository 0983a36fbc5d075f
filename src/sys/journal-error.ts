/**
 * What the journal, a file that stays, says of an error: which one it was, in our own words. What a program or a server
 * said of it is for the terminal: that may hold the user's SQL, rows of theirs, or a password in either.
 */
import { PgroveError } from "../errors.ts";
import { redact } from "./redact.ts";
import { ToolError } from "./tool-error.ts";
import { stringAt } from "./untyped.ts";

/** One line, without values. */
export function describeForJournal(error: unknown): string {
  const chain = causesOf(error);
  const known = chain.find((each) => each instanceof PgroveError && !(each instanceof ToolError));
  const code = known instanceof PgroveError ? `${known.code}: ` : "";
  const state = chain.map(sqlStateOf).find((each) => each !== undefined);
  if (state !== undefined) return `${code}the server refused it (SQLSTATE ${state})`;
  const tool = chain.find((each) => each instanceof ToolError);
  if (tool instanceof ToolError) return `${code}${tool.how}`;
  if (error instanceof PgroveError) return withoutQuoted(redact(error.message.split("\n")[0] ?? ""));
  const kind = stringAt(error, "code") ?? (error instanceof Error ? error.name : typeof error);
  return `unexpected: ${kind}`;
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let each = error; each !== undefined && !chain.includes(each); ) {
    chain.push(each);
    each = each instanceof Error ? each.cause : undefined;
  }
  return chain;
}

/** The SQLSTATE of what PostgreSQL has answered. */
function sqlStateOf(error: unknown): string | undefined {
  const code = stringAt(error, "code");
  return code !== undefined && stringAt(error, "severity") !== undefined && /^[0-9A-Z]{5}$/.test(code)
    ? code
    : undefined;
}

/** What stands in quotes may be a value. */
function withoutQuoted(line: string): string {
  return line.replace(/(?<!\w)(["'`])(?:(?!\1).)*\1/g, "$1…$1");
}
