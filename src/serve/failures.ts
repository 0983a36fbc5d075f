/** How failures are answered, and how often somebody may fail to show a token. */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { FailureDocument } from "../answers/error.ts";
import { EXIT, PgroveError } from "../errors.ts";

/** A failure and its HTTP status. */
export interface HttpFailure {
  status: ContentfulStatusCode;
  error: FailureDocument;
}

/** What the exit codes of the command line mean over HTTP. */
const BY_EXIT: Readonly<Record<number, ContentfulStatusCode>> = {
  [EXIT.failed]: 500,
  [EXIT.usage]: 400,
  [EXIT.config]: 422,
  [EXIT.missing]: 503,
  [EXIT.refused]: 409,
  [EXIT.interrupted]: 503,
  [EXIT.terminated]: 503,
};

/** Codes of what is not there, as opposed to what does not run. */
const NOT_FOUND = /(^|_)(missing|unknown|not_found)$/;

/** The status for a failure of the command line. */
export function statusOf(exitCode: number | undefined, { code }: FailureDocument): ContentfulStatusCode {
  if (exitCode === EXIT.missing && NOT_FOUND.test(code)) return 404;
  return BY_EXIT[exitCode ?? EXIT.failed] ?? 500;
}

/** Anything that was thrown. What is no failure of ours is not told in its own words: they could hold anything. */
export function failureOf(error: unknown): HttpFailure {
  if (error instanceof HttpError) return { status: error.status, error: error.failure };
  if (error instanceof PgroveError) {
    const failure = { code: error.code, message: error.message, hint: error.hint ?? null };
    return { status: statusOf(error.exit, failure), error: failure };
  }
  return { status: 500, error: { code: "bug", message: "pgrove has a bug", hint: "its log says more" } };
}

/** A failure that is HTTP's own. */
export class HttpError extends Error {
  readonly failure: FailureDocument;

  constructor(
    readonly status: ContentfulStatusCode,
    code: string,
    message: string,
    hint: string | null = null,
  ) {
    super(message);
    this.name = "HttpError";
    this.failure = { code, message, hint };
  }
}

const WINDOW_MS = 60_000;
const MOST_FAILURES = 20;
const MOST_CLIENTS = 1_000;

/** Counts those who fail, by their address. Who shows a right token is never counted, so nobody can be locked out by another. */
export class FailureLimit {
  private readonly clients = new Map<string, { count: number; untilMs: number }>();

  constructor(private readonly nowMs: () => number) {}

  /** Notes a failure. Gives the seconds to wait when there were too many, else 0. */
  note(client: string): number {
    const now = this.nowMs();
    const known = this.clients.get(client);
    const current = known === undefined || known.untilMs <= now ? { count: 0, untilMs: now + WINDOW_MS } : known;
    current.count++;
    this.clients.delete(client);
    this.clients.set(client, current);
    const [oldest] = this.clients.keys();
    if (this.clients.size > MOST_CLIENTS && oldest !== undefined) this.clients.delete(oldest);
    return current.count > MOST_FAILURES ? Math.ceil((current.untilMs - now) / 1000) : 0;
  }
}
