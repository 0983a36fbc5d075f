/**
 * A folder on another machine, by the user's own ssh: its configuration, its keys and its agent. A POSIX shell there is all it
 * takes. What is asked for goes as one script; what comes back stands behind a mark, since a login may say something by itself.
 */
import { randomUUID } from "node:crypto";
import { missingError } from "../errors.ts";
import type { Command } from "../sys/command.ts";
import { quoteForShell } from "../sys/shell-word.ts";
import { ToolError } from "../sys/tool-error.ts";
import { readChecked } from "./read-checked.ts";
import type { CheckedFile, PutWork, Remote, RemoteObject, RemoteTools } from "./remote.ts";
import { absent, damaged, denied, full, lost, occupied, persist } from "./trouble.ts";

const PIECE_BYTES = 1 << 18;

/** What our scripts end with where it is no failure. */
const NO_FOLDER = 42;
const TAKEN = 43;

/** Never asks, gives up on a machine that does not answer, and notices when it is gone. */
const OPTIONS = [
  ...["BatchMode=yes", "ConnectTimeout=20", "ServerAliveInterval=15", "ServerAliveCountMax=3"],
  ...["ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RequestTTY=no"],
].flatMap((option) => ["-o", option]);

/** A part that was not written to for so long is nobody's. */
const STALE_MINUTES = 2;

/** Hashes standard input with whatever the machine has for it. */
const SHA256 = `
sha() {
  if command -v sha256sum >/dev/null; then sha256sum
  elif command -v shasum >/dev/null; then shasum -a 256
  else openssl dgst -sha256 -r
  fi | cut -c1-64
}
`;

/** A name that is taken is not written over: a link fails where a rename would replace. */
const PUBLISH = `
publish() {
  sync "$1" 2>/dev/null || :
  if ln "$1" "$2" 2>/dev/null; then rm -f "$1"; return; fi
  if [ -e "$2" ]; then rm -f "$1"; exit ${TAKEN}; fi
  mv "$1" "$2"
}
`;

/** Opens the folder. Throws (exit 4) when the machine cannot be reached, or has no such folder. */
export async function openSsh(written: string, project: string, tools: RemoteTools): Promise<Remote> {
  const colon = written.indexOf(":");
  const [host, path] = [written.slice(0, colon), written.slice(colon + 1)];
  const root = path.startsWith("~/") ? path.slice(2) : path; // a login begins in the home folder
  const shell = new Shell({ host, root, project }, tools);
  await persist(() => shell.ask("exit 0"), tools);
  const place = (name: string) => `${shell.label}/${name}`;
  return {
    ...{ kind: "ssh", label: shell.label, place },
    list: () => listBelow(shell),
    find: (name) => findObject(shell, name),
    readTexts: (names) => readTexts(shell, names),
    read: (name, from, take) => shell.read(`tail -c +${from + 1} < ${quoteForShell(name)}`, take),
    putFile: (name, file, work) => putFile(shell, { name, place: place(name) }, file, work),
    putText: (name, text, replace) => putText(shell, { name, place: place(name) }, text, replace),
    remove: async (name) => void (await shell.ask(`rm -f -- ${quoteForShell(name)}`)),
  };
}

interface SshSpot {
  host: string;
  root: string;
  project: string;
}

/** Runs scripts in the project's folder there. */
class Shell {
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
    const { host, root, project } = this.spot;
    const [from, own] = [root, project].map((each) => quoteForShell(each.startsWith("-") ? `./${each}` : each));
    const enter = `set -e; umask 077; LC_ALL=C; export LC_ALL; cd -- ${from} 2>/dev/null || exit ${NO_FOLDER}; mkdir -p -- ${own}; cd -- ${own}`;
    const whole = `exec sh -c ${quoteForShell(`${enter}\n${script}`)}`; // whatever shell the login has
    return { file: "ssh", args: [...OPTIONS, "--", host, whole], env: {}, secrets: [] };
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

/** `SIZE SECONDS INODE NAME` of what lies there. */
const DESCRIBE = `
describe() {
  ls -lnid -- "$1" 2>/dev/null | { read -r inode mode links user group size rest && printf '%s %s %s\\n' "$inode" "$size" "$1"; }
}
`;

async function listBelow(shell: Shell): Promise<RemoteObject[]> {
  const script = `${DESCRIBE}
for file in */*; do if [ -f "$file" ]; then describe "$file"; fi; done`;
  return ((await shell.ask(script)) ?? []).flatMap(parseObject);
}

async function findObject(shell: Shell, name: string): Promise<RemoteObject | undefined> {
  const quoted = quoteForShell(name);
  const lines = await shell.ask(`${DESCRIBE}\nif [ -f ${quoted} ]; then describe ${quoted}; fi`);
  return lines?.flatMap(parseObject)[0];
}

/** When it was written does not matter: what it is of, its manifest says. */
function parseObject(line: string): RemoteObject[] {
  const [, inode, size, name] = /^(\d+) (\d+) (.+)$/.exec(line) ?? [];
  if (name === undefined) return [];
  return [{ name, sizeBytes: Number(size), modifiedAt: new Date(0), tag: `${inode}-${size}` }];
}

async function readTexts(shell: Shell, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const mark = randomUUID();
  const script = `while IFS= read -r file; do
  if [ -f "$file" ]; then printf '%s %s\\n' ${mark} "$file"; cat -- "$file"; echo; fi
done`;
  const lines = (await shell.ask(script, `${names.join("\n")}\n`)) ?? [];
  const texts = new Map<string, string>();
  let name: string | undefined;
  for (const line of lines) {
    if (line.startsWith(`${mark} `)) {
      name = line.slice(mark.length + 1);
      texts.set(name, "");
    } else if (name !== undefined) texts.set(name, `${texts.get(name)}${line}\n`);
  }
  return new Map([...texts].map(([each, text]) => [each, text.replace(/\n$/, "")]));
}

interface Named {
  name: string;
  place: string;
}

/** What a push that was cut short has left is taken over: its name says of which bytes it is. */
async function putFile(shell: Shell, { name, place }: Named, file: CheckedFile, { report }: PutWork): Promise<void> {
  const [folder, base] = [name.slice(0, name.indexOf("/")), name.slice(name.indexOf("/") + 1)];
  const stem = `.${base}.${file.sha256.slice(0, 16)}`;
  const part = `${folder}/${stem}.${randomUUID().slice(0, 8)}.part`;
  const [final, own] = [name, part].map(quoteForShell);
  if (await isThere(shell, { name, place }, file)) return;
  await shell.ask(`mkdir -p -- ${quoteForShell(folder)}
for old in $(find ${quoteForShell(folder)} -name ${quoteForShell(`${stem}.*.part`)} -mmin +${STALE_MINUTES} | tr ' ' '?'); do
  if [ -f ${own} ]; then rm -f -- "$old"; else mv -- "$old" ${own}; fi
done
: >> ${own}`);
  let sent = 0;
  const send = async () => {
    const size = Number((await shell.ask(`wc -c < ${own}`))?.[0]);
    const rest = piecesFrom(file, size, (bytes) => {
      sent = bytes;
      report(bytes);
    });
    await shell.ask(`cat >> ${own}`, rest);
  };
  await persist(send, { abort: shell.abort, reached: () => sent });
  const publish = `${SHA256}${PUBLISH}
if [ "$(sha < ${own})" != ${file.sha256} ]; then rm -f ${own}; echo other; exit 0; fi
publish ${own} ${final}`;
  const answer = await persist(() => shell.ask(publish), { abort: shell.abort });
  if (answer?.includes("other")) throw damaged(`what came to be at ${place} is not what was sent there`);
  if (answer === undefined) await isThere(shell, { name, place }, file);
}

/** The file's bytes from there on; all of them are read and checked. */
async function* piecesFrom(
  file: CheckedFile,
  from: number,
  report: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of readChecked(file, PIECE_BYTES)) {
    const rest = piece.subarray(Math.max(0, from - at));
    at += piece.length;
    if (at <= from) continue;
    yield rest;
    report(at);
  }
}

async function isThere(shell: Shell, { name, place }: Named, { sizeBytes, sha256 }: CheckedFile): Promise<boolean> {
  const quoted = quoteForShell(name);
  const script = `${SHA256}\nif [ -e ${quoted} ]; then wc -c < ${quoted}; sha < ${quoted}; fi`;
  const [size, sha] = (await persist(() => shell.ask(script), { abort: shell.abort })) ?? [];
  if (size === undefined) return false;
  if (Number(size) === sizeBytes && sha === sha256) return true;
  throw occupied(place);
}

async function putText(shell: Shell, { name, place }: Named, text: string, replace: boolean): Promise<void> {
  const folder = name.slice(0, name.indexOf("/"));
  const [quoted, temporary] = [name, `${folder}/.${randomUUID()}.tmp`].map(quoteForShell);
  const end = replace
    ? `sync ${temporary} 2>/dev/null || :; mv -f -- ${temporary} ${quoted}`
    : `publish ${temporary} ${quoted}`;
  const script = `${PUBLISH}mkdir -p -- ${quoteForShell(folder)}; cat > ${temporary}\n${end}`;
  if ((await shell.ask(script, text)) !== undefined) return;
  if ((await readTexts(shell, [name])).get(name) !== text) throw occupied(place);
}
