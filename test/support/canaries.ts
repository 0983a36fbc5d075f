/** Secrets that are planted, and looked for wherever they do not belong: in what programs are started with, and in files. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Start, Tracer } from "./tracer.ts";

/** Those that have to know a password, in their environment. */
const LOGGING_IN = new Set(["docker", "psql", "pg_dump", "pg_restore"]);
/** Where everybody's temporary files are. */
const TEMPORARY = ["/tmp", "/var/tmp", "/dev/shm"];

/** A word that stands nowhere else on this machine. */
export function plantCanary(kind: string): string {
  return `canary-${kind}-${randomUUID()}`;
}

/** What one program does for which secrets are at hand: every program that it starts, every temporary file that it makes. */
export class Watch {
  readonly temporary: string;

  private constructor(
    folder: string,
    private readonly tracer: Tracer,
  ) {
    this.temporary = join(folder, "tmp");
    mkdirSync(this.temporary);
  }

  static async create(folder: string): Promise<Watch> {
    return new Watch(folder, await Tracer.create(join(folder, "records")));
  }

  /** The words in front of the program that is watched. */
  wrap(): string[] {
    return this.tracer.wrap();
  }

  /** The names of all programs that were started. */
  programs(): Set<string> {
    return new Set(this.tracer.starts().map(({ file }) => basename(file)));
  }

  findLeaks(words: readonly string[]): string[] {
    return findInStarts(this.tracer.starts(), words);
  }

  /** Temporary files that were made for others to read, whatever they hold: none below a folder that is its user's alone. */
  findOpen(base: string): string[] {
    const all = this.tracer.made();
    const own = all.filter(({ mode }) => (mode & 0o077) === 0).map(({ path }) => path);
    const isTemporary = (path: string) =>
      isBelow(path, this.temporary) || (TEMPORARY.some((folder) => isBelow(path, folder)) && !isBelow(path, base));
    return all
      .map(({ path }) => path)
      .filter((path) => isTemporary(path) && !own.some((each) => each === path || isBelow(path, each)));
  }
}

/** Where the words stand on command lines, and in environments of programs that need none. */
export function findInStarts(starts: readonly Start[], words: readonly string[]): string[] {
  return starts.flatMap(({ file, args, environment }) => {
    const program = basename(file);
    const others = environment.filter((line) => !(LOGGING_IN.has(program) && line.startsWith("PGPASSWORD=")));
    return [
      ...found(words, args.join(" "), `${program}'s command line: ${args.join(" ")}`),
      ...others.flatMap((line) => found(words, line, `${program}'s environment: ${line}`)),
    ];
  });
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** The files below a folder that hold one of the words. */
export function findInFiles(
  folder: string,
  words: readonly string[],
  isMeant: (path: string) => boolean = () => true,
): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true && isMeant(path))
    .flatMap((path) => found(words, readFileSync(path, "latin1"), path));
}

/** The words that stand in a text, in any of the forms in which they could be written down. */
export function found(words: readonly string[], text: string, where: string): string[] {
  const forms = (word: string) => [word, encodeURIComponent(word), btoa(word)];
  return words.filter((word) => forms(word).some((form) => text.includes(form))).map((word) => `${word} in ${where}`);
}
