/**
 * The chain of the journal's lines: each ends with the hash of the one before it and with its own, so that it shows when a line was
 * changed, taken out or put in. The last hash stands in `journal.head`, too: without it nobody could see that the end is missing.
 * What it shows are accidents and edits; who computes all hashes anew is not found out.
 */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { errorCode, readTextIfExists } from "./files.ts";
import { journalPath, listFullFiles, oldestKept } from "./journal-files.ts";
import { parseJson } from "./untyped.ts";

/** What stands in the first line for the hash of the one before it. */
const NONE_BEFORE = "0".repeat(64);
const LINKS = /^(\{.*),"previous":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/s;

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The object's JSON as a line of the chain, and the line's hash. */
export function chainLine(entry: object, previous: string): { line: string; hash: string } {
  const body = JSON.stringify({ ...entry, previous });
  const hash = hashOf(body);
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}`, hash };
}

interface Link {
  previous: string;
  hash: string;
  /** The hash that it should have. */
  computed: string;
}

function readLink(line: string): Link | undefined {
  const [, body, previous, hash] = LINKS.exec(line) ?? [];
  if (previous === undefined || hash === undefined) return undefined;
  return { previous, hash, computed: hashOf(`${body},"previous":"${previous}"}`) };
}

function headPath(stateDir: string): string {
  return join(stateDir, "journal.head");
}

async function readHead(stateDir: string): Promise<string | undefined> {
  return /^([0-9a-f]{64})\n$/.exec((await readTextIfExists(headPath(stateDir))) ?? "")?.[1];
}

/** Remembers the last line's hash. In one piece and in its place, so that a full disk and a kill leave one or the other. */
export async function writeHead(stateDir: string, hash: string): Promise<void> {
  try {
    await writeFile(headPath(stateDir), `${hash}\n`, { flag: "r+" });
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    await writeFile(headPath(stateDir), `${hash}\n`, { mode: 0o600 });
  }
}

/** How the file ends that lines are appended to. */
export interface JournalEnd {
  /** It ends within a line, as a crash or a full disk leaves it. */
  isCutOff: boolean;
  /** What the next line follows. */
  previous: string;
}

/**
 * What the next line follows: the last one; where that is not the one that was written last, still that one, so that it shows
 * for good that something is missing. Reads no more than the file's end.
 */
export async function findEnd(stateDir: string): Promise<JournalEnd> {
  const head = await readHead(stateDir);
  const file = Bun.file(journalPath(stateDir));
  if (!(await file.exists()) || file.size === 0) {
    const newest = (await listFullFiles(stateDir)).at(-1);
    const last = newest === undefined ? undefined : await findLastLink(newest.path);
    return { isCutOff: false, previous: choosePrevious(head, last) ?? NONE_BEFORE };
  }
  const isCutOff = (await file.slice(-1).text()) !== "\n";
  const previous = choosePrevious(head, await findLastLink(journalPath(stateDir)));
  return { isCutOff, previous: previous ?? hashOf(`${await file.text()}${isCutOff ? "\n" : ""}`) };
}

function choosePrevious(head: string | undefined, last: Link | undefined): string | undefined {
  if (last === undefined || head === undefined) return head ?? last?.hash;
  return head === last.previous ? last.hash : head; // killed before it was remembered
}

const FIRST_LOOK_BYTES = 8 << 10;

async function findLastLink(path: string): Promise<Link | undefined> {
  const file = Bun.file(path);
  for (let bytes = FIRST_LOOK_BYTES; ; bytes *= 8) {
    const lines = (await file.slice(Math.max(0, file.size - bytes)).text()).split("\n").slice(0, -1);
    const links = lines.reverse().values().map(readLink);
    const last = links.find((link) => link !== undefined);
    if (last !== undefined || bytes >= file.size) return last;
  }
}

/** What is wrong with the first line that does not fit, or behind the last one. */
export type ChainFault = "changed" | "gap" | "unchained" | "file_missing" | "end_missing" | "head_missing";

export interface ChainReport {
  /** How many lines are chained, and stand there as they were written. */
  lines: number;
  fault: { kind: ChainFault; file: string; line: number } | undefined;
  /** How many lines are no entries: half ones, as a crash or a full disk leaves them. They hide nothing: the chain goes on behind. */
  halfLines: number;
}

/** Looks through all files. Whether their end is there is known by `journal.head` alone. */
export async function verifyChain(stateDir: string): Promise<ChainReport> {
  const full = await listFullFiles(stateDir);
  const report: ChainReport = { lines: 0, fault: undefined, halfLines: 0 };
  const missing = findMissing(full.map(({ number }) => number));
  const walk = new ChainWalk(report, (full[0]?.number ?? 1) > 1);
  for (const { path, number } of full) {
    if (number === missing) report.fault ??= { kind: "file_missing", file: basename(path), line: 1 };
    walk.readFile(basename(path), (await readTextIfExists(path)) ?? "");
    if (report.fault !== undefined) return report;
  }
  walk.readFile(basename(journalPath(stateDir)), (await readTextIfExists(journalPath(stateDir))) ?? "");
  walk.end(await readHead(stateDir));
  return report;
}

/** The number of the first file before which one is missing that is not too old to be there. */
function findMissing(numbers: readonly number[]): number | undefined {
  const oldest = oldestKept(numbers.at(-1) ?? 0);
  return numbers.find((number, place) => number > (place === 0 ? oldest : (numbers[place - 1] ?? 0) + 1));
}

/** Goes from line to line, until one does not fit. */
class ChainWalk {
  private last: string | undefined;
  private readonly hashes = new Set<string>();
  /** What stands before the first line of the chain: an older pgrove chained none. */
  private unchained = "";
  private place = { file: basename(journalPath("")), line: 0 };

  constructor(
    private readonly report: ChainReport,
    /** The oldest file is not the first: what its first line follows is gone, rightly. */
    private readonly beginsLater: boolean,
  ) {}

  readFile(file: string, text: string): void {
    const lines = text.split("\n");
    const cutOff = lines.pop();
    for (const [at, line] of lines.entries()) {
      if (this.report.fault !== undefined) return;
      this.place = { file, line: at + 1 };
      this.readLine(line);
    }
    if (cutOff) this.report.halfLines++;
  }

  private readLine(line: string): void {
    const link = readLink(line);
    if (link === undefined) this.readUnlinked(line);
    else if (link.hash !== link.computed) this.blame("changed");
    else if (!this.follows(link)) this.blame("gap");
    else {
      this.last = link.hash;
      this.hashes.add(link.hash);
      this.report.lines++;
    }
  }

  private readUnlinked(line: string): void {
    if (this.last === undefined) this.unchained += `${line}\n`;
    else if (isObject(line)) this.blame("unchained");
    else if (line !== "") this.report.halfLines++;
  }

  private follows({ previous }: Link): boolean {
    if (this.last !== undefined) return previous === this.last;
    return this.beginsLater || previous === (this.unchained === "" ? NONE_BEFORE : hashOf(this.unchained));
  }

  end(head: string | undefined): void {
    if (this.report.fault !== undefined) return;
    if (head === undefined) {
      // Of the very first line it may not have been written yet.
      if (this.report.lines > 1) this.blame("head_missing");
    } else if (!this.hashes.has(head)) this.blame("end_missing");
  }

  private blame(kind: ChainFault): void {
    this.report.fault = { kind, ...this.place };
  }
}

function isObject(line: string): boolean {
  const value = parseJson(line);
  return typeof value === "object" && value !== null;
}
