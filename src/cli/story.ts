/** The story: notes, warnings, progress, details and complaints, all through one consola instance. */
import { type ConsolaInstance, createConsola, LogLevels } from "consola/core";

/**
 * `info` is a note, `warn` a warning, `debug` a detail, `error` a complaint, and `start` the line of what goes on just now.
 */
export type StoryType = "info" | "warn" | "debug" | "error" | "start";

export interface StoryOptions {
  /** Only complaints. */
  quiet: boolean;
  /** Details, too. */
  verbose: boolean;
  /** Writes a line, with what it says for programs. */
  tell(text: string, type: StoryType, fields: Readonly<Record<string, unknown>>): void;
  /** Draws the line that is drawn again and again, or takes it away when it is empty. */
  draw(line: string): void;
}

/** Nothing is left out because it is said again and again. */
export function createStory({ quiet, verbose, tell, draw }: StoryOptions): ConsolaInstance {
  return createConsola({
    level: quiet ? LogLevels.error : verbose ? LogLevels.debug : LogLevels.info,
    ...{ throttle: 0, throttleMin: Number.POSITIVE_INFINITY },
    reporters: [
      {
        log: ({ type, args }) => {
          const [text, fields] = args;
          if (type === "start") draw(String(text));
          else tell(String(text), storyType(type), isFields(fields) ? fields : {});
        },
      },
    ],
  });
}

function storyType(type: string): StoryType {
  return type === "warn" || type === "debug" || type === "error" ? type : "info";
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
