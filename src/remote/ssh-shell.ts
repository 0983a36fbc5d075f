/**
 * Scripts run on another machine by the user's own ssh: its configuration, its keys and its agent. What comes back stands behind
 * a mark, since a login may say something by itself.
 */
import { randomUUID } from "node:crypto";
import { lstat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingError } from "../errors.ts";
import type { Command } from "../sys/command.ts";
import { ensureDir } from "../sys/files.ts";
import { quoteForShell } from "../sys/shell-word.ts";
import { ToolError } from "../sys/tool-error.ts";
import type { RemoteTools } from "./remote.ts";
import { absent, denied, full, lost } from "./trouble.ts";

/** There is no such folder. */
const NO_FOLDER = 42;
/** What a script ends with that finds a name taken: no failure. */
export const TAKEN = 43;

/** Never asks, gives up on a machine that does not answer, and notices when it is gone. */
const OPTIONS = [
  ...["BatchMode=yes", "ConnectTimeout=20", "ServerAliveInterval=15", "ServerAliveCountMax=3"],
  ...["ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RequestTTY=no"],
].flatMap((option) => ["-o", option]);

/** How long a connection waits for a next command, in s. */
const KEPT_OPEN_S = 15;

/** Options for one connection for all commands: a folder for its socket that only this user can enter; none where there is no such. */
export async function shareConnection(): Promise<string[]> {
  const uid = process.getuid?.();
  const folder = join(tmpdir(), `pgrove-ssh-${uid}`);
  await ensureDir(folder).catch(() => undefined);
  const found = await lstat(folder).catch(() => undefined);
  const isOwn = found?.isDirectory() === true && found.uid === uid && (found.mode & 0o077) === 0;
  if (!isOwn) return [];
  const options = ["ControlMaster=auto", `ControlPath=${folder}/%C`, `ControlPersist=${KEPT_OPEN_S}`];
  return options.flatMap((option) => ["-o", option]);
}

interface SshSpot {
  host: string;
  root: string;
  project: string;
  /** The options by which several commands go through one connection. */
  sharing: readonly string[];
}

/** Runs scripts in the project's folder there. */
export class Shell {
  readonly label: string;
  readonly abort: AbortSignal;

  constructor(
    private readonly spot: SshSpot,
    private readonly tools: RemoteTools,
  ) {
    this.abort = tools.abort;
    this.label = `ssh://${spot.host}/${spot.root.replace(/^\//, "")}/${spot.project}`;
  }

  /** What the script says, by lines. Resolves with undefined where it ends with TAKEN. */
  async ask(script: string, input?: string | AsyncIterable<Uint8Array>): Promise<string[] | undefined> {
    const mark = `answer ${randomUUID()}`;
    const pieces: Buffer[] = [];
    try {
      const bytes = typeof input === "string" ? single(new TextEncoder().encode(input)) : input;
      const io = { output: (chunk: Uint8Array) => void pieces.push(Buffer.from(chunk)) };
      const command = this.command(`echo; echo '${mark}'\n${script}`);
      await this.tools.runner.stream(command, bytes === undefined ? io : { ...io, input: bytes }, this.tools.abort);
    } catch (error) {
      if (error instanceof ToolError && error.failure.exitCode === TAKEN) return undefined;
      throw this.explain(error);
    }
    const lines = Buffer.concat(pieces).toString().split("\n");
    return lines.slice(lines.indexOf(mark) + 1, lines.at(-1) === "" ? -1 : undefined);
  }

  /** The bytes that the script says: those that a login says before are left out. */
  async read(script: string, take: (piece: Uint8Array) => Promise<void>): Promise<void> {
    const mark = Buffer.from(`\nanswer ${randomUUID()}\n`);
    let before: Buffer | undefined = Buffer.alloc(0);
    const output = async (chunk: Uint8Array) => {
      if (before === undefined) return await take(chunk);
      before = Buffer.concat([before, chunk]);
      const at = before.indexOf(mark);
      if (at < 0) return;
      const rest = before.subarray(at + mark.length);
      before = undefined;
      if (rest.length > 0) await take(rest);
    };
    const command = this.command(`printf '%s' ${quoteForShell(mark.toString())}\n${script}`);
    await this.tools.runner.stream(command, { output }, this.tools.abort).catch((error: unknown) => {
      throw this.explain(error);
    });
  }

  private command(script: string): Command {
    const { host, root, project, sharing } = this.spot;
    const [from, own] = [root, project].map((each) => quoteForShell(each.startsWith("-") ? `./${each}` : each));
    const enter = `set -e; umask 077; LC_ALL=C; export LC_ALL; cd -- ${from} 2>/dev/null || exit ${NO_FOLDER}; mkdir -p -- ${own}; cd -- ${own}`;
    const whole = `exec sh -c ${quoteForShell(`${enter}\n${script}`)}`; // whatever shell the login has
    return { file: "ssh", args: [...OPTIONS, ...sharing, "--", host, whole], env: {}, secrets: [] };
  }

  private explain(error: unknown): unknown {
    if (!(error instanceof ToolError) || error.failure.aborted) return error;
    const { exitCode, stderr } = error.failure;
    const said = stderr
      .filter((line) => line.trim() !== "")
      .slice(-3)
      .join("; ");
    const { host, root } = this.spot;
    if (exitCode === NO_FOLDER) {
      return absent(`there is no folder ${root} on ${host}`, `ssh ${host} mkdir -p ${quoteForShell(root)}`);
    }
    if (/No space left|quota exceeded/i.test(said)) return full(this.label, said);
    if (exitCode !== 255) return missingError("remote_failed", `${this.label}: ${said || error.how}`, HINT_SHELL);
    if (/Permission denied|Too many authentication failures/i.test(said))
      return denied(this.label, said, `ssh ${host}`);
    if (/Host key verification failed|IDENTIFICATION HAS CHANGED/i.test(said))
      return denied(this.label, said, `ssh ${host}`);
    if (/Could not resolve hostname/i.test(said))
      return absent(`${host} is not found: ${said}`, "look at dumps.remote.ssh");
    return lost(this.label, said || error.how, error);
  }
}

const HINT_SHELL = "it takes a POSIX shell there, with the rights to write in that folder; sftp alone does not do";

async function* single(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
}
