/** Questions to whoever sits at the terminal. They are asked on stderr: stdout is the answer's. */
import type { stderr, stdin } from "node:process";
import { interruption, refusal } from "../errors.ts";
import { visible, visibleOnOneLine } from "../sys/visible-text.ts";

export interface Choice<T> {
  value: T;
  label: string;
  hint?: string;
}

export interface Prompt {
  /** Whether there is somebody to ask: stdin and stderr are a terminal. */
  readonly available: boolean;
  /** A yes or no, where no is the default. Refuses (exit 5) without a terminal. */
  confirm(question: string): Promise<boolean>;
  /** A word to be typed. Refuses (exit 5) without a terminal. */
  word(question: string): Promise<string>;
  /** A word that is not shown while it is typed. Refuses (exit 5) without a terminal. */
  secret(question: string): Promise<string>;
  /** One of a list. Refuses (exit 5) without a terminal. */
  pick<T>(question: string, choices: readonly Choice<T>[]): Promise<T>;
}

export interface PromptOptions {
  available: boolean;
  /** Called before a question, so that no progress line is in its way. */
  before(): Promise<void>;
  /** Aborted by a signal, with the error to end with: a question is then over, whoever would have answered it. */
  interrupted(): AbortSignal;
}

type Clack = typeof import("@clack/prompts");
type Where = { input: typeof stdin; signal: AbortSignal; output: typeof stderr };

/** Prompts on this process's terminal. */
export function createPrompt({ available, before, interrupted }: PromptOptions): Prompt {
  /** The answer; `otherwise` is that of a terminal which has nothing more to say. */
  const ask = async <T>(question: string, pose: (clack: Clack, where: Where) => Promise<T | symbol>, otherwise: T) => {
    if (!available) throw refusal("no_terminal", `there is no terminal to ask on: ${question}`);
    const abort = interrupted();
    abort.throwIfAborted();
    await before();
    const [clack, process] = await Promise.all([import("@clack/prompts"), import("node:process")]);
    requireWidth(process.stderr);
    const over = watchEnd(process.stdin);
    const signal = AbortSignal.any([over, abort]);
    // Of a terminal that was closed the library itself never hears: it would wait for ever.
    const ended = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    const answer = await Promise.race([pose(clack, { input: process.stdin, signal, output: process.stderr }), ended]);
    abort.throwIfAborted();
    if (over.aborted || answer === undefined) return otherwise;
    if (typeof answer === "symbol") throw interruption("SIGINT");
    return answer;
  };
  return {
    available,
    confirm: (question) =>
      ask<boolean>(
        question,
        (clack, where) => clack.confirm({ ...where, message: visible(question), initialValue: false }),
        false,
      ),
    word: (question) =>
      ask<string>(question, (clack, where) => clack.text({ ...where, message: visible(question) }), ""),
    secret: (question) =>
      ask<string>(question, (clack, where) => clack.password({ ...where, message: visible(question) }), ""),
    pick: async (question, choices) => {
      // Places instead of values: the library's types want a label only for some kinds of value.
      const options = choices.map(({ label, hint }, value) => ({
        value,
        label: visibleOnOneLine(label),
        ...(hint === undefined ? {} : { hint: visibleOnOneLine(hint) }),
      }));
      const pose = (clack: Clack, where: Where) => clack.select({ ...where, message: visible(question), options });
      const choice = choices[await ask<number>(question, pose, -1)];
      if (choice === undefined) throw refusal("nothing_chosen", `nothing was chosen: ${question}`);
      return choice.value;
    },
  };
}

/** A terminal that does not know its size, such as docker's at first, says 0: the library would write a letter a line. */
function requireWidth(output: typeof stderr): void {
  if (!output.columns) Object.defineProperty(output, "columns", { value: USUAL_COLUMNS, configurable: true });
}

const USUAL_COLUMNS = 80;

/**
 * Aborted by Ctrl-D at a question, and by an input that ends or fails: both mean no. A terminal that is gone has nothing
 * more to read, and bun's loop would turn without a pause for it. Called once a question.
 */
function watchEnd(input: typeof stdin): AbortSignal {
  const over = new AbortController();
  const leave = () => input.off("keypress", onKey).off("end", onGone).off("error", onGone);
  const end = () => {
    leave();
    over.abort();
  };
  const onGone = () => {
    input.on("error", () => undefined); // the library puts a terminal back that is not there any more
    end();
    input.destroy();
  };
  const onKey = (_text: string | undefined, key: { ctrl?: boolean; name?: string } | undefined) => {
    if (key?.ctrl === true && key.name === "d") end();
    else if (key?.name === "return" || (key?.ctrl === true && key.name === "c")) leave();
  };
  input.on("keypress", onKey).once("end", onGone).once("error", onGone);
  return over.signal;
}
