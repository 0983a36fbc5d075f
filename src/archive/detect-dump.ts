/** What kind of dump a file is: by its bytes, never by its name. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { failure } from "../errors.ts";
import { pathExists } from "../sys/files.ts";
import { quoteWord } from "../sys/shell-word.ts";
import { ARCHIVE_MAGIC } from "./archive.ts";
import { type ByteSource, bytesOf, type DumpBytes } from "./dump-bytes.ts";
import { type ForeignFile, findForeign } from "./foreign-file.ts";
import { openPlain, unpackerOf, type Wrapping } from "./plain.ts";

export type DumpKind =
  | { kind: "custom" }
  /** pg_dump -Ft: pg_restore reads the tar itself. `tocOffset` is where toc.dat begins. */
  | { kind: "tar"; tocOffset: number }
  /** pg_dump -Fd packed as a tar. `inside` is the folder within it. */
  | { kind: "packed-directory"; tocOffset: number; inside: string }
  | { kind: "directory" }
  | { kind: "plain"; wrapping: Wrapping };

const HEAD_BYTES = 512;

/** Finds out what a dump is. Throws (exit 1) for what is none, saying what it looks like. */
export async function detectDump(source: ByteSource): Promise<DumpKind> {
  const bytes = bytesOf(source);
  const { path } = bytes;
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return await detectFolder(path);
  const head = await bytes.reading(({ read }) => read(0, HEAD_BYTES));
  if (head.length === 0) throw notADump(path, "it is empty");
  if (startsWith(head, ARCHIVE_MAGIC)) return { kind: "custom" };
  if (isTar(head)) return await detectTar(bytes, holdsDump(head));
  const wrapping = wrappingOf(head);
  if (wrapping === undefined) throw foreignFile(path, findForeign(head) ?? { what: BINARY });
  if (wrapping === "none") return { kind: "plain", wrapping };
  const beginning = await firstBytes(bytes, wrapping);
  if (startsWith(beginning, ARCHIVE_MAGIC)) throw wrapped(path, wrapping, "a custom-format archive");
  if (isTar(beginning)) {
    const held = holdsDump(beginning);
    throw held === undefined ? wrapped(path, wrapping, TAR) : packed(path, held, wrapping);
  }
  const again = wrappingOf(beginning);
  if (again === "none") return { kind: "plain", wrapping };
  if (again !== undefined) throw wrapped(path, wrapping, `a file compressed with ${again}`);
  const foreign = findForeign(beginning);
  throw notADump(path, foreign === undefined ? BINARY : `within ${wrapping}, ${foreign.what}`);
}

const BINARY = "it is binary, in no format that pg_dump writes";

function isTar(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).subarray(257, 262).toString("latin1") === "ustar";
}

function wrapped(path: string, wrapping: Exclude<Wrapping, "none">, what: string) {
  const bare = path.replace(WRAPPED_NAME, "");
  const own = /\.t(?:gz|zst)$/i.test(path) || bare === path ? `${bare}.tar` : bare;
  const out = quoteWord(what === TAR ? own : own.replace(/\.tar$/, ".dump"));
  const way = `decompress it, and restore that: ${unpackerOf(wrapping)} ${quoteWord(path)} > ${out} && pgrove restore ${out}`;
  return failure("dump_wrapped", `${path} is ${what} compressed once more with ${wrapping}`, way);
}

const TAR = "a tar";
const WRAPPED_NAME = /\.(?:t?gz|t?zst)$/i;
const DUMP_NAME = /\.(?:dump|sql|backup|pgdump)(?:\.(?:gz|zst))?$/i;

/** The dump file that a tar begins with, where its name can be shown and leads nowhere else. */
function holdsDump(head: Uint8Array): string | undefined {
  const name = textField(Buffer.from(head), 0, 100);
  return DUMP_NAME.test(name) && !/\p{Cc}|\.\./u.test(name) ? name : undefined;
}

function packed(path: string, name: string, wrapping: Wrapping) {
  const option = { none: "", gzip: "-z ", zstd: "--zstd " }[wrapping];
  const bare = path.replace(/\.(?:tar(?:\.gz|\.zst)?|tgz|tzst)$/i, "");
  const folder = bare === path ? `${path}.unpacked` : bare;
  const [into, file] = [quoteWord(folder), quoteWord(join(folder, name))];
  const unpack = `mkdir ${into} && tar ${option}-xf ${quoteWord(path)} -C ${into}`;
  const way = `unpack it, and restore what is in it: ${unpack} && pgrove restore ${file}`;
  return failure("dump_wrapped", `${path} is a tar around a dump: ${name}`, way);
}

async function detectFolder(path: string): Promise<DumpKind> {
  if (await pathExists(join(path, "toc.dat"))) return { kind: "directory" };
  throw notADump(path, "the folder holds no toc.dat");
}

/** As many as tell a tar, or all that there are. */
async function firstBytes(source: DumpBytes, wrapping: Wrapping): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of openPlain(source, wrapping)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= HEAD_BYTES) break;
  }
  return Buffer.concat(chunks);
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString("latin1") === text;
}

function wrappingOf(head: Uint8Array): Wrapping | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  return head.includes(0) || findForeign(head) !== undefined ? undefined : "none";
}

function foreignFile(path: string, { what, opener }: ForeignFile) {
  if (opener === undefined) return notADump(path, what);
  const bare = path.replace(PACKED_NAME, "");
  const out = quoteWord(bare === path ? `${path}.dump` : bare);
  return notADump(path, what, `${opener} ${quoteWord(path)} > ${out} && pgrove restore ${out}`);
}

const PACKED_NAME = /\.(?:lz4|xz|lzma|bz2|lz|lzo|Z|zip|7z|gpg|pgp|asc|enc|b64)$/;

function notADump(path: string, why: string, hint = "pgrove dumps list") {
  return failure("not_a_dump", `${path} is not a dump of PostgreSQL: ${why}`, hint);
}

const BLOCK = 512;

/** Walks a tar's headers; the data is skipped. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html */
async function detectTar({ path, reading }: DumpBytes, held: string | undefined): Promise<DumpKind> {
  return await reading(async ({ sizeBytes, read }) => {
    let toc: { offset: number; inside: string } | undefined;
    for (let position = 0; ; ) {
      const header = Buffer.from((await read(position, BLOCK)).slice());
      if (header.length < BLOCK || header[0] === 0) break;
      const name = textField(header, 0, 100).replace(/^\.\//, "");
      const size = sizeField(header);
      if (textField(header, 257, 5) !== "ustar" || !Number.isSafeInteger(size) || size < 0) throw damagedTar(path);
      if (name === "restore.sql" && toc !== undefined) return { kind: "tar", tocOffset: toc.offset };
      if (name.split("/").at(-1) === "toc.dat") {
        toc = { offset: position + BLOCK, inside: name.slice(0, -"toc.dat".length) };
      }
      position += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
      if (position > sizeBytes) throw damagedTar(path);
    }
    if (toc === undefined && held !== undefined) throw packed(path, held, "none");
    if (toc === undefined) throw notADump(path, "the tar holds no toc.dat, so it is of neither pg_dump -Ft nor -Fd");
    return { kind: "packed-directory", tocOffset: toc.offset, inside: toc.inside };
  });
}

function damagedTar(path: string) {
  return failure(
    "dump_damaged",
    `the dump is damaged: its tar cannot be read to the end (${path})`,
    "was it written through a terminal (`docker exec -t` changes bytes), or cut off? make it again",
  );
}

function textField(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString("utf8");
}

/** Octal text, or base 256 for 8 GiB and more (first bit set). */
function sizeField(header: Buffer): number {
  const first = header[124] ?? 0;
  if ((first & 0x80) === 0) return Number.parseInt(textField(header, 124, 12).trim() || "0", 8);
  let size = 0;
  for (const byte of header.subarray(128, 136)) size = size * 256 + byte;
  return size;
}
