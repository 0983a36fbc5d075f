/** SQL on its way to psql, without what the server or the psql does not take. */

import { SqlLexer } from "../sql/lexer.ts";
import type { Place } from "../sql/listener.ts";
import { blank, findLeftOut, settingOf } from "./left-out.ts";

export interface Leaving {
  /** `\restrict` and `\unrestrict`. */
  restrict: boolean;
  /** The columns' options that are left out. */
  options: boolean;
  /** The settings that the server does not know. */
  settings: readonly string[];
}

/** A statement that is longer holds nothing that is left out. */
const MOST_HELD = 1 << 20;

/**
 * The SQL with those statements, parts of statements and commands blanked; rows and strings that read the same stay. The
 * statement that is being read is held back until it has ended.
 */
export async function* filterSql(source: AsyncIterable<Uint8Array>, leaving: Leaving): AsyncGenerator<Uint8Array> {
  let held: Buffer = Buffer.alloc(0);
  let from = 0;
  const parts: Place[] = [];
  const lexer = new SqlLexer({
    comment: () => undefined,
    unclear: () => undefined, // the scan refuses it
    command: (line, _whole, place) => {
      if (leaving.restrict && /^\\(?:un)?restrict\b/.test(line)) parts.push(place);
    },
    statement: (text, place) => {
      if (place.start < from) return;
      const setting = settingOf(text);
      if (setting !== undefined && leaving.settings.includes(setting)) parts.push(place);
      if (!leaving.options) return;
      for (const { start, end } of findLeftOut(held.subarray(place.start - from, place.end - from)).parts) {
        parts.push({ start: place.start + start, end: place.start + end });
      }
    },
  });
  for await (const chunk of source) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    lexer.add(chunk);
    blank(held, parts, from);
    parts.length = 0;
    const ready = Math.max(lexer.settled - from, held.length - MOST_HELD);
    if (ready <= 0) continue;
    yield held.subarray(0, ready);
    held = held.subarray(ready);
    from += ready;
  }
  lexer.finish();
  blank(held, parts, from);
  yield held;
}
