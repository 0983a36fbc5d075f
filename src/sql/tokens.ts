/** The words, names and signs of one statement, by where they stand: comments and blanks are none. */
import { findQuoted } from "./blank-quoted.ts";

export interface SqlToken {
  /** name: in double quotes. string: in single quotes, or a dollar-quoted body. */
  kind: "word" | "name" | "string" | "number" | "sign";
  start: number;
  end: number;
}

const CODE = /([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(\d[\w.]*)|[^\s]/g;

/** The statement's tokens in order. In bytes that are read as Latin 1 their places are bytes. */
export function readTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let done = 0;
  const readCode = (to: number) => {
    for (const { 0: text, 1: word, 2: number, index } of sql.slice(done, to).matchAll(CODE)) {
      const start = done + index;
      const kind = word !== undefined ? "word" : number !== undefined ? "number" : "sign";
      tokens.push({ kind, start, end: start + text.length });
    }
  };
  for (const { start, end } of findQuoted(sql)) {
    readCode(start);
    done = end;
    const first = sql.charAt(start);
    if (first === "-" || first === "/") continue;
    const kind = first === '"' ? "name" : "string";
    const last = tokens.at(-1);
    // A doubled quote: what is quoted goes on.
    if (last?.end === start && last.kind === kind && sql.charAt(last.start) === first) last.end = end;
    else tokens.push({ kind, start, end });
  }
  readCode(sql.length);
  return tokens;
}
