/** What the terminal can do, and what its user wants of it. */

import type { Environment } from "../config/env-vars.ts";
import { isTerminal } from "../sys/is-terminal.ts";
import { markColor } from "../sys/visible-text.ts";

export interface TerminalWishes {
  /** False after --no-color. */
  color: boolean;
}

/** Whether to colour what goes to that stream: only a terminal, and never against NO_COLOR, CI or TERM=dumb. */
export function wantsColor(isTerminal: boolean, environment: Environment, wishes: TerminalWishes): boolean {
  if (!isTerminal || !wishes.color || (environment.NO_COLOR ?? "") !== "") return false;
  return !isPlain(environment);
}

/** Whether a line may be redrawn there. */
export function canRedraw(isTerminal: boolean, environment: Environment): boolean {
  return isTerminal && !isPlain(environment);
}

/** How wide the terminal is that the answer goes to; undefined where it goes to a pipe or a file. */
export async function answerColumns(): Promise<number | undefined> {
  if (!isTerminal(1)) return undefined;
  const { stdout } = await import("node:process"); // 10 ms that only somebody who looks has to wait
  return stdout.columns || undefined;
}

function isPlain(environment: Environment): boolean {
  return environment.TERM === "dumb" || (environment.CI ?? "") !== "";
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const CODES: Record<Style, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export type Paint = (style: Style, text: string) => string;

/** Colours text, or leaves it as it is. What writes it makes the colours the terminal's. */
export function createPaint(enabled: boolean): Paint {
  return (style, text) => {
    if (!enabled || text === "") return text;
    const [on, off] = CODES[style];
    return markColor(on) + text + markColor(off);
  };
}
