/**
 * pgrove, run by pgrove: each request is a command line with `--json`. So what the API does is what the command line does:
 * claims, signals, clean-up, journal, consent and approvals are those of any other run, pgrove.yaml is read anew each time, and
 * whatever a run needs to know (passwords) ends with its process.
 */
import * as v from "valibot";
import { errorAnswer, type FailureDocument } from "../answers/error.ts";
import type { Environment } from "../config/env-vars.ts";
import { EXIT } from "../errors.ts";
import { isKeptBack } from "../sys/child-environment.ts";
import type { Runner } from "../sys/process.ts";
import { ToolError } from "../sys/tool-error.ts";
import { parseJson } from "../sys/untyped.ts";

/** How a command line ended. */
export interface Ended {
  /** Undefined when it was ended by a signal. */
  exitCode: number | undefined;
  /** What it answered. */
  document?: Record<string, unknown>;
  failure?: FailureDocument;
  /** The answer as it was written, of a line that asks for no document. */
  text?: string;
}

export interface Listener {
  started?(pid: number): void;
  /** The run that it has begun, as the journal names it. */
  run?(id: string): void;
  /** A line of the story. */
  line?(text: string): void;
}

/** Runs a command line of pgrove, given without its name. Never throws for how it ends. */
export type OwnProgram = (
  words: readonly string[],
  abort: AbortSignal,
  listener?: Listener & { asText?: true },
) => Promise<Ended>;

export interface ProgramOptions {
  runner: Runner;
  /** The program and what stands before the command's name. */
  file: string;
  args: readonly string[];
  /** The folder that its commands work in. */
  cwd: string;
  environment: Environment;
}

/** An answer that is larger is not kept: nobody could read it in a page. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

const TOO_LARGE: FailureDocument = {
  code: "too_large",
  message: `the answer is larger than ${MOST_ANSWER_BYTES / 1024 / 1024} MiB`,
  hint: "ask for it on the command line, where it can be narrowed: pgrove sql",
};

/** The program that runs the same binary as this process. */
export function createOwnProgram({ runner, file, args, cwd, environment }: ProgramOptions): OwnProgram {
  // What is handed to no other program: this one is to see what we see.
  const own = Object.entries(environment).filter(([name, value]) => isKeptBack(name) && value !== undefined);
  const env = { ...(Object.fromEntries(own) as Record<string, string>), NO_COLOR: "1", PGROVE_LOG: "json" };
  return async (words, abort, listener = {}) => {
    const decoder = new TextDecoder();
    let [stdout, outputBytes] = ["", 0];
    let failure: FailureDocument | undefined;
    const command = { file, args: [...args, ...words, ...(listener.asText ? [] : ["--json"])], env, secrets: [], cwd };
    const exitCode = await endOf(
      runner.stream(
        command,
        {
          ...(listener.started === undefined ? {} : { started: listener.started }),
          output: (chunk) => {
            outputBytes += chunk.length;
            if (outputBytes <= MOST_ANSWER_BYTES) stdout += decoder.decode(chunk, { stream: true });
          },
          line: (line) => {
            const found = readLine(line);
            failure = found.failure ?? failure;
            if (found.run !== undefined) listener.run?.(found.run);
            if (found.said !== undefined) listener.line?.(found.said);
          },
        },
        abort,
      ),
    );
    if (outputBytes > MOST_ANSWER_BYTES) failure = TOO_LARGE;
    const document = failure === TOO_LARGE ? undefined : readDocument(stdout);
    return {
      exitCode,
      ...(listener.asText ? { text: stdout } : {}),
      ...(document === undefined ? {} : { document }),
      ...(failure === undefined ? {} : { failure }),
    };
  };
}

async function endOf(running: Promise<void>): Promise<number | undefined> {
  try {
    await running;
    return EXIT.ok;
  } catch (error) {
    if (error instanceof ToolError) return error.failure.exitCode;
    throw error;
  }
}

/** Whether the command has done what it is for: a check that has found something has. */
export function isDone({ exitCode, document }: Ended): boolean {
  return document !== undefined && (exitCode === EXIT.ok || exitCode === EXIT.problems);
}

function readDocument(stdout: string): Record<string, unknown> | undefined {
  const parsed = parseJson(stdout);
  return v.is(v.looseObject({ version: v.literal(1) }), parsed) ? parsed : undefined;
}

const logLine = v.looseObject({ message: v.string(), run: v.exactOptional(v.string()) });

/** What a line of stderr is: the failure, or a part of the story, as the log's JSON or as people read it. */
function readLine(line: string): { failure?: FailureDocument; said?: string; run?: string } {
  const parsed = line.startsWith("{") ? parseJson(line) : undefined;
  if (v.is(errorAnswer, parsed)) return { failure: parsed.error };
  const isLog = v.is(logLine, parsed);
  const said = (isLog ? parsed.message : line).trim();
  const run = isLog ? parsed.run : undefined;
  return { ...(said === "" ? {} : { said }), ...(run === undefined ? {} : { run }) };
}
