/** A folder on another machine. A POSIX shell there is all it takes. */
import { randomUUID } from "node:crypto";
import { PgroveError } from "../errors.ts";
import { quoteForShell } from "../sys/shell-word.ts";
import { readChecked } from "./read-checked.ts";
import type { CheckedFile, PutWork, Remote, RemoteObject, RemoteTools } from "./remote.ts";
import { Shell, shareConnection, TAKEN } from "./ssh-shell.ts";
import { damaged, occupied, persist } from "./trouble.ts";

const PIECE_BYTES = 1 << 18;

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
  const shell = new Shell({ host, root, project, sharing: await shareConnection() }, tools);
  await persist(() => shell.ask("exit 0"), tools);
  const place = (name: string) => `${shell.label}/${name}`;
  return {
    ...{ kind: "ssh", label: shell.label, place },
    list: () => listBelow(shell),
    find: (name) => findObject(shell, name),
    readTexts: (names) => readTexts(shell, names),
    read: (name, { from, length }, take) => {
      const rest = `tail -c +${from + 1} < ${quoteForShell(name)}`;
      return shell.read(length === undefined ? rest : `${rest} | head -c ${length}`, take);
    },
    putFile: (name, file, work) => putFile(shell, { name, place: place(name) }, file, work),
    putText: (name, text, replace) => putText(shell, { name, place: place(name) }, text, replace),
    remove: async (name) => void (await shell.ask(`rm -f -- ${quoteForShell(name)}`)),
  };
}

/** `INODE SIZE NAME` of what lies there. */
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
  const publish = `${SHA256}${PUBLISH}
if [ "$(sha < ${own})" != ${file.sha256} ]; then : > ${own}; echo other; exit 0; fi
publish ${own} ${final}`;
  const attempt = async () => {
    await persist(send, { abort: shell.abort, reached: () => sent });
    return await persist(() => shell.ask(publish), { abort: shell.abort });
  };
  try {
    let answer = await attempt();
    if (answer?.includes("other")) answer = await attempt(); // what was taken over was damaged: once more from the beginning
    if (answer?.includes("other")) throw damaged(`what came to be at ${place} is not what was sent there`);
    if (answer === undefined) await isThere(shell, { name, place }, file);
  } catch (error) {
    if (/_damaged$/.test(codeOf(error))) await shell.ask(`rm -f -- ${own}`); // nothing to go on with
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof PgroveError ? error.code : "";
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
