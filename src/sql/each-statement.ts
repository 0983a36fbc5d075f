import { SqlLexer } from "./lexer.ts";
import type { Place } from "./listener.ts";

/** Calls for each statement of a text that is only looked at, and not handed to psql. */
export function eachStatement(sql: Uint8Array, statement: (text: string, place: Place) => void): void {
  const none = () => undefined;
  const lexer = new SqlLexer({ statement, comment: none, command: none, unclear: none });
  lexer.add(sql);
  lexer.finish();
}
