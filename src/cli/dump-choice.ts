/** What a dump is to be, and where it goes: what the options leave open, said by names. */
import { resolve } from "node:path";
import { type Codec, type DumpFormat, formatOfFileName, parseCodec } from "../archive/codec.ts";
import type { Destination } from "../dump/destination.ts";
import { usageError } from "../errors.ts";
import { isConnectionString } from "../postgres/url.ts";
import { expandHome } from "../sys/files.ts";
import { redact } from "../sys/redact.ts";
import type { Context } from "./context.ts";

/** Several jobs mean a directory; else the file's name says it. Throws (exit 2) for jobs that nothing else can have. */
export function chooseFormat(
  given: DumpFormat | undefined,
  compress: string | undefined,
  output: string | undefined,
  jobs: number,
) {
  const named = output === undefined || output === "-" ? undefined : formatOfFileName(output);
  const format = given ?? (jobs > 1 ? "directory" : named?.format) ?? "custom";
  if (jobs > 1 && format !== "directory") {
    throw usageError(`--jobs ${jobs} needs the directory format, not ${format}`, "--format directory");
  }
  const codec: Codec | undefined = compress === undefined ? codecOfName(named, format) : parseCodec(compress);
  return { format, codec };
}

/** `-o x.sql` means uncompressed SQL, as its name says. */
function codecOfName(named: ReturnType<typeof formatOfFileName>, format: DumpFormat): Codec | undefined {
  return named?.format === format ? named.codec : undefined;
}

/** The store, unless a file or - is named. */
export async function chooseDestination(context: Context, output: string | undefined): Promise<Destination> {
  if (output === undefined) return { kind: "store", folder: await context.storeDir() };
  if (output === "-") {
    if (context.flags.json) throw usageError("-o - writes the dump to stdout, where --json has no room");
    return { kind: "stdout", write: (chunk) => context.output.write(chunk) };
  }
  requireFileName(output);
  const path = resolve(context.cwd, expandHome(output, context.home));
  return { kind: "file", path, overwrite: context.flags.yes };
}

/** A place that no file's name leads to; written like one it would be a folder `s3:` here. */
const ELSEWHERE = /^(?:(?:[a-z][a-z0-9+.-]*:)+\/\/|s3:|ssh:|postgres(?:ql)?:)/i;

/** Throws (exit 2) for what names another place than a file of this machine. */
export function requireFileName(output: string): void {
  if (!ELSEWHERE.test(output) && !isConnectionString(output)) return;
  throw usageError(
    `-o names a file on this machine, and ${redact(output)} is none`,
    "-o -        writes the dump to stdout, for a program that sends it there",
  );
}
