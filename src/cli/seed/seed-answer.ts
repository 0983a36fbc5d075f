import type { Context } from "../context.ts";
import { formatDuration } from "../format.ts";
import { formatFields } from "../table.ts";

/** What one step of `seed` has to tell; the steps' parts make one answer. */
export interface AnswerPart {
  document: Readonly<Record<string, unknown>>;
  /** Names and what they stand for, one line each. */
  lines?: readonly (readonly [string, string | undefined])[];
  /** Text that follows the lines. */
  text?: string;
}

/** Answers with all parts. */
export async function answerParts(
  context: Context,
  parts: readonly AnswerPart[],
  { target, durationMs }: { target: string; durationMs?: number },
): Promise<void> {
  const took = durationMs === undefined ? {} : { duration_ms: Math.round(durationMs) };
  const document = Object.assign({ target }, ...parts.map((part) => part.document), took);
  await context.output.answer(document, () => {
    const lines = parts.flatMap((part) => part.lines ?? []);
    if (durationMs !== undefined && lines.length > 0) lines.push(["took", formatDuration(durationMs)]);
    const texts = parts.flatMap(({ text }) => (text === undefined ? [] : [text]));
    return [...(lines.length === 0 ? [] : [formatFields(lines)]), ...texts].join("\n\n");
  });
}
