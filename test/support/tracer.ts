/**
 * Every program that is started below another one, and every file that is made: told by the kernel to strace, which misses
 * none, however a program was found and however shortly it lived.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unpackPackage } from "./engine/apt.ts";
import { withLock } from "./engine/lock.ts";

/** A program as it was started. */
export interface Start {
  file: string;
  /** Its own name first, as it was called. */
  args: readonly string[];
  environment: readonly string[];
}

/** A file or a folder that was made, or would have been had it not been there; no umask is taken off its mode. */
export interface Made {
  path: string;
  mode: number;
}

/** Longer than anything that the kernel takes. */
const WHOLE = String(4 * 1024 * 1024);
/** Where a processor has no such call, `?` passes over it. */
const CALLS = ["execve", "?execveat", "?open", "openat", "?openat2", "?creat", "?mkdir", "mkdirat"].join(",");

export class Tracer {
  private constructor(
    private readonly strace: readonly string[],
    private readonly folder: string,
  ) {}

  /** What it sees goes into the folder. */
  static async create(folder: string): Promise<Tracer> {
    mkdirSync(folder, { recursive: true });
    return new Tracer(await findStrace(), folder);
  }

  /** The words in front of a program that is to be watched, with all that it starts. */
  wrap(): string[] {
    const records = join(mkdtempSync(join(this.folder, "run-")), "calls");
    const how = ["-ff", "-qq", "-v", "-y", "-xx", "-s", WHOLE, "--seccomp-bpf"];
    return [...this.strace, ...how, "-e", `trace=${CALLS}`, "-e", "signal=none", "-o", records];
  }

  /** Every program that was started; a try that failed is none. */
  starts(): Start[] {
    return this.calls(/^execve(?:at)?\(/).flatMap((line) => {
      const [, file, args, environment] = /("[^"]*"), \[([^\]]*)\], \[([^\]]*)\]/.exec(line) ?? [];
      if (file === undefined) throw new Error(`what strace says cannot be read: ${line}`);
      const [path = ""] = readStrings(file);
      return [{ file: path, args: readStrings(args), environment: readStrings(environment) }];
    });
  }

  made(): Made[] {
    return this.calls(/^mkdir|\bO_CREAT\b|\bO_TMPFILE\b|^creat/).map((line) => {
      const mode = /, (0\d+)\) +=/.exec(line)?.[1] ?? /mode=(0\d+)/.exec(line)?.[1];
      if (mode === undefined) throw new Error(`what strace says cannot be read: ${line}`);
      const opened = /= \d+<([^>]*)>$/.exec(line)?.[1]; // as the kernel has found it; of a folder there is the name alone
      const path = opened === undefined ? readStrings(line)[0] : readStrings(`"${opened}"`)[0];
      return { path: path ?? "", mode: Number.parseInt(mode, 8) };
    });
  }

  private calls(which: RegExp): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\/calls\.\d+$/.test(name))
      .flatMap((name) => readFileSync(join(this.folder, name), "utf8").split("\n"))
      .filter((line) => which.test(line) && !/\) += -1 E/.test(line));
  }
}

/** Strings as strace writes them here: each byte as `\x` and two digits. */
function readStrings(text = ""): string[] {
  return [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = ""]) =>
    Buffer.from(hex.replaceAll("\\x", ""), "hex").toString(),
  );
}

/** This machine's own one, or Debian's, unpacked beside the engine's images; the program that it watches does not see how. */
/** The words in front of a program that has strace in front of it: the machine's own, or Debian's. */
export async function findStrace(): Promise<string[]> {
  const installed = Bun.which("strace");
  if (installed !== null) return [installed];
  return await withLock("strace", 120_000, async () => {
    const [folder, unwind] = [await unpackPackage("strace"), await unpackPackage("libunwind8")];
    const program = join(folder, "usr/bin/strace");
    const [library] = [...new Bun.Glob("usr/lib/*/libunwind.so.8").scanSync({ cwd: unwind, onlyFiles: false })];
    if (!existsSync(program) || library === undefined) throw new Error(`no strace in ${folder} and ${unwind}`);
    return ["env", `LD_LIBRARY_PATH=${join(unwind, dirname(library))}`, program, "-E", "LD_LIBRARY_PATH"];
  });
}
