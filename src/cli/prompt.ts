/** Questions to whoever sits at the terminal. They are asked on stderr: stdout is the answer's. */
import type { stdin } from "node:process";
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
}

/** Prompts on this process's terminal. */
export function createPrompt({ available, before }: PromptOptions): Prompt {
  const ready = async (question: string) => {
    if (!available) throw refusal("no_terminal", `there is no terminal to ask on: ${question}`);
    await before();
    const [clack, process] = await Promise.all([import("@clack/prompts"), import("node:process")]);
    const { input, signal, isOver } = watchEnd(process.stdin);
    return { clack, where: { input, signal, output: process.stderr }, isOver };
  };
  return {
    available,
    confirm: async (question) => {
      const { clack, where, isOver } = await ready(question);
      const answer = await clack.confirm({ ...where, message: visible(question), initialValue: false });
      if (isOver()) return false;
      if (clack.isCancel(answer)) throw interruption("SIGINT");
      return answer;
    },
    word: async (question) => {
      const { clack, where, isOver } = await ready(question);
      const answer = await clack.text({ ...where, message: visible(question) });
      if (isOver()) return "";
      if (clack.isCancel(answer)) throw interruption("SIGINT");
      return answer;
    },
    secret: async (question) => {
      const { clack, where, isOver } = await ready(question);
      const answer = await clack.password({ ...where, message: visible(question) });
      if (isOver()) return "";
      if (clack.isCancel(answer)) throw interruption("SIGINT");
      return answer;
    },
    pick: async (question, choices) => {
      const { clack, where, isOver } = await ready(question);
      // Places instead of values: the library's types want a label only for some kinds of value.
      const options = choices.map(({ label, hint }, value) => ({
        value,
        label: visibleOnOneLine(label),
        ...(hint === undefined ? {} : { hint: visibleOnOneLine(hint) }),
      }));
      const place = await clack.select({ ...where, message: visible(question), options });
      if (isOver()) throw refusal("nothing_chosen", `nothing was chosen: ${question}`);
      const choice = clack.isCancel(place) ? undefined : choices[place];
      if (choice === undefined) throw interruption("SIGINT");
      return choice.value;
    },
  };
}

/** Ctrl-D at a question, and an input that ends, mean no: the library itself would wait for ever. Called once a question. */
function watchEnd(input: typeof stdin) {
  const over = new AbortController();
  const end = () => {
    input.off("keypress", onKey).off("end", end);
    over.abort();
  };
  const onKey = (_text: string | undefined, key: { ctrl?: boolean; name?: string } | undefined) => {
    if (key?.ctrl === true && key.name === "d") end();
    else if (key?.name === "return" || (key?.ctrl === true && key.name === "c"))
      input.off("keypress", onKey).off("end", end);
  };
  input.on("keypress", onKey).once("end", end);
  return { input, signal: over.signal, isOver: () => over.signal.aborted };
}
