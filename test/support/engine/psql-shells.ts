/** psql inside a container without a `docker exec` for every call: that costs ten times what psql itself does. */
import type { Subprocess } from "bun";
import type { RunResult } from "./run.ts";

/**
 * What the shell does for each call: it reads the script's size in bytes and the database, says that it has, and gives
 * psql just those bytes; what psql leaves unread, after an error, is read away. Both streams then end with a line of the
 * call's mark; stdout's has psql's exit code in it.
 */
const LOOP = `
while IFS= read -r mark && IFS= read -r size && IFS= read -r database; do
  echo "$mark"
  head -c "$size" | { psql -XAtq -v ON_ERROR_STOP=1 -U "$0" -d "$database"; code=$?; cat >/dev/null; exit $code; }
  code=$?
  printf '\\n%s\\n' "$mark" >&2
  printf '\\n%s %d\\n' "$mark" "$code"
done`;

type Shell = Subprocess<"pipe", "pipe", "pipe">;

/** Shells of one container that stay open and run one psql after the other; as many as there are calls at once. */
export class PsqlShells {
  private readonly idle: OpenShell[] = [];

  constructor(
    private readonly container: string,
    private readonly user: string,
  ) {}

  /** Runs a script by psql; a shell that ended meanwhile, with its container, is replaced before anything is run. */
  async run(database: string, sql: string): Promise<RunResult> {
    for (;;) {
      const known = this.idle.pop();
      const shell = known ?? new OpenShell(this.container, this.user);
      if (await shell.begin(database, sql)) {
        const result = await shell.end();
        if (shell.isOpen) this.keep(shell);
        return result;
      }
      if (known === undefined) return shell.end();
    }
  }

  /** An idle shell keeps no process of tests from ending. */
  private keep(shell: OpenShell): void {
    shell.child.unref();
    this.idle.push(shell);
  }
}

/** One shell, and the one call that it has. */
class OpenShell {
  readonly child: Shell;
  private readonly stdout: Texts;
  private readonly stderr: Texts;
  private mark = "";

  constructor(container: string, user: string) {
    this.child = Bun.spawn(["docker", "exec", "-i", container, "sh", "-c", LOOP, user], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.stdout = new Texts(this.child.stdout);
    this.stderr = new Texts(this.child.stderr);
  }

  get isOpen(): boolean {
    return !this.stdout.ended;
  }

  /**
   * Hands the script over; false when the shell has ended before it took it. The process waits for its answer: with
   * nothing else to wait for, bun's loop would turn without a pause, and take a whole core until psql has answered.
   */
  async begin(database: string, sql: string): Promise<boolean> {
    this.child.ref();
    this.mark = crypto.randomUUID();
    const script = new TextEncoder().encode(sql);
    this.write(`${this.mark}\n${script.length}\n${database}\n`);
    if ((await this.stdout.until(`${this.mark}\n`)) === undefined) return false;
    this.write(script);
    return true;
  }

  /** What psql said; of a shell that has ended, its own last words and exit code. */
  async end(): Promise<RunResult> {
    const [stdout, stderr] = await Promise.all([
      this.stdout.until(`\n${this.mark} `),
      this.stderr.until(`\n${this.mark}\n`),
    ]);
    const code = await this.stdout.until("\n");
    if (stdout !== undefined && code !== undefined && stderr !== undefined)
      return { stdout, stderr, code: Number(code) };
    return { stdout: this.stdout.rest, stderr: this.stderr.rest, code: (await this.child.exited) || 1 };
  }

  /** Writes without waiting: psql may answer before it has read all. A shell that has ended says so by its streams. */
  private write(text: string | Uint8Array): void {
    const { stdin } = this.child;
    Promise.try(() => {
      stdin.write(text);
      return stdin.flush();
    }).catch(() => undefined);
  }
}

/** A stream that is read up to one text after the other. */
class Texts {
  rest = "";
  ended = false;
  private readonly chunks: AsyncIterator<Uint8Array>;
  private readonly decoder = new TextDecoder();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.chunks = stream[Symbol.asyncIterator]();
  }

  /** What comes before the text; undefined when the stream ends without it. */
  async until(text: string): Promise<string | undefined> {
    for (let from = 0; ; ) {
      const at = this.rest.indexOf(text, from);
      if (at !== -1) {
        const found = this.rest.slice(0, at);
        this.rest = this.rest.slice(at + text.length);
        return found;
      }
      from = Math.max(0, this.rest.length - text.length);
      const { value, done } = await this.chunks.next();
      if (done) {
        this.ended = true;
        return undefined;
      }
      this.rest += this.decoder.decode(value, { stream: true });
    }
  }
}
