/** `pgrove serve` as a user starts it, and its API as a program calls it. */
import { waitFor } from "../engine/run.ts";
import { binary, type Repo } from "../faults/program.ts";
import { patiently } from "../patience.ts";

export interface Reply {
  status: number;
  headers: Headers;
  /** The body as JSON; undefined where it is none. */
  json: Record<string, unknown> | undefined;
  text: string;
}

export interface Job {
  id: string;
  state: string;
  target: string | null;
  run: string | null;
  command: string;
  lines: string[];
  answer: Record<string, unknown> | null;
  error: { code: string; message: string; hint: string | null } | null;
}

const JOB_MS = 60_000;

export class Served implements AsyncDisposable {
  private constructor(
    private readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">,
    readonly url: string,
    /** Of the page, with its token; empty where the server showed none. */
    readonly page: string,
    readonly token: string,
    private readonly heard: { stdout: string; stderr: string },
  ) {}

  /** Starts it and waits until it has said where. */
  static async start(
    repo: Pick<Repo, "folder" | "environment">,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<Served> {
    const listen = args.some((each) => each.startsWith("--listen")) ? [] : ["--listen=127.0.0.1:0"];
    const child = Bun.spawn([binary, "serve", ...listen, "--json", ...args], {
      ...{ cwd: repo.folder, env: { ...repo.environment(), ...env } },
      ...{ stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    });
    const heard = { stdout: "", stderr: "" };
    void hear(child.stdout, (text) => (heard.stdout += text));
    void hear(child.stderr, (text) => (heard.stderr += text));
    await waitFor("the server", JOB_MS, async () => heard.stdout.includes("\n") || child.exitCode !== null);
    if (!heard.stdout.includes("\n")) throw new Error(`serve ended: ${heard.stderr}`);
    const { url, page, token } = JSON.parse(heard.stdout);
    return new Served(child, url, page, token ?? "", heard);
  }

  /** Everything that it has written. */
  said(): string {
    return this.heard.stdout + this.heard.stderr;
  }

  get pid(): number {
    return this.child.pid;
  }

  async ask(path: string, init: RequestInit & { token?: string } = {}): Promise<Reply> {
    const { token = this.token, headers, ...rest } = init;
    const all = { ...(token === "" ? {} : { authorization: `Bearer ${token}` }), ...headers };
    const response = await fetch(new URL(path, this.url), { ...rest, headers: all });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : undefined, text };
  }

  /** Asks, and throws unless the status is the one that is meant. */
  async get(path: string, status = 200, token = this.token): Promise<Record<string, unknown>> {
    return requireStatus(path, await this.ask(path, { token }), status);
  }

  async post(path: string, body: unknown, status = 202, token = this.token): Promise<Record<string, unknown>> {
    const headers = { "content-type": "application/json" };
    return requireStatus(
      path,
      await this.ask(path, { method: "POST", body: JSON.stringify(body), headers, token }),
      status,
    );
  }

  /** Begins a job and waits until it has ended. */
  async work(path: string, body: unknown, token = this.token): Promise<Job> {
    const { id } = (await this.post(path, body, 202, token)).job as Job;
    return await this.ended(id);
  }

  async job(id: string): Promise<Job> {
    return (await this.get(`/api/v1/jobs/${id}`)).job as Job;
  }

  async ended(id: string): Promise<Job> {
    let job: Job | undefined;
    await waitFor(`job ${id}`, JOB_MS, async () => {
      job = await this.job(id);
      return job.state !== "running";
    });
    if (job === undefined) throw new Error(`job ${id} was never seen`);
    return job;
  }

  /** Tells it to end; resolves with the exit code. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.child.kill(signal);
    await this.child.exited;
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.end();
  }
}

async function hear(stream: ReadableStream<Uint8Array>, tell: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) tell(decoder.decode(chunk, { stream: true }));
}

function requireStatus(path: string, { status, json, text }: Reply, meant: number): Record<string, unknown> {
  if (status === meant && json !== undefined) return json;
  throw new Error(`${path} answered ${status}, not ${meant}: ${text.slice(0, 2000)}`);
}

/** How long a condition is waited for. */
export const WAIT_MS = patiently(30_000);
