/** Secrets that are planted, and looked for wherever they do not belong: in what programs are started with, and in files. */
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** The programs that pgrove starts. */
const WATCHED = ["docker", "git", "psql", "pg_dump", "pg_restore"] as const;
/** Those that have to know a password, in their environment. */
const LOGGING_IN = new Set<string>(["docker", "psql", "pg_dump", "pg_restore"]);

/** A program as it was started, and what lay among the temporary files at that moment. */
export interface Start {
  program: string;
  args: string;
  environment: readonly string[];
  temporary: string;
}

/** A word that stands nowhere else on this machine. */
export function plantCanary(kind: string): string {
  return `canary-${kind}-${randomUUID()}`;
}

/** Programs of the same names, first in the path, which write down how they were started and become the real ones. */
export class Watch {
  readonly path: string;
  readonly temporary: string;
  private readonly records: string;

  constructor(folder: string) {
    const programs = join(folder, "watch");
    this.records = join(folder, "records");
    this.temporary = join(folder, "tmp");
    for (const each of [programs, this.records, this.temporary]) mkdirSync(each, { recursive: true });
    for (const name of WATCHED) {
      const real = Bun.which(name);
      if (real === null) throw new Error(`${name} is not installed`);
      writeFileSync(join(programs, name), script(real, this.records, this.temporary));
      chmodSync(join(programs, name), 0o755);
    }
    this.path = `${programs}:${process.env.PATH}`;
  }

  starts(): Start[] {
    return readdirSync(this.records).map((name) => {
      const folder = join(this.records, name);
      const [program = "", ...args] = readFileSync(join(folder, "argv"), "utf8").split("\0");
      const environment = readFileSync(join(folder, "environ"), "utf8").split("\0");
      return { program: basename(program), args: args.join(" "), environment, temporary: join(folder, "tmp") };
    });
  }

  /** Where the words stand on command lines, in environments of programs that need none, and in files that all may read. */
  findLeaks(words: readonly string[]): string[] {
    return this.starts().flatMap(({ program, args, environment, temporary }) => [
      ...found(words, args, `${program}'s command line: ${args}`),
      ...environment
        .filter((line) => !(LOGGING_IN.has(program) && line.startsWith("PGPASSWORD=")))
        .flatMap((line) => found(words, line, `${program}'s environment: ${line}`)),
      ...findInFiles(temporary, words, isOpenToOthers),
    ]);
  }
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

/** A password file that its user alone may read is the place for a password. */
function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}

function script(real: string, records: string, temporary: string): string {
  return `#!/bin/bash
record=$(mktemp -d ${records}/XXXXXXXX)
printf '%s\\0' "$0" "$@" > "$record/argv"
cat /proc/$$/environ > "$record/environ"
cp -a ${temporary} "$record/tmp" 2> /dev/null
exec ${real} "$@"
`;
}
