/**
 * The one place that writes: the answer to stdout, the story to stderr. Everything is written in order and awaited
 * before the process ends, so that a pipe never gets half of it.
 */
import type { ConsolaInstance } from "consola/core";
import { EXIT, PgroveError } from "../errors.ts";
import { errorCode } from "../sys/files.ts";
import { once } from "../sys/once.ts";
import { redact } from "../sys/redact.ts";
import { showColors, visible, visibleJson } from "../sys/visible-text.ts";
import { writeAll } from "./descriptors.ts";
import { formatLogLine } from "./log-line.ts";
import type { StoryOptions, StoryType } from "./story.ts";
import type { Paint } from "./terminal.ts";

export interface Output {
  readonly json: boolean;
  /** Colours for answers. */
  readonly paint: Paint;
  /** The answer: under --json the document, with its version, else the text. Once per command. */
  answer(document: Readonly<Record<string, unknown>>, renderText: () => string): Promise<void>;
  /** A piece of an answer that is not text of ours: a dump, rows, logs. Awaiting it is the back pressure. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** The same of text for people, which a terminal is shown spelt out. */
  show(chunk: Uint8Array): Promise<void>;
  /** Through which everything goes that is said on stderr: what stands below has each its type there. */
  story(): Promise<ConsolaInstance>;
  /** A line of the story; --quiet silences it. */
  note(text: string): void;
  /** A line that says what may go wrong; --quiet silences it, too. */
  warn(text: string): void;
  /** A line of the story that only --verbose shows. */
  detail(text: string): void;
  /** The line that is drawn again and again below the story; undefined takes it away. */
  live(line: string | undefined): void;
  /** What has to be said whatever the flags: errors; `fields` are what a log has of it beside the words. */
  complain(text: string, fields?: Readonly<Record<string, unknown>>): Promise<void>;
  /** What is said from now on is of that run: a log says so. */
  useRun(run: string): void;
  /** Values that are never to be shown in story and errors. */
  conceal(secrets: readonly string[]): void;
  /** Resolves when all is written. Throws (exit 1) when something of the story could not be; who stopped reading it does not count. */
  flush(): Promise<void>;
}

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  paint: Paint;
  /** The story is a log: each line a JSON object, and none is drawn again. */
  log?: boolean;
  /** The answer is shown to somebody; else it is data, and stays as it is. */
  terminal?: boolean;
  /** Where the text goes; the default is this process's stdout and stderr. */
  sinks?: Sinks;
}

export interface Sinks {
  stdout(chunk: string | Uint8Array): Promise<unknown>;
  stderr(text: string): Promise<unknown>;
}

/** Whoever read our stdout has gone, and bytes were cut off that somebody wants whole: a failure, if a quiet one. */
export class OutputClosed extends PgroveError {
  constructor(cause: unknown) {
    super({ code: "output_closed", message: "nobody reads the output any more", exit: EXIT.failed, cause });
    this.name = "OutputClosed";
  }
}

const PROCESS_SINKS: Sinks = {
  stdout: (chunk) => writeAll(1, chunk),
  stderr: (text) => writeAll(2, text),
};

const CLEAR_LINE = "\r\u001b[K";

/** An output that writes to this process's streams. */
export function createOutput(options: OutputOptions): Output {
  const { json, paint, terminal = false, log = false, sinks = PROCESS_SINKS } = options;
  const secrets: string[] = [];
  let last: Promise<unknown> = Promise.resolve();

  const enqueue = (work: () => Promise<unknown>): Promise<unknown> => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
  let untold: unknown;
  const screen = createScreen((text) =>
    sinks.stderr(text).catch((error: unknown) => {
      if (errorCode(error) !== "EPIPE") untold ??= error; // else nobody reads it
    }),
  );
  const clear = () => {
    screen.draw("");
    return screen.written();
  };
  let run: string | undefined;
  const draw = log ? () => undefined : screen.draw;
  const tell: StoryOptions["tell"] = (text, type, fields) => {
    const redacted = (each: string) => redact(each, secrets);
    screen.tell(log ? formatLogLine(text, { type, fields, redacted }) : showColors(visible(redacted(text))));
  };
  // Loaded when something is said: most commands that are to be quick say nothing.
  const story = once(async () => {
    const { createStory } = await import("./story.ts");
    return createStory({ quiet: options.quiet, verbose: options.verbose, tell, draw });
  });
  const say = (type: StoryType, text: string, fields: Readonly<Record<string, unknown>> = {}) => {
    const facts = log ? [{ time: new Date().toISOString(), run, ...fields }] : []; // as of now, not when its turn has come
    return enqueue(async () => {
      (await story())[type](text, ...facts);
      await screen.written();
    });
  };
  const toStdout = async (chunk: string | Uint8Array) => {
    try {
      await enqueue(async () => {
        await clear();
        await sinks.stdout(chunk);
      });
    } catch (error) {
      if (errorCode(error) !== "EPIPE") throw notWritten("the answer", "stdout", error);
      // Who reads text may have seen enough, as `head` has: the command goes on, and its exit code is the answer.
      if (typeof chunk !== "string") throw new OutputClosed(error);
    }
  };

  const shown = showing(terminal);
  return {
    ...{ json, paint, story },
    answer: (document, renderText) =>
      toStdout(withNewline(json ? shown.json(JSON.stringify({ version: 1, ...document })) : shown.text(renderText()))),
    write: (chunk) => toStdout(typeof chunk === "string" ? showColors(chunk) : chunk),
    show: (chunk) => toStdout(shown.bytes(chunk)),
    note: (text) => void say("info", text),
    warn: (text) => void say("warn", text),
    detail: (text) => void say("debug", text),
    live: (line) => void say("start", line ?? ""),
    complain: async (text, fields) => {
      void enqueue(clear);
      await say("error", text, fields);
    },
    useRun: (begun) => {
      run = begun;
    },
    conceal: (more) => {
      secrets.push(...more);
    },
    flush: async () => {
      await enqueue(clear);
      if (untold !== undefined) throw notWritten("what happened", "stderr", untold);
    },
  };
}

/** What stands on stderr: finished lines, and below them one that is drawn again and again. */
function createScreen(write: (text: string) => Promise<unknown>) {
  let shown = "";
  let last: Promise<unknown> = Promise.resolve();
  return {
    tell: (line: string) => {
      last = write(shown === "" ? `${line}\n` : `${CLEAR_LINE}${line}\n${shown}`);
    },
    /** Draws the line, or takes it away when it is empty. */
    draw: (line: string) => {
      if (line === shown) return;
      shown = line;
      last = write(CLEAR_LINE + line);
    },
    /** Resolves when what was said last is written. */
    written: () => last,
  };
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

const REASONS: Readonly<Record<string, string>> = { ENOSPC: "no space is left", EBADF: "it is closed" };

function notWritten(what: string, where: string, error: unknown): PgroveError {
  const why = REASONS[errorCode(error) ?? ""] ?? String(error);
  return new PgroveError({
    code: "output_failed",
    message: `${what} could not be written to ${where}: ${why}`,
    exit: EXIT.failed,
    cause: error,
  });
}

/** How an answer is written: spelt out where a terminal shows it, else as it is. */
function showing(terminal: boolean) {
  const decoder = new TextDecoder(); // a character may come in two pieces
  return {
    text: (text: string) => showColors(terminal ? visible(text) : text),
    json: (json: string) => (terminal ? visibleJson(json) : json),
    bytes: (chunk: Uint8Array) => (terminal ? Buffer.from(visible(decoder.decode(chunk, { stream: true }))) : chunk),
  };
}
