/** How the page talks to the server that it came from. */
import type { FailureDocument } from "../src/answers/error.ts";
import type { JobDocument } from "../src/answers/jobs.ts";

const KEPT = "pgrove-token";

/** A failure as the server has told it, or that it is not to be reached. */
export class ServerError extends Error {
  constructor(
    readonly status: number,
    readonly failure: FailureDocument,
  ) {
    super(failure.message);
  }
}

const GONE: FailureDocument = { code: "gone", message: "the server does not answer", hint: "pgrove serve" };

/** Takes the token out of the address, where a history or a screenshot would keep it. */
export function takeToken(): void {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  keepToken(decodeURIComponent(token));
  history.replaceState(null, "", "#worktrees");
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEPT, token.trim());
}

function headers(): Record<string, string> {
  return { authorization: `Bearer ${sessionStorage.getItem(KEPT) ?? "none"}` };
}

async function ask(path: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(path, init).catch(() => undefined);
  if (response === undefined) throw new ServerError(0, GONE);
  const document: unknown = await response.json().catch(() => undefined);
  if (response.ok) return document;
  const told = document as { error?: FailureDocument } | undefined;
  throw new ServerError(response.status, told?.error ?? GONE);
}

/** What stands under a path. Throws ServerError. */
export async function read<T>(path: string): Promise<T> {
  return (await ask(path, { headers: headers() })) as T;
}

/** Begins a job, or asks for a plan with `dry_run`. Throws ServerError. */
export async function send<T = { job: JobDocument }>(path: string, body: object): Promise<T> {
  const init = { method: "POST", headers: { ...headers(), "content-type": "application/json" } };
  return (await ask(path, { ...init, body: JSON.stringify(body) })) as T;
}

export interface Listeners {
  job(job: JobDocument): void;
  changed(): void;
  /** Whether the server is there. */
  there(isThere: boolean): void;
}

const AGAIN_MS = 1_500;

/** Listens for as long as the page is open and its token counts. An EventSource could not send the token. */
export async function listen(listeners: Listeners): Promise<void> {
  for (;;) {
    const isRefused = await listenOnce(listeners).catch(() => false);
    if (isRefused) return listeners.changed(); // what is asked now says that a token is needed
    listeners.there(false);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** Until the stream ends. Resolves with whether the token does not count. */
async function listenOnce({ job, changed, there }: Listeners): Promise<boolean> {
  const response = await fetch("/api/v1/events", { headers: { ...headers(), accept: "text/event-stream" } });
  if (!response.ok || response.body === null) return response.status === 401;
  there(true);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    const events = (text + value).split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1] ?? "null";
      if (event.startsWith("event: job\n")) job(JSON.parse(data) as JobDocument);
      if (event.startsWith("event: changed\n")) changed();
    }
  }
}
