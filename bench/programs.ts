/** Which programs are measured: always the program itself, never a script that starts it. */
import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

const DEBIAN = "/usr/lib/postgresql";

const known = new Set<string>();

/** Throws when that is no program, or a script: its interpreter's start would be measured with it. */
export function requireProgram(name: string): void {
  if (known.has(name)) return;
  const path = Bun.which(name);
  if (path === null) throw new Error(`${name} is not on this machine`);
  if (isScript(path)) throw new Error(`${path} is a script that starts a program: measure that program itself`);
  known.add(name);
}

function isScript(path: string): boolean {
  const start = Buffer.alloc(2);
  const file = openSync(path, "r");
  readSync(file, start);
  closeSync(file);
  return start.toString("latin1") === "#!";
}

/** The host's psql: on Debian `/usr/bin/psql` is a Perl script around the newest one. */
export function findPsql(): string {
  const path = Bun.which("psql");
  if (path !== null && !isScript(path)) return path;
  const majors = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number).filter(Number.isInteger) : [];
  for (const major of majors.sort((a, b) => b - a)) {
    const program = join(DEBIAN, String(major), "bin/psql");
    if (existsSync(program)) return program;
  }
  throw new Error("there is no psql on this machine: install PostgreSQL's client programs");
}
