/**
 * The exact reading, for a psql that cannot be told to obey no command: what it would read otherwise by a setting that some
 * statement may have changed unseen, or by what one of its variables holds, is not run.
 */
import { SqlLexer } from "./lexer.ts";
import type { SqlListener } from "./listener.ts";

/**
 * psql's variables whose values others choose: a name may hold a backslash, and psql reads commands in what it puts in for
 * `:NAME`. A cast is `::`, and what stands in quotes is only text.
 */
const CHOSEN_BY_OTHERS = /(?<!:)(?:::)*:(DBNAME|USER|HOST|SERVICE|LAST_ERROR_MESSAGE|PROMPT[123])\b/;

const ATOMIC = /\bBEGIN\s+ATOMIC\b/i;

/** A reading that is told of everything that psql could read otherwise. */
function createExactLexer(unclear: (what: string) => void, more: Partial<SqlListener> = {}): SqlLexer {
  const listener: SqlListener = {
    comment: () => undefined,
    command: () => undefined,
    ...more,
    statement: (text, place) => {
      const found = CHOSEN_BY_OTHERS.exec(text)?.[1];
      if (found !== undefined) unclear(`:${found} stands for what others have named`);
      if (ATOMIC.test(text)) unclear("a body BEGIN ATOMIC … END, which psql's versions read in different ways");
      more.statement?.(text, place);
    },
    unclear,
  };
  return new SqlLexer(listener, { exact: true });
}

/** The SQL as far as it was read so; throws what `refuse` makes of the first place that may be read otherwise. */
export async function* exactSql(
  source: AsyncIterable<Uint8Array>,
  refuse: (what: string) => Error,
): AsyncGenerator<Uint8Array> {
  const lexer = createExactLexer((what) => {
    throw refuse(what);
  });
  for await (const chunk of source) {
    lexer.add(chunk);
    yield chunk;
  }
  lexer.finish();
}

/** Throws what `refuse` makes of the first place of the script that psql may read otherwise. */
export function requireExact(sql: string, refuse: (what: string) => Error): void {
  const tell = (what: string): never => {
    throw refuse(what);
  };
  const lexer = createExactLexer(tell, {
    command: (line) => {
      if (/^\\set\b.*:/.test(line)) tell(`${line} takes over another variable`);
    },
  });
  lexer.add(Buffer.from(sql));
  lexer.finish();
}
