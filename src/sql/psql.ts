/** SQL run by psql: the one way. Success is more than its exit code: psql has to prove that it came to the end. */
import { configError } from "../errors.ts";
import type { Toolbox } from "../postgres/toolbox.ts";
import type { LiveTarget } from "../resolve/target.ts";
import type { Env } from "../sys/child-environment.ts";
import type { Operation, OperationTools } from "../sys/operation.ts";
import type { Runner } from "../sys/process.ts";
import type { RunId } from "../sys/run-id.ts";
import { type CheckedScript, EndProof, ScriptReader } from "./end-proof.ts";
import { requireExact } from "./exact.ts";
import { psqlKnowsRestrict } from "./psql-version.ts";
import { PsqlWords } from "./psql-words.ts";

/** Where psql runs, for whom, and in what it works. */
export interface PsqlAccess {
  runner: Runner;
  run: RunId;
  abort: AbortSignal;
  /** Opened when the first script comes: a machine that only migrates may have no psql. */
  openToolbox(): Promise<Pick<Toolbox, "command">>;
  database: string;
  /** libpq's options for the session: the search_path, where the login has another one. */
  options: string | undefined;
}

/** The psql of a target whose programs are open already. */
export function openPsql(
  { toolbox, database }: Pick<LiveTarget, "toolbox" | "database">,
  { runner }: Pick<OperationTools, "runner">,
  { run, abort }: Pick<Operation, "run" | "abort">,
  options: string | undefined,
): PsqlAccess {
  return { runner, run, abort, openToolbox: () => Promise.resolve(toolbox), database, options };
}

/** What psql runs, and who is told what. */
export interface PsqlScript {
  /** For messages: a file's name. */
  name: string;
  /** A text is handed on as UTF-8; bytes are in whatever encoding psql takes them to be in. */
  source: string | AsyncIterable<Uint8Array>;
  /** psql's arguments besides those that it always has. */
  args?: readonly string[];
  /** Given where the source was read before. */
  checked?: CheckedScript;
  /** The source is a text of which only harmless commands are to be obeyed: they were found to be all that there is. */
  sealed?: boolean;
  output?: (chunk: Uint8Array) => void | Promise<void>;
  /** What psql says on stderr, as it comes, but for what may be why it fails. */
  tell?: (line: string) => void;
  /** One of its lines in the words of whoever reads it: psql names its input by `psql:<stdin>:LINE: `. */
  phrase: (line: string) => string;
  /** The error for a script that failed, by what was said of it. No cause: psql took it for a success. */
  explain(said: readonly string[], cause?: unknown): unknown;
}

/**
 * Runs a script up to its first error. Throws what `explain` makes of psql's last words, or of an end that was never
 * reached; an input that cannot be read to its end, an interruption and a psql that was lost are thrown as they are.
 */
export async function runPsql(access: PsqlAccess, script: PsqlScript): Promise<void> {
  const { name, source, args = [], output = ignore, tell = ignore, phrase, explain } = script;
  const toolbox = await access.openToolbox();
  const checked = script.sealed === true ? await checkText(access, toolbox, script) : script.checked;
  const proof = new EndProof(checked);
  const words = new PsqlWords(tell, phrase);
  const all = ["-X", "-v", "ON_ERROR_STOP=1", ...args, ...proof.args, "-f", "-"];
  const options = { database: access.database, input: true, env: environment(access, script) };
  const command = toolbox.command("psql", all, access.run, options);
  const emit = (piece: Uint8Array) => (piece.length === 0 ? undefined : output(piece));
  const io = {
    input: proof.follow(bytesOf(script.sealed === true && typeof source === "string" ? proof.seal(source) : source)),
    output: (piece: Uint8Array) => emit(proof.echoed.pass(piece)),
    ...{ line: words.line, sift: proof.sift },
  };
  const neverReached = () => [`${name}: its end was never reached: ${proof.whyMissed}`];
  try {
    await access.runner.stream(command, io, access.abort).finally(() => emit(proof.echoed.rest()));
  } catch (error) {
    const said = words.failure(error);
    if (said === undefined) throw error;
    throw explain(proof.isMissedIn(said) ? neverReached() : said, error);
  }
  words.tellRest();
  if (!proof.isGiven) throw explain(neverReached());
}

function ignore(): void {}

/** How the text ends; a psql that cannot be told to obey no command in it has to read it as it was read here. */
async function checkText(
  access: PsqlAccess,
  toolbox: Pick<Toolbox, "command">,
  { name, source }: PsqlScript,
): Promise<CheckedScript | undefined> {
  if (typeof source !== "string") throw new Error(`${name} is no text`);
  if (!(await psqlKnowsRestrict(toolbox, access))) {
    requireExact(source, (what) => {
      const message = `${name} cannot be checked: psql may read a part of it otherwise than pgrove: ${what}`;
      return configError(
        message,
        "install the newest minor release of PostgreSQL's programs, or say it in other words",
      );
    });
    return undefined;
  }
  const reader = new ScriptReader();
  reader.add(new TextEncoder().encode(source));
  return { sealed: true, end: reader.finish() };
}

function environment({ options }: PsqlAccess, { source }: PsqlScript): Env {
  return {
    ...(typeof source === "string" ? { PGCLIENTENCODING: "UTF8" } : {}),
    ...(options === undefined ? {} : { PGOPTIONS: options }),
  };
}

async function* bytesOf(source: string | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (typeof source === "string") yield new TextEncoder().encode(source);
  else yield* source;
}
